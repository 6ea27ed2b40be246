import asyncio
import itertools
import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.pace import Pace
from tests.turned import now, run

RATES = st.sampled_from((0.1, 0.5, 0.9, 1.0, 1.5, 2.0, 2.5, 3.0, 7.9, 20.0, 1e6)) | st.floats(0.05, 40)
ARRIVALS = st.lists(st.floats(0, 8).map(lambda t: round(t, 3)), min_size=1, max_size=60).map(sorted)


async def beginnings(pace: Pace, arrivals: list[float]) -> list[tuple[int, float]]:
    """Let requests come at these times; as each begins, note the number by which it came and the time."""
    begun: list[tuple[int, float]] = []
    numbers = itertools.count()

    async def request(arrival: float) -> None:
        await asyncio.sleep(arrival)
        number = next(numbers)
        await pace.turn()
        begun.append((number, now()))

    async with asyncio.TaskGroup() as group:
        for arrival in arrivals:
            group.create_task(request(arrival))
    return begun


def most_in_any(seconds: float, times: list[float]) -> int:
    """Count what begins in the busiest stretch of so many seconds, its end excluded."""
    margin = 1e-6  # of arithmetic
    return max(sum(start <= time < start + seconds - margin for time in times) for start in times)


@settings(deadline=None, max_examples=200)
@given(rate=RATES, arrivals=ARRIVALS)
@example(rate=2.5, arrivals=[0.0] * 20)
@example(rate=20.0, arrivals=[0.0] * 60)
def test_no_second_ever_sees_more_requests_begin_than_the_rate_allows(
    rate: float, arrivals: list[float]
) -> None:
    begun = run(beginnings(Pace(rate), arrivals))
    times = [time for _, time in begun]
    assert len(begun) == len(arrivals)
    if rate >= 1:
        assert most_in_any(1.0, times) <= math.floor(rate)
    else:
        assert most_in_any(1.0 / rate, times) == 1


@settings(deadline=None, max_examples=100)
@given(rate=RATES, arrivals=ARRIVALS)
def test_requests_begin_in_the_order_in_which_they_came(rate: float, arrivals: list[float]) -> None:
    begun = run(beginnings(Pace(rate), arrivals))
    assert [number for number, _ in begun] == list(range(len(arrivals)))


def test_as_many_as_the_rate_begin_at_once_and_no_time_is_lost() -> None:
    begun = run(beginnings(Pace(4), [0.0] * 10))
    assert [time for _, time in begun] == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_what_comes_seldom_never_waits() -> None:
    arrivals = [0.0, 0.6, 1.2, 1.8, 2.4]
    begun = run(beginnings(Pace(2), arrivals))
    assert [round(time, 9) for _, time in begun] == arrivals


def test_one_who_gives_up_takes_no_turn_from_the_others() -> None:
    async def scenario() -> list[float]:
        pace = Pace(0.5)
        await pace.turn()
        for task in [asyncio.create_task(pace.turn()) for _ in range(100)]:
            await asyncio.sleep(0)
            task.cancel()
        begun = [0.0]
        for _ in range(2):
            await pace.turn()
            begun.append(now())
        return begun

    assert run(scenario()) == [0, 2, 4]


def test_only_the_last_second_is_remembered_whatever_the_rate() -> None:
    async def scenario() -> int:
        pace = Pace(1e9)
        for _ in range(300):
            await pace.turn()
            await asyncio.sleep(0.1)
        return len(pace._begun)

    assert run(scenario()) <= 11


def test_throttling_halves_the_rate_and_it_grows_back_steadily() -> None:
    async def rates() -> list[float]:
        pace, seen = Pace(60), []
        await asyncio.sleep(5)
        for seconds in (0, 1, 4, 10, 60):
            pace.slow_down() if seconds == 0 else await asyncio.sleep(seconds)
            seen.append(pace.rate)
        return seen

    assert run(rates()) == [30.0, 31.0, 35.0, 45.0, 60.0]


def test_what_a_cloud_finds_at_once_is_one_finding_and_some_pace_always_remains() -> None:
    async def rates() -> list[float]:
        pace = Pace(64)
        for _ in range(50):
            pace.slow_down()
        once = pace.rate
        for _ in range(20):
            await asyncio.sleep(1)
            pace.slow_down()
        return [once, pace.rate]

    once, low = run(rates())
    assert once == 32.0
    assert 1.0 <= low <= 3.0


@settings(deadline=None, max_examples=50)
@given(rate=st.sampled_from((0.5, 2.0, 8.0, 20.0)), waits=st.lists(st.floats(0, 3), max_size=6))
def test_the_full_rate_holds_also_while_it_slows_down_and_recovers(rate: float, waits: list[float]) -> None:
    async def begun() -> list[float]:
        pace = Pace(rate)

        async def trouble() -> None:
            for wait in waits:
                await asyncio.sleep(wait)
                pace.slow_down()

        async with asyncio.TaskGroup() as group:
            group.create_task(trouble())
            requests = group.create_task(beginnings(pace, [0.0] * 40))
        return [time for _, time in requests.result()]

    assert most_in_any(max(1.0, 1 / rate), run(begun())) <= max(1, math.floor(rate))
