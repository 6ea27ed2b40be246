"""A random world, a virtual clock, and the exporter on it; nothing leaves the process."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
import msgspec

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.commands.simulate import CONFIG
from exporter.config import Config, Source, load
from exporter.instruments import Instruments
from exporter.scrape import Result
from exporter.simulator.app import build
from exporter.simulator.settings import CurrentTime, OffsetMeaning, Settings
from exporter.simulator.world.chance import random_world
from exporter.simulator.world.order import ListingOrder
from exporter.simulator.world.world import World
from tests.showing import families
from tests.truth.truth import Key, key

Scrape = Callable[[], Awaitable[tuple[list[Result], dict[Key, float]]]]


class Pace(NamedTuple):
    """How much happens: the seconds that a world's changes crowd into, and those that a request takes."""

    windows: tuple[float, ...]
    step: float


PACES = (
    Pace(windows=(60.0, 600.0, 3000.0), step=0.002),  # now and then something changes in mid-walk
    Pace(windows=(100.0, 300.0, 1000.0), step=0.05),  # a few things do
    Pace(windows=(1.0, 5.0, 20.0), step=0.02),  # everything does
)


@dataclass
class Scene:
    """One world and how its clouds behave, drawn from a seed."""

    random: Random
    start: float
    world: World
    settings: Settings
    step: float
    now: float = field(init=False)
    asked: list[float] = field(default_factory=list)
    """When each request was answered."""

    def __post_init__(self) -> None:
        self.now = self.start
        self.settings.clock = lambda: self.now
        self.settings.before_request = self._pass_time

    def _pass_time(self) -> None:
        """Let some time go by before each answer, now and then much."""
        self.now = round(self.now + self.random.expovariate(1 / self.step), 3)
        self.asked.append(self.now)

    async def scrape(self, config: Config) -> tuple[list[Result], dict[Key, float]]:
        """Collect once; return the results and the samples of job families."""
        async with self.scraping(config) as scrape:
            return await scrape()

    @asynccontextmanager
    async def scraping(self, config: Config) -> AsyncIterator[Scrape]:
        """Yield what collects as often as it is called."""
        app = build(self.world, self.settings)

        def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=endpoint)

        scraper = assemble(config, Instruments(), connect)

        async def scrape() -> tuple[list[Result], dict[Key, float]]:
            results = await scraper.scrape(scraper.names, None)
            return results, samples(results)

        try:
            yield scrape
        finally:
            await scraper.aclose()


def samples(results: list[Result]) -> dict[Key, float]:
    """Return every sample about jobs by its key."""
    found = {}
    for family in families(results):
        for sample in family.samples:
            if "workspace" in sample.labels or "queue_type" in sample.labels:
                labels = {
                    name: value for name, value in sample.labels.items() if name not in {"api", "source"}
                }
                found[key(sample.name, **labels)] = sample.value
    return found


def scene(seed: int, start: float, *, sizes: Mapping[str, int], pace: Pace) -> Scene:
    """Draw a world and its manners."""
    random = Random(seed)
    settings = Settings(
        seed=seed,
        tolerance=math.inf,  # the signatures are of today, whatever the day of the world
        order=random.choice(list(ListingOrder)),
        pai_most_page_size=random.choice((3, 10, 50, 100)),
        dataarts_offset=random.choice(list(OffsetMeaning)),
        current_time=random.choice(list(CurrentTime)),
    )
    window = random.choice(pace.windows)
    world = random_world(seed, start=start, window=window, **sizes)
    return Scene(random=random, start=start, world=world, settings=settings, step=pace.step)


def configuration(folder: Path, source: str, **changes: float) -> Config:
    """Return the demo's configuration of one source; every endpoint is the simulated clouds."""
    path = folder / "demo.yaml"
    path.write_text(CONFIG)
    config = load(path, APIS, {"SIMULATED": "http://simulated"})
    chosen = next(one for one in config.sources if one.name == source)
    return Config(sources=(msgspec.structs.replace(chosen, **changes),))
