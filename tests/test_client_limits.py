"""How many requests go out, how fast, and how much of an answer is read."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from exporter import client as limits
from exporter.client import Shared
from exporter.errors import Reason, SourceError
from exporter.pace import Pace
from exporter.places import Places
from tests.fakes import JOBS, OK, Crowd, Handler, Recorder, a_client, answers, failure, within
from tests.turned import TURNED, Backend, now


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    crowd = Crowd()

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(1)
        return httpx.Response(200)

    client = a_client(handler, concurrency=5)
    await asyncio.gather(*(client.get(JOBS, within(99)) for _ in range(31)))
    assert crowd.most_at_once == 5
    assert now() == 1 + 30 / 5


@pytest.mark.parametrize("first_takes", [0.0, 6.0])
async def test_no_second_sees_more_requests_begin_than_allowed(first_takes: float) -> None:
    """Nor after the first answer, for which all others have waited."""
    crowd = Crowd()

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(0.01 if len(crowd.begun) > 1 else first_takes)
        return httpx.Response(200)

    client = a_client(handler, concurrency=16, rate=5)
    await asyncio.gather(*(client.get(JOBS, within(99)) for _ in range(40)))
    busiest = max(sum(start <= other < start + 0.999 for other in crowd.begun) for start in crowd.begun)
    assert busiest == 5


async def test_places_that_hang_let_no_crowd_begin_at_once_when_they_are_free() -> None:
    crowd = Crowd()

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(10 if now() < 1 else 0.01)
        return httpx.Response(200)

    client = a_client(handler, concurrency=10, rate=10)
    await asyncio.gather(*(client.get(JOBS, within(99)) for _ in range(60)))
    busiest = max(sum(start <= other < start + 0.999 for other in crowd.begun) for start in crowd.begun)
    assert busiest == 10


async def test_a_collection_that_was_ended_does_not_hold_up_the_next_one() -> None:
    client = a_client(answers(OK), concurrency=4, rate=0.1)
    await client.get(JOBS, within(99))
    crowd = [asyncio.create_task(client.get(JOBS, within(99))) for _ in range(50)]
    await asyncio.sleep(5)
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)
    await client.get(JOBS, within(99))
    assert now() == 10
    assert client.requests == 2


async def test_a_crowd_with_a_bad_key_sends_one_request() -> None:
    observer = Recorder()
    client = a_client(answers(httpx.Response(401), each_takes=1), observer)
    outcomes = await asyncio.gather(
        *(client.get(JOBS, within(99)) for _ in range(50)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {SourceError}
    assert (client.requests, observer.codes) == (1, ["401"])
    assert observer.failures == [Reason.AUTHENTICATION]
    assert [outcome.counted for outcome in outcomes if isinstance(outcome, SourceError)].count(True) == 1


async def test_a_nonce_that_was_used_is_cured_by_another_request() -> None:
    observer = Recorder()
    client = a_client(answers(httpx.Response(400), OK), observer)

    def explain(*_: object, **__: object) -> SourceError:
        return SourceError(Reason.AUTHENTICATION, "SignatureNonceUsed", retryable=True)

    client._explain = explain
    assert (await client.get(JOBS, within(10))).body == b"{}"
    assert observer.codes == ["400", "200"]


class Stream(httpx.AsyncByteStream):
    """A body that comes in chunks, slowly if wanted, and knows whether it was closed."""

    def __init__(self, chunk: bytes, number: int, pause: float = 0.0) -> None:
        self._chunk, self._number, self._pause = chunk, number, pause
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._number):
            await asyncio.sleep(self._pause)
            self.given += len(self._chunk)
            yield self._chunk

    async def aclose(self) -> None:
        self.closed = True


def streaming(stream: Stream, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=stream, headers=headers)

    return handler


async def test_a_page_may_be_as_large_as_the_limit() -> None:
    stream = Stream(b"x" * 2**20, limits.MAX_PAGE_BYTES // 2**20)
    answer = await a_client(streaming(stream)).get(JOBS, within(10))
    assert len(answer.body) == limits.MAX_PAGE_BYTES
    assert stream.closed


async def test_a_page_beyond_the_limit_is_not_read_to_its_end() -> None:
    stream = Stream(b"x" * 2**20, 10_000)
    error = await failure(a_client(streaming(stream)))
    assert error.message == "GET /v1/p/jobs: the answer is larger than 16,777,216 bytes"
    assert stream.given == limits.MAX_PAGE_BYTES + 2**20
    assert stream.closed


async def test_a_page_that_unpacks_beyond_the_limit_is_refused() -> None:
    packed = gzip.compress(b"\0" * (4 * limits.MAX_PAGE_BYTES))
    stream = Stream(packed, 1)
    error = await failure(a_client(streaming(stream, headers={"content-encoding": "gzip"})))
    assert (error.reason, stream.closed) == (Reason.TOO_LARGE, True)


async def test_a_large_error_is_cut_and_still_explained() -> None:
    stream = Stream(b"x" * 2**16, 10_000)
    error = await failure(a_client(streaming(stream, 403)))
    assert error.reason is Reason.PERMISSION
    assert stream.given <= limits.MAX_ERROR_BYTES + 2**16
    assert stream.closed


async def test_a_request_that_is_cancelled_in_mid_page_leaves_nothing_behind() -> None:
    stream = Stream(b"x", 100, pause=1)
    observer = Recorder()
    client = a_client(streaming(stream), observer, concurrency=1)
    task = asyncio.create_task(client.get(JOBS, within(99)))
    await asyncio.sleep(3)
    task.cancel()
    await asyncio.wait({task})
    assert (task.cancelled(), stream.closed) == (True, True)
    assert (observer.codes, observer.failures) == (["200"], [])
    client._http._transport = httpx.MockTransport(answers(OK))
    await client.get(JOBS, within(99))  # has the place again


def in_each_second(begun: list[float], seconds: int) -> list[int]:
    """Count what begins in each of the first seconds."""
    return [sum(second <= time + 1e-6 < second + 1 for time in begun) for second in range(seconds)]


async def test_sources_that_share_credentials_together_keep_to_one_pace() -> None:
    crowd, shared = Crowd(), Shared(places=Places(99), pace=Pace(10))

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(0.01)
        return httpx.Response(200)

    clients = [a_client(handler, rate=rate, shared=shared) for rate in (10, 4, 4)]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            for _ in range(40):
                group.create_task(client.get(JOBS, within(99)))
    assert max(in_each_second(crowd.begun, 13)) == 10
    assert len(crowd.begun) == 120


async def test_sources_that_share_credentials_together_keep_to_one_concurrency() -> None:
    crowd, shared = Crowd(), Shared(places=Places(4), pace=Pace(1000))

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(0.01)
        return httpx.Response(200)

    clients = [a_client(handler, concurrency=most, rate=1000, shared=shared) for most in (4, 2, 2)]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            for _ in range(20):
                group.create_task(client.get(JOBS, within(99)))
    assert crowd.most_at_once == 4
    assert len(crowd.begun) == 60


async def test_a_source_whose_cloud_is_silent_does_not_stop_the_others() -> None:
    crowd, shared = Crowd(), Shared(places=Places(8), pace=Pace(1000))
    silence = asyncio.Event()

    async def silent(_: httpx.Request) -> httpx.Response:
        await silence.wait()
        return httpx.Response(200)

    async def answering(_: httpx.Request) -> httpx.Response:
        with crowd:
            await asyncio.sleep(0.01)
        return httpx.Response(200)

    stuck = a_client(silent, concurrency=8, rate=1000, shared=shared)
    other = a_client(answering, concurrency=8, rate=1000, shared=shared)
    waiting = [asyncio.create_task(stuck.get(JOBS, within(99))) for _ in range(20)]
    await asyncio.sleep(1)
    await asyncio.gather(*(other.get(JOBS, within(99)) for _ in range(10)))
    assert len(crowd.begun) == 10
    silence.set()
    await asyncio.gather(*waiting)


async def test_a_source_that_is_throttled_slows_down_and_recovers() -> None:
    crowd = Crowd()

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            is_too_many = now() == 0
            await asyncio.sleep(0.01)
        return httpx.Response(429 if is_too_many else 200, headers={"retry-after": "2"})

    client = a_client(handler, rate=20)
    for _ in range(900):
        await client.get(JOBS, within(999))
    rates = in_each_second(crowd.begun, 40)
    assert rates[0] == 1
    assert 10 <= max(rates[2:4]) <= 12  # half, and what came back since
    assert rates[10:31:10] == [13, 16, 20]


async def test_what_is_sent_again_keeps_to_the_pace_as_well() -> None:
    crowd, left = Crowd(), [503] * 30

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            return httpx.Response(left.pop() if left and now() > 1 else 200)

    client = a_client(handler, rate=5)
    await asyncio.gather(*(client.get(JOBS, within(99)) for _ in range(60)), return_exceptions=True)
    busiest = max(sum(start <= other < start + 0.999 for other in crowd.begun) for start in crowd.begun)
    assert (busiest, len(crowd.begun) > 80) == (5, True)
