"""Wrong clocks, and clocks that are set: ages stay right, and nothing is negative or of 1970."""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest

from exporter.apis import octopus
from exporter.assembly import assemble
from exporter.config import Config, Source
from exporter.instruments import Instruments
from exporter.scrape import Scraper
from exporter.simulator.answer import Answer
from exporter.simulator.faults import Kind
from exporter.simulator.settings import CurrentTime, Settings
from exporter.simulator.simulation import Simulation
from exporter.simulator.world.chance import random_world
from tests.truth.clouds import Clock, Clouds
from tests.truth.history import START
from tests.truth.lists import SOURCES, shown
from tests.truth.verdict import Ending, Judge, Moments
from tests.truth.weather import CALM, Trouble, Way
from tests.truth.worlds import configured, quiet
from tests.turned import TURNED, Backend, now

HOUR, YEAR = 3600.0, 31_557_600.0
YEAR_2100 = 4_102_444_800.0
OUTAGE = (Trouble(what=Kind.HTTP_500, rate=1.0, api=None),)


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


class Told(Clouds):
    """Clouds whose header Date is what a test says."""

    date: str | None = None

    def _response(self, request: httpx.Request, answer: Answer, ways: set[Way]) -> httpx.Response:
        response = super()._response(request, answer, ways)
        if self.date is not None:
            response.headers["Date"] = self.date
        return response


class Watch:
    """All four sources on clouds of one clock, judged scrape by scrape."""

    def __init__(self, clouds: Told, scraper: Scraper, judges: Mapping[str, Judge]) -> None:
        self.clouds = clouds
        self._scraper = scraper
        self._judges = judges

    async def scrape(self, *, slack: float = 0.0) -> set[Ending]:
        """Scrape once; what is shown is true and of this time. Return how the sources ended."""
        began, start = self.clouds.clock(), now()
        self.clouds.asked.clear()
        results = await self._scraper.scrape(self._scraper.names, None)
        seen = shown(results)
        # A clock that was set back meanwhile makes the end earlier than the beginning.
        ended = self.clouds.clock()
        first, last = min(began, ended), max(began + now() - start, ended)
        moments = Moments(began=first, ended=last, asked=self.clouds.asked, slack=slack)
        endings = set()
        for result in results:
            judge = self._judges[result.source.settings.name]
            endings.add(judge.hear(result, seen[judge.source], moments, start))
            assert judge.objections == []
            for (family, _), value in itertools.chain(
                *(one.items() for one in seen[judge.source].lists.values())
            ):
                assert value >= 0, family
                if family.endswith("_timestamp_seconds"):
                    assert abs(value - began) < 2 * YEAR, family
        return endings


@asynccontextmanager
async def watching(start: float = START, told: CurrentTime = CurrentTime.NUMBER) -> AsyncIterator[Watch]:
    sizes = dict.fromkeys((one.sizes for one in SOURCES.values()), 12)
    world = quiet(random_world(7, start=start, window=60.0, **sizes), start + 120.0)
    settings = Settings(tolerance=math.inf, current_time=told)
    clouds = Told(Simulation(world, settings), Clock(start), Random(1), latency=0.02)

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=clouds, base_url=endpoint)

    scraper = assemble(Config(sources=tuple(configured().values())), Instruments(), connect)
    judges = {name: Judge(source=name, world=world, past=None) for name in SOURCES}
    try:
        yield Watch(clouds, scraper, judges)
    finally:
        await scraper.aclose()


def set_ours(monkeypatch: pytest.MonkeyPatch, clock: Callable[[], float]) -> None:
    monkeypatch.setattr(time, "time", clock)


@pytest.mark.parametrize("start", [START, YEAR_2100])
@pytest.mark.parametrize("ahead", [0.0, -3 * HOUR, 3 * HOUR, -40 * YEAR, 70 * YEAR])
async def test_a_wrong_clock_of_ours_changes_no_number(
    monkeypatch: pytest.MonkeyPatch, ahead: float, start: float
) -> None:
    async with watching(start) as watch:
        set_ours(monkeypatch, lambda: watch.clouds.clock() + ahead)
        for _ in range(3):
            assert await watch.scrape() == {Ending.COMPLETE}
            await asyncio.sleep(60)


async def test_a_clock_of_ours_that_jumps_all_the_time_changes_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = Random(3)
    async with watching() as watch:
        set_ours(monkeypatch, lambda: watch.clouds.clock() + random.uniform(-1, 1) * 2 * YEAR)
        for _ in range(3):
            assert await watch.scrape() == {Ending.COMPLETE}
            await asyncio.sleep(60)


@pytest.mark.parametrize("jump", [-HOUR, -5.0, 5.0, HOUR])
async def test_numbers_are_of_the_clouds_time_when_its_clock_is_set(jump: float) -> None:
    async with watching() as watch:
        assert await watch.scrape() == {Ending.COMPLETE}
        watch.clouds.clock.start += jump
        assert await watch.scrape() == {Ending.COMPLETE}
        # Now in the middle of a scrape: true or marked, and right at the next one.
        asyncio.get_running_loop().call_later(0.05, setattr, watch.clouds.clock, "start", START)
        assert await watch.scrape() <= {Ending.COMPLETE, Ending.MARKED}
        assert await watch.scrape() == {Ending.COMPLETE}


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Thu, 01 Jan 1970 00:00:09 GMT", "Sat, 01 Jan 0000 00:00:00 GMT"]
)
async def test_where_a_cloud_never_tells_the_time_ours_counts(
    monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    async with watching(told=CurrentTime.ABSENT) as watch:
        set_ours(monkeypatch, watch.clouds.clock)
        watch.clouds.date = date
        assert await watch.scrape() == {Ending.COMPLETE}


@pytest.mark.parametrize("date", ["yesterday", "Thu, 01 Jan 1970 00:00:09 GMT"])
async def test_a_cloud_that_stops_to_tell_the_time_is_believed_to_go_on(
    monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    async with watching(told=CurrentTime.ABSENT) as watch:
        assert await watch.scrape() == {Ending.COMPLETE}
        set_ours(monkeypatch, lambda: 9.0)
        watch.clouds.date = date
        await asyncio.sleep(600)
        assert await watch.scrape(slack=1.0) == {Ending.COMPLETE}


@pytest.mark.parametrize("jump", [-YEAR, -HOUR, HOUR, YEAR])
async def test_no_clock_that_is_set_makes_numbers_stale_or_keeps_them(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    async with watching() as watch:
        assert await watch.scrape() == {Ending.COMPLETE}
        set_ours(monkeypatch, lambda: START + jump)
        watch.clouds.clock.start += jump
        watch.clouds.weather = OUTAGE
        await asyncio.sleep(250)
        assert await watch.scrape() == {Ending.STALE}
        await asyncio.sleep(60)
        assert await watch.scrape() == {Ending.ABSENT}
        watch.clouds.weather = CALM
        assert await watch.scrape() == {Ending.COMPLETE}


@pytest.mark.parametrize("told", [7_000, "8000", "1970-01-01T00:00:07Z"])
def test_a_clock_of_octopus_that_was_never_set_is_not_believed(told: object) -> None:
    payload: octopus.Payload[int] = octopus.Payload(page_info=octopus.PageInfo(total=0))
    assert octopus.Envelope(payload=payload, meta_info=octopus.MetaInfo(current_time=told)).now is None
