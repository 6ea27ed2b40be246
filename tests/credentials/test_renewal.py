"""One attempt for all, renewed in time, served to the last; clock and threads are turned by hand."""

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

from exporter.clouds.renewal import (
    DOUBTFUL,
    GIVEN_UP,
    LOOK_AGAIN,
    MOST_EARLY,
    PATIENCE,
    PAUSE_WITH_KEY,
    PAUSE_WITHOUT_KEY,
    RenewedKey,
    in_a_thread,
)
from exporter.credentials import AccessKey, Secret
from exporter.errors import Reason, SourceError
from tests.simulator.clients import Clock
from tests.turned import TURNED, Backend

DAY = 86_400.0


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def ending(at: float | None, number: int = 1) -> AccessKey:
    return AccessKey(id=f"id{number}", secret=Secret(f"secret{number}"), expires_at=at)


def broken(words: str = "no role") -> SourceError:
    return SourceError(Reason.CREDENTIALS, words)


class Place:
    """Answers when it is told to, in the order of attempts."""

    def __init__(self) -> None:
        self.clock = Clock(1_700_000_000.0)
        self.jobs: list[Callable[[], None]] = []
        self.asked = 0
        self._answers: list[AccessKey | SourceError] = []
        self.keys = RenewedKey(self._ask, "a place", now=self.clock, start=self._start)

    def _start(self, job: Callable[[], None]) -> None:
        self.asked += 1
        self.jobs.append(job)

    def _ask(self) -> AccessKey | SourceError:
        return self._answers.pop(0)

    async def answer(self, outcome: AccessKey | SourceError) -> None:
        """End the oldest attempt that is under way."""
        self._answers.append(outcome)
        self.jobs.pop(0)()
        await settled()

    async def first(self, outcome: AccessKey | SourceError) -> AccessKey:
        """Ask, answer, and return what was asked for."""
        asking = asyncio.create_task(self.keys())
        await settled()
        await self.answer(outcome)
        return await asking

    def after(self, seconds: float | None) -> float | None:
        return None if seconds is None else self.clock.now + seconds


async def settled() -> None:
    """Let all that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def failure_of(keys: RenewedKey) -> str:
    with pytest.raises(SourceError) as caught:
        await keys()
    assert caught.value.reason is Reason.CREDENTIALS
    return caught.value.message


async def test_any_number_of_requests_cause_one_attempt() -> None:
    place = Place()
    asking = [asyncio.create_task(place.keys()) for _ in range(50)]
    await settled()
    assert place.asked == 1
    await place.answer(ending(place.after(DAY)))
    assert {await task for task in asking} == {ending(place.after(DAY))}
    await place.keys()
    assert place.asked == 1


async def test_any_number_of_requests_share_a_failure_and_the_pause_after_it() -> None:
    place = Place()
    asking = [asyncio.create_task(place.keys()) for _ in range(50)]
    await settled()
    await place.answer(broken())
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert {str(failure) for failure in told} == {"a place: no role"}
    assert len({id(failure) for failure in told}) == 50
    place.clock.now += PAUSE_WITHOUT_KEY - 1
    assert await failure_of(place.keys) == "a place: no role"
    assert place.asked == 1
    place.clock.now += 1
    assert await place.first(ending(place.after(DAY))) == ending(place.after(DAY))


@pytest.mark.parametrize(
    ("life", "fresh"),
    [(DAY, DAY - MOST_EARLY), (3600.0, 2700.0), (600.0, 450.0), (20.0, 15.0), (None, LOOK_AGAIN)],
)
async def test_a_key_is_renewed_before_its_end_without_a_wait(life: float | None, fresh: float) -> None:
    place = Place()
    old = await place.first(ending(place.after(life)))
    place.clock.now += fresh - 1
    assert await place.keys() == old
    assert place.asked == 1
    place.clock.now += 1
    if life is None or life - fresh > 30:
        assert [await place.keys() for _ in range(3)] == [old] * 3
        assert place.asked == 2
        new = ending(place.after(DAY), 2)
        await place.answer(new)
    else:
        new = await place.first(ending(place.after(DAY), 2))
    assert await place.keys() == new
    assert place.asked == 2


async def test_a_key_that_cannot_be_renewed_serves_until_its_end_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = Place()
    old = await place.first(ending(place.after(3600)))
    for _ in range(10):
        place.clock.now += 3600 * 0.75 if place.asked == 1 else PAUSE_WITH_KEY
        assert await place.keys() == old
        await place.answer(broken())
        assert await place.keys() == old
    assert place.asked == 11
    assert [record.getMessage() for record in caplog.records] == [
        "a place: the key is not renewed, and serves on until it ends (2023-11-14T23:13:20Z): no role"
    ]
    place.clock.now = old.expires_at or 0.0
    asking = asyncio.create_task(failure_of(place.keys))
    await settled()
    await place.answer(broken("no role at all"))
    assert await asking == "a place: the key ended 2023-11-14T23:13:20Z and is not renewed: no role at all"


async def test_a_line_says_that_there_is_a_key_again(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    await place.first(ending(place.after(3600)))
    place.clock.now += 3000
    await place.keys()
    await place.answer(broken())
    place.clock.now += PAUSE_WITH_KEY
    await place.keys()
    with caplog.at_level(logging.INFO):
        await place.answer(ending(place.after(DAY), 2))
    assert caplog.records[-1].getMessage() == "a place: there is a key again"


async def test_a_key_in_its_last_moments_is_handed_out_only_where_no_other_comes() -> None:
    place = Place()
    old = await place.first(ending(place.after(3600)))
    place.clock.now += 3590
    assert await place.first(broken()) == old
    place.clock.now += 10
    assert "ended" in await failure_of(place.keys)


async def test_a_key_that_the_cloud_refuses_is_asked_for_anew_but_not_again_and_again() -> None:
    place = Place()
    old = await place.first(ending(place.after(DAY)))
    place.clock.now += DOUBTFUL - 1
    place.keys.renew()
    assert (await place.keys(), place.asked) == (old, 1)
    place.clock.now += 1
    place.keys.renew()
    assert (await place.keys(), place.asked) == (old, 2)
    new = ending(place.after(DAY), 2)
    await place.answer(new)
    place.keys.renew()
    assert (await place.keys(), place.asked) == (new, 2)


async def test_a_place_that_does_not_answer_is_waited_for_and_its_late_answer_taken() -> None:
    place = Place()
    began = asyncio.get_running_loop().time()
    assert await failure_of(place.keys) == "a place: no answer within 8 s"
    assert asyncio.get_running_loop().time() - began == pytest.approx(PATIENCE)
    assert "no answer" in await failure_of(place.keys)
    assert place.asked == 1
    await place.answer(ending(place.after(DAY)))
    assert await place.keys() == ending(place.after(DAY))
    assert place.asked == 1


async def test_an_attempt_that_hangs_is_given_up_in_the_end() -> None:
    place = Place()
    await failure_of(place.keys)
    place.clock.now += GIVEN_UP
    asking = asyncio.create_task(place.keys())
    await settled()
    assert place.asked == 2
    hung = place.jobs.pop(0)
    await place.answer(ending(place.after(DAY), 2))
    assert await asking == ending(place.after(DAY), 2)
    place._answers.append(ending(place.after(DAY), 1))
    hung()
    await settled()
    assert await place.keys() == ending(place.after(DAY), 2)


async def test_what_hangs_after_a_failure_tells_both() -> None:
    place = Place()
    with pytest.raises(SourceError):
        await place.first(broken())
    place.clock.now += PAUSE_WITHOUT_KEY
    assert await failure_of(place.keys) == "a place: no answer within 8 s; before that: no role"


async def test_a_request_that_is_given_up_leaves_the_attempt_to_the_others() -> None:
    place = Place()
    first, second = asyncio.create_task(place.keys()), asyncio.create_task(place.keys())
    await settled()
    first.cancel()
    await settled()
    assert first.cancelled()
    await place.answer(ending(place.after(DAY)))
    assert await second == ending(place.after(DAY))
    assert place.asked == 1


@pytest.mark.parametrize("since", [0.0, 1.0, DAY])
async def test_a_key_that_has_ended_already_is_none(since: float) -> None:
    place = Place()
    with pytest.raises(SourceError, match=r"a key that ended 2023-.*Z was given; is the clock right\?"):
        await place.first(ending(place.clock.now - since))


async def test_a_clock_that_was_set_back_does_not_stop_renewal() -> None:
    place = Place()
    with pytest.raises(SourceError):
        await place.first(broken())
    place.clock.now -= DAY
    assert await place.first(ending(place.after(DAY))) == ending(place.after(DAY))


def test_a_thread_of_ours_keeps_no_process_alive() -> None:
    threads: list[threading.Thread] = []
    ended = threading.Event()

    def job() -> None:
        threads.append(threading.current_thread())
        ended.set()

    in_a_thread(job)
    assert ended.wait(10)
    assert threads[0].daemon


def test_an_answer_after_the_end_of_the_loop_is_dropped() -> None:
    place = Place()

    async def main() -> None:
        asking = asyncio.create_task(place.keys())
        await settled()
        asking.cancel()

    asyncio.run(main())
    place._answers.append(ending(None))
    place.jobs.pop()()
