"""How many requests are in flight, of one source and of all that share credentials."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.places import Places, Seats


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Requests that stay until they are told to go."""

    def __init__(self) -> None:
        self.inside: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._go: dict[str, asyncio.Event] = {}

    async def send(self, name: str, seats: Seats, count: int) -> None:
        self._go.setdefault(name, asyncio.Event())
        self.inside.setdefault(name, 0)
        self._tasks += [asyncio.create_task(self._request(name, seats)) for _ in range(count)]
        await settled()

    async def _request(self, name: str, seats: Seats) -> None:
        async with seats:
            self.inside[name] += 1
            try:
                await self._go[name].wait()
            finally:
                self.inside[name] -= 1

    async def end(self, name: str) -> None:
        self._go[name].set()
        await settled()

    async def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_a_source_alone_takes_all_of_its_places_and_no_more() -> None:
    places, crowd = Places(16), Crowd()
    await crowd.send("a", places.join(4), 10)
    assert crowd.inside == {"a": 4}
    await crowd.end("a")
    assert crowd.inside == {"a": 0}
    await crowd.cancel()


async def test_sources_together_take_no_more_than_there_are() -> None:
    places, crowd = Places(8), Crowd()
    for name in "abcdefghijkl":
        await crowd.send(name, places.join(8), 8)
    assert sum(crowd.inside.values()) == 8
    await crowd.cancel()


async def test_a_source_that_is_not_answered_leaves_places_for_others() -> None:
    places, crowd = Places(16), Crowd()
    shares = {name: places.join(16) for name in "abc"}
    await crowd.send("a", shares["a"], 30)
    await crowd.send("b", shares["b"], 5)
    await crowd.send("c", shares["c"], 5)
    assert crowd.inside["a"] == 14
    assert crowd.inside["b"] == 1
    assert crowd.inside["c"] == 1
    await crowd.end("b")
    assert crowd.inside["b"] == 0
    await crowd.cancel()


async def test_sources_take_turns() -> None:
    places, crowd = Places(1), Crowd()
    first, a, b = places.join(1), places.join(1), places.join(1)
    await crowd.send("first", first, 1)
    order: list[str] = []

    async def request(name: str, seats: Seats) -> None:
        async with seats:
            order.append(name)

    tasks = [asyncio.create_task(request(name, seats)) for name, seats in [("a", a)] * 3 + [("b", b)] * 3]
    await settled()
    await crowd.end("first")
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "a", "b", "a", "b"]
    await crowd.cancel()


async def test_who_stops_waiting_takes_no_place() -> None:
    places = Places(1)
    seats = places.join(1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(seats)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await seats.__aenter__()
    async with asyncio.timeout(1), seats:
        assert seats.taken == 1


async def test_a_place_that_comes_with_the_end_of_waiting_is_given_on() -> None:
    places = Places(1)
    seats = places.join(1)
    await seats.__aenter__()
    late = asyncio.create_task(seats.__aenter__())
    await settled()
    await seats.__aexit__(None, None, None)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    async with asyncio.timeout(1), seats:
        assert seats.taken == 1


async def test_nothing_is_kept_for_a_source_that_has_left() -> None:
    places, crowd = Places(4), Crowd()
    a, b = places.join(4), places.join(4)
    await crowd.send("a", a, 4)
    assert crowd.inside["a"] == 3
    b.leave()
    await settled()
    assert crowd.inside["a"] == 4
    await crowd.cancel()


async def test_more_places_are_given_out_at_once() -> None:
    places, crowd = Places(1), Crowd()
    await crowd.send("a", places.join(4), 4)
    places.allow(3)
    await settled()
    assert crowd.inside["a"] == 3
    await crowd.cancel()


@given(
    most=st.integers(1, 6),
    sources=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 12)), min_size=1, max_size=5),
)
def test_every_request_gets_its_turn_and_the_bounds_hold(most: int, sources: list[tuple[int, int]]) -> None:
    async def run() -> None:
        places, served, inside = Places(most), 0, 0
        shares = [(places.join(own), count) for own, count in sources]

        async def request(seats: Seats) -> None:
            nonlocal served, inside
            async with seats:
                inside += 1
                assert inside <= most
                assert seats.taken <= seats.most
                await asyncio.sleep(0)
                inside -= 1
            served += 1

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for seats, count in shares:
                for _ in range(count):
                    group.create_task(request(seats))
        assert served == sum(count for _, count in sources)

    asyncio.run(run())
