"""Random worlds in random weather: every number is true, or marked, or absent.

A run is one world, one to four sources that share credentials and clouds, and several scrapes in a row. The
last one is in calm weather and long after all that went wrong: it must be whole. Time is virtual, our own
clock is mostly wrong, and nothing leaves the process. More of them, by hand:

    python -m tests.truth.worlds FIRST NUMBER

prints how the scrapes ended, and what was wrong by seed (to standard error at once); ``1234 1`` runs the
world 1234 alone.
"""

import asyncio
import json
import logging
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from unittest import mock

import httpx
import msgspec

from exporter.apis import APIS, by_update, dataarts_jobs, octopus, pai_dataset_jobs
from exporter.apis.paging import Way as Reading
from exporter.assembly import assemble
from exporter.commands.simulate import CONFIG
from exporter.config import Config, Source, load
from exporter.instruments import Instruments
from exporter.scrape import Result, Scraper
from exporter.simulator.settings import CurrentTime, OffsetMeaning, Settings
from exporter.simulator.simulation import Simulation
from exporter.simulator.world.chance import random_world
from exporter.simulator.world.order import ListingOrder
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.world import World
from tests import turned
from tests.truth.clouds import Clock, Clouds
from tests.truth.history import DATASET, START, WORKSPACE, with_history
from tests.truth.lists import SOURCES, shown
from tests.truth.verdict import LOOKBACK, MAX_STALENESS, Ending, Judge, Moments
from tests.truth.weather import CALM, Way, draw_weather

SIZES = {1: (0, 2, 5), 3: (0, 3, 7, 12), 6: (0, 5, 12, 24)}
"""How many jobs an API has, by the size of a page: a few pages, so that thousands of runs are cheap."""
COUNTED = 10
"""One run in so many has a list that is counted."""
SETTLED = 700.0
"""Seconds after which nothing is held against a cloud any more: refused credentials, ignored filters."""


@dataclass
class Run:
    """What a run came to: how often each API ended how, read or counted, and what was wrong."""

    endings: Counter[str] = field(default_factory=Counter)
    objections: list[str] = field(default_factory=list)


@cache
def configured() -> dict[str, Source]:
    """Return the demo's sources by name; every endpoint is the simulated clouds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.yaml"
        path.write_text(CONFIG)
        return {one.name: one for one in load(path, APIS, {"SIMULATED": "http://simulated"}).sources}


def quiet(world: World, end: float) -> World:
    """Return a world whose runs of DataArts end, as everything else does by itself."""
    jobs = {
        scope: Fixed(
            tuple(
                job
                if job.runs is None
                else replace(job, runs=replace(job.runs, until=min(job.runs.until, end)))
                for job in crowd.between(0.0, math.inf)
            )
        )
        for scope, crowd in world.factory_jobs.items()
    }
    return replace(world, factory_jobs=jobs)


class Scene:
    """One run, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(f"world {seed}")
        self.names = sorted(random.sample(sorted(SOURCES), random.choice((1, 2, 2, 3))))
        self.past = ("octopus", "pai-vision")[seed // COUNTED % 2] if seed % COUNTED == 0 else None
        if self.past and self.past not in self.names:
            self.names.append(self.past)
        self.window = random.choice((3.0, 10.0, 60.0, 60.0 if self.past else 600.0))
        sizes = dict.fromkeys((lists.sizes for lists in SOURCES.values()), 0)
        self.page_size = 6 if self.past else random.choice(list(SIZES))
        sizes |= {SOURCES[name].sizes: random.choice(SIZES[self.page_size]) for name in self.names}
        if "octopus-queue" in self.names:
            sizes["system_jobs"] = max(5, sizes["system_jobs"])
        world = random_world(seed, start=START, window=self.window, **sizes)
        self.world = quiet(world, START + 2 * self.window)
        self.settings = Settings(
            seed=seed,
            tolerance=math.inf,  # the signatures are of today, whatever the day of the world
            order=random.choice(list(ListingOrder)),
            dataarts_offset=random.choice(list(OffsetMeaning)),
            current_time=random.choice(list(CurrentTime)),
            token_life=random.choice((3.0, 90.0, 86_400.0)),
        )
        self.judges = {
            name: Judge(
                source=name,
                world=self.world,
                past={"octopus": WORKSPACE, "pai-vision": DATASET}.get(name) if name == self.past else None,
            )
            for name in self.names
        }
        self.run = Run()
        self.ahead = 0.0
        """How far our own clock is ahead of that of the clouds; it is set anew now and then."""

    @property
    def config(self) -> Config:
        """The sources, as somebody in a hurry would set them."""
        random = self.random
        common = {
            "timeout": random.choice((10.0, 30.0)),
            "max_staleness": MAX_STALENESS,
            "lookback": LOOKBACK,
            "concurrency": random.choice((1, 4, 16)),
            "requests_per_second": random.choice((100.0, 1e9)),
        }
        sources = [msgspec.structs.replace(configured()[name], **common) for name in self.names]
        if random.random() < 0.7:
            sources = [without_discovery(source) for source in sources]
        return Config(sources=tuple(sources))

    async def play(self) -> Run:
        """Scrape several times, judge each of them, and say what was wrong."""
        random = self.random
        world = with_history(self.world, self.past) if self.past else self.world
        clouds = Clouds(
            simulation=Simulation(world, self.settings),
            clock=Clock(START),
            random=random,
            latency=random.choice((0.002, 0.02, 0.05)),
        )

        def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=clouds, base_url=endpoint)

        self.clouds = clouds
        with mock.patch.multiple(by_update, OVERLAP=2), mock.patch("time.time", self._our_time):
            scraper = assemble(self.config, Instruments(), connect)
            try:
                await self._scrapes(scraper, clouds)
            finally:
                await scraper.aclose()
        return self.run

    def _our_time(self) -> float:
        """Return what our own clock tells: often nonsense."""
        return self.clouds.clock() + self.ahead

    async def _scrapes(self, scraper: Scraper, clouds: Clouds) -> None:
        random, apis = self.random, [SOURCES[name].api for name in self.names]
        for _ in range(random.choice((1, 2, 2, 3))):
            clouds.change(draw_weather(random, apis, calm=0.0 if self.past else 0.3))
            self.ahead = random.choice((0.0, 0.0, 2.5, -7200.0, 1e8))
            await self._scrape(scraper, clouds, random.choice((None, 2.0, 9.5)))
            await asyncio.sleep(random.choice((0.1, 5.0, 60.0, 200.0, 400.0)))
        until_quiet = 2 * self.window + 20 - asyncio.get_running_loop().time()
        await asyncio.sleep(max(SETTLED, until_quiet))
        clouds.change(CALM)
        endings = await self._scrape(scraper, clouds, None)
        for name, ending in endings.items():
            if ending is not Ending.COMPLETE:
                self.run.objections.append(f"{name}: {ending} after all troubles")

    async def _scrape(self, scraper: Scraper, clouds: Clouds, budget: float | None) -> dict[str, Ending]:
        clock = asyncio.get_running_loop().time
        start, began = clock(), clouds.clock()
        results = await scraper.scrape(scraper.names, budget)
        if budget is not None and clock() - start > budget + 0.3:
            self.run.objections.append(f"took {clock() - start:.3f} s of {budget:g} s")
        slack = 5.0 if {Way.NO_DATE, Way.ODD_DATE} & {one.what for one in clouds.weather} else 0.0
        moments = Moments(began=began, ended=clouds.clock(), asked=clouds.asked, slack=slack)
        seen = shown(results)
        endings = {}
        for result in results:
            name = result.source.settings.name
            judge = self.judges[name]
            if self.ahead and result.source.api.name not in clouds.dated:
                judge.believe(seen[name], start)  # nobody has told the time yet, and ours is wrong
                continue
            endings[name] = ending = judge.hear(result, seen[name], moments, start)
            self.run.endings[f"{result.source.api.name} {way_of(result)} {ending}"] += 1
            if judge.objections:
                told = ", ".join(f"{one.what}={one.value}:{one.rate}:{one.api}" for one in clouds.weather)
                self.run.objections += [f"{one} [{told}]" for one in judge.objections]
                judge.objections.clear()
        return endings


def way_of(result: Result) -> str:
    """Say whether a list of the snapshot was counted."""
    if result.snapshot is None:
        return "none"
    return "count" if Reading.COUNT in {walk.way for walk in result.snapshot.walks} else "walk"


def without_discovery(source: Source) -> Source:
    """Return a source of PAI whose datasets are named."""
    if source.name != "pai-vision":
        return source
    named = msgspec.structs.replace(source.options, datasets=tuple(SOURCES[source.name].names))
    return msgspec.structs.replace(source, options=named)


def play(seed: int) -> Run:
    """Return what one run came to."""
    scene = Scene(seed)
    random.seed(seed)  # the pauses between two tries are drawn from this one
    with (
        mock.patch.multiple(pai_dataset_jobs, PAGE_SIZE=scene.page_size),
        mock.patch.multiple(octopus, PAGE_SIZE=scene.page_size),
        mock.patch.multiple(dataarts_jobs, PAGE_SIZE=scene.page_size),
    ):
        return turned.run(scene.play())


def main(first: int, number: int) -> None:
    """Play so many runs; print how they ended."""
    logging.disable()
    endings: Counter[str] = Counter()
    objections: dict[int, Sequence[str]] = {}
    for seed in range(first, first + number):
        run = play(seed)
        endings.update(run.endings)
        if run.objections:
            objections[seed] = run.objections
            print(seed, run.objections, file=sys.stderr, flush=True)  # noqa: T201
    print(json.dumps({"runs": number, "endings": endings, "objections": objections}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
