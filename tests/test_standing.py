import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from exporter.errors import Reason, SourceError
from exporter.standing import FIRST_WAIT, LONGEST_WAIT, SILENCE, Standing
from tests.turned import TURNED, Backend, now


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


@dataclass
class Cloud:
    """Accepts the keys in ``good``, takes a second for it and notes how many ask at once."""

    standing: Standing = field(init=False)
    key: int = 1
    good: set[int] = field(default_factory=set)
    sent: int = 0
    most_at_once: int = 0
    at_once: int = 0
    answer: SourceError | None = None
    """What is answered to a good key, None for a page."""

    def __post_init__(self) -> None:
        self.standing = Standing(self.fingerprint, clock=now)

    async def fingerprint(self) -> int:
        return self.key

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        self.sent += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            self.at_once -= 1

    async def ask(self) -> None:
        """Send one request."""
        async with self.standing.admit():
            key = self.key
            async with self.counted():
                await asyncio.sleep(1)
            if key not in self.good:
                raise refusal()
            if self.answer is not None:
                raise self.answer

    async def outcome(self) -> Reason | None:
        """Send one request; return why it failed."""
        try:
            await self.ask()
        except SourceError as exc:
            return exc.reason
        return None

    async def crowd(self, number: int) -> list[Reason | None]:
        """Send so many requests at once."""
        return await asyncio.gather(*(self.outcome() for _ in range(number)))


def refusal() -> SourceError:
    return SourceError(Reason.AUTHENTICATION, "the key is bad", code="APIGW.0301")


async def test_requests_go_one_at_a_time_until_one_is_accepted() -> None:
    cloud = Cloud(good={1})
    assert await cloud.crowd(50) == [None] * 50
    assert now() == 2  # one alone, then 49 together
    assert cloud.most_at_once == 49


async def test_nobody_waits_once_the_credentials_are_accepted() -> None:
    cloud = Cloud(good={1})
    await cloud.ask()
    await cloud.crowd(50)
    assert (cloud.most_at_once, now()) == (50, 2)


async def test_a_crowd_with_a_bad_key_sends_one_request() -> None:
    cloud = Cloud()
    assert await cloud.crowd(50) == [Reason.AUTHENTICATION] * 50
    assert cloud.sent == 1


async def test_what_is_not_sent_says_how_long_and_why() -> None:
    cloud = Cloud()
    await cloud.outcome()
    await asyncio.sleep(20)
    with pytest.raises(SourceError) as caught:
        await cloud.ask()
    assert caught.value.message == (
        "not asked for another 40 s, so that the key is not locked: the key is bad"
    )
    assert (caught.value.code, caught.value.retryable) == ("APIGW.0301", False)


async def test_the_time_without_a_request_doubles_up_to_a_bound() -> None:
    cloud = Cloud()
    times = []
    while now() < 5000:
        sent = cloud.sent
        await cloud.outcome()
        if cloud.sent > sent:
            times.append(now())
        await asyncio.sleep(1)
    waits = [later - earlier - 1 for earlier, later in pairwise(times)]
    assert waits[:6] == [FIRST_WAIT, 120, 240, 480, LONGEST_WAIT, LONGEST_WAIT]


async def test_a_key_that_is_bad_for_weeks_is_still_only_a_bad_key() -> None:
    cloud = Cloud()
    for _ in range(1200):
        assert await cloud.outcome() is Reason.AUTHENTICATION
        await asyncio.sleep(LONGEST_WAIT)
    assert cloud.sent == 1200


async def test_after_the_wait_one_request_tries_again() -> None:
    cloud = Cloud()
    await cloud.outcome()
    await asyncio.sleep(FIRST_WAIT)
    assert await cloud.crowd(50) == [Reason.AUTHENTICATION] * 50
    assert cloud.sent == 2


async def test_a_success_ends_the_wait_and_the_next_refusal_begins_from_the_start() -> None:
    cloud = Cloud()
    await cloud.outcome()
    await asyncio.sleep(FIRST_WAIT)
    cloud.good = {1}
    assert await cloud.crowd(3) == [None] * 3
    cloud.good = set()
    await cloud.outcome()
    await asyncio.sleep(FIRST_WAIT)
    sent = cloud.sent
    await cloud.outcome()
    assert cloud.sent == sent + 1


async def test_a_rotated_key_is_tried_at_once() -> None:
    cloud = Cloud(good={2})
    await cloud.outcome()
    assert await cloud.outcome() is Reason.AUTHENTICATION
    cloud.key = 2
    assert await cloud.crowd(5) == [None] * 5
    assert cloud.sent == 6


async def test_a_rotated_key_that_is_bad_as_well_is_not_tried_again_either() -> None:
    cloud = Cloud()
    await cloud.outcome()
    cloud.key = 2
    assert await cloud.crowd(50) == [Reason.AUTHENTICATION] * 50
    assert cloud.sent == 2
    await asyncio.sleep(FIRST_WAIT - 1)
    assert await cloud.outcome() is Reason.AUTHENTICATION
    assert cloud.sent == 2
    await asyncio.sleep(1)
    assert await cloud.outcome() is Reason.AUTHENTICATION
    assert cloud.sent == 3


async def test_a_burst_that_was_under_way_counts_as_one_refusal() -> None:
    cloud = Cloud(good={1})
    await cloud.ask()
    cloud.good = set()
    assert await cloud.crowd(50) == [Reason.AUTHENTICATION] * 50
    assert cloud.sent == 51
    await asyncio.sleep(FIRST_WAIT)
    await cloud.outcome()
    assert cloud.sent == 52


async def test_a_refusal_that_passes_by_itself_keeps_nobody_from_trying_again() -> None:
    cloud = Cloud(good={1})
    cloud.answer = SourceError(Reason.AUTHENTICATION, "SignatureNonceUsed", retryable=True)
    assert await cloud.outcome() is Reason.AUTHENTICATION
    cloud.answer = None
    assert await cloud.outcome() is None


@pytest.mark.parametrize("reason", [Reason.PERMISSION, Reason.BAD_REQUEST])
async def test_an_answer_that_only_the_known_get_is_an_acceptance(reason: Reason) -> None:
    cloud = Cloud(good={1}, answer=SourceError(reason, "no"))
    await cloud.outcome()
    assert await cloud.crowd(10) == [reason] * 10
    assert cloud.most_at_once == 10


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.PERMISSION, Reason.BAD_REQUEST}))
async def test_any_other_failure_says_nothing_about_the_credentials(reason: Reason) -> None:
    cloud = Cloud(good={1}, answer=SourceError(reason, "no"))
    await cloud.crowd(3)
    assert cloud.most_at_once == 1


async def test_a_bug_says_nothing_about_the_credentials_and_blocks_nobody() -> None:
    cloud = Cloud(good={1})
    with pytest.raises(ZeroDivisionError):
        async with cloud.standing.admit():
            _ = 1 / 0
    assert await cloud.crowd(3) == [None] * 3


async def test_one_who_is_cancelled_while_alone_lets_the_next_try() -> None:
    cloud = Cloud(good={1})
    first = asyncio.create_task(cloud.ask())
    rest = [asyncio.create_task(cloud.outcome()) for _ in range(5)]
    await asyncio.sleep(0.5)
    first.cancel()
    rest[0].cancel()  # and one who still waits
    assert await asyncio.gather(*rest[1:]) == [None] * 4
    assert first.cancelled()
    assert rest[0].cancelled()
    assert cloud.sent == 5


async def test_secrets_that_cannot_be_read_are_the_failure_that_is_told() -> None:
    async def unreadable() -> int:
        raise SourceError(Reason.CREDENTIALS, "/run/secrets/key: no such file")

    standing = Standing(unreadable, clock=now)
    with pytest.raises(SourceError, match="no such file"):
        async with standing.admit():
            pytest.fail("sent")


async def test_one_who_waits_for_a_turn_does_not_go_out_after_a_refusal() -> None:
    cloud = Cloud(good={1})
    await cloud.ask()
    cloud.good = set()
    sent = 0

    async def slowly() -> None:
        await asyncio.sleep(3)

    async def paced() -> None:
        nonlocal sent
        async with cloud.standing.admit(slowly):
            sent += 1

    waiting = asyncio.create_task(paced())
    await cloud.outcome()
    with pytest.raises(SourceError, match="not asked for another"):
        await waiting
    assert sent == 0


async def test_a_source_without_an_answer_does_not_hold_up_others_for_long() -> None:
    cloud = Cloud(good={1})

    async def silent() -> None:
        async with cloud.standing.admit(lane=asyncio.Lock()):
            await asyncio.sleep(10_000)

    waiting = [asyncio.create_task(silent()) for _ in range(2)]
    await asyncio.sleep(0.5)
    async with cloud.standing.admit(lane=asyncio.Lock()):
        pass
    assert now() == 2 * SILENCE
    for task in waiting:
        task.cancel()


async def sources(cloud: Cloud, number: int) -> None:
    """Let so many sources send three requests each; the cloud refuses quickly."""

    async def source() -> None:
        lane = asyncio.Lock()
        for _ in range(3):
            with suppress(SourceError):
                async with cloud.standing.admit(lane=lane):
                    async with cloud.counted():
                        await asyncio.sleep(0.1)
                    if cloud.key not in cloud.good:
                        raise refusal()

    await asyncio.gather(*(source() for _ in range(number)))


async def test_many_sources_with_a_bad_key_send_one_request_between_them() -> None:
    cloud = Cloud()
    await sources(cloud, 20)
    assert cloud.sent == 1
    await asyncio.sleep(FIRST_WAIT)
    await sources(cloud, 20)
    assert cloud.sent == 2


async def test_a_key_that_is_rotated_to_a_bad_one_starts_unproven() -> None:
    cloud = Cloud(good={1})
    await sources(cloud, 20)
    cloud.sent, cloud.key = 0, 2
    await sources(cloud, 20)
    assert cloud.sent == 1


async def test_a_late_answer_to_the_old_key_does_not_speak_for_the_new_one() -> None:
    cloud = Cloud(good={1})
    await cloud.ask()
    async with cloud.standing.admit():
        cloud.key = 2
        assert await cloud.outcome() is Reason.AUTHENTICATION
    sent = cloud.sent
    assert await cloud.crowd(5) == [Reason.AUTHENTICATION] * 5
    assert cloud.sent == sent


async def test_a_try_that_tells_nothing_new_lets_the_next_one_try() -> None:
    cloud = Cloud()
    await cloud.outcome()
    await asyncio.sleep(FIRST_WAIT)
    cloud.good, cloud.answer = {1}, SourceError(Reason.TIMEOUT, "silent")
    await cloud.outcome()
    cloud.answer = None
    await cloud.ask()
    assert cloud.sent == 3
