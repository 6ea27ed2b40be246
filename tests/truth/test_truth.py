"""Over hundreds of random worlds: each exported number is true, or the list is marked as incomplete.

The worlds change while they are being read: jobs arrive, change, finish and vanish between two pages.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from exporter.apis import APIS, dataarts_jobs, octopus, pai_dataset_jobs
from exporter.simulator.identities import PAI_WORKSPACES
from exporter.simulator.settings import OffsetMeaning
from exporter.simulator.world.world import World
from tests.truth import truth
from tests.truth.judging import TruthAt, missing, out_of_bounds, over_time, untrue
from tests.truth.scene import PACES, Scene, configuration, scene
from tests.truth.truth import Key

WORLDS = 52
"""Of each API; the four together are more than the 200 that are promised."""
SIZES = (0, 1, 7, 40, 60, 80, 120, 150, 220, 300, 420, 2000)
LOOKBACK = 3600.0
START = 1_900_000_000.0
QUEUES = ("PROCESSOR", "INTERNAL", "RESIM")

OF_WORLD: dict[str, tuple[str, Callable[[World], TruthAt]]] = {
    "pai-vision": ("dataset_jobs", lambda world: partial(truth.pai, world, PAI_WORKSPACES[0])),
    "octopus": ("system_jobs", lambda world: partial(truth.octopus, world)),
    "octopus-queue": ("queue_entries", lambda world: lambda t, **_: truth.queues(world, QUEUES, t)),
    "dataarts": ("dataarts_jobs", lambda world: lambda t, **_: truth.dataarts(world, t)),
}


def draw(seed: int, source: str, *, most: int = 2000) -> Scene:
    """Draw a world for one source."""
    sizes = dict.fromkeys(("dataset_jobs", "system_jobs", "queue_entries", "dataarts_jobs"), 0)
    size = Random(seed).choice(SIZES)
    sizes[OF_WORLD[source][0]] = min(size, most)
    if source == "octopus-queue":
        sizes["system_jobs"] = 30
    return scene(seed, START + seed / 7, sizes=sizes, pace=PACES[seed % 3])


def lying(scene: Scene, seed: int) -> None:
    """Let one cloud in eight lie about the totals of its jobs, now and then or always."""
    if seed % 8 == 5:
        amount = Random(seed).choice(("+1", "-1", "+250", "-3"))
        rate = Random(seed).choice((0.3, 1.0))
        for api in APIS:
            scene.settings.faults.add(f"{api}:wrong-total={amount}:{rate}")


async def judge(source: str, seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Scrape one world and judge every number; return how the scrape ended."""
    random = Random(f"{source} {seed}")
    one = draw(seed, source)
    lying(one, seed)
    # Pages of any size: whatever a cloud's limit, no walk may depend on it.
    size = random.choice((1, 3, 10, 20, 50, 100))
    for module in (pai_dataset_jobs, octopus, dataarts_jobs):
        monkeypatch.setattr(module, "PAGE_SIZE", size)
    config = configuration(
        folder,
        source,
        requests_per_second=1e9,
        timeout=300.0,
        lookback=LOOKBACK,
        concurrency=random.choice((1, 4, 16)),
    )
    [result], exported = await one.scrape(config)
    assert result.error is None, result.error
    assert result.snapshot is not None
    if not result.snapshot.complete:
        return "incomplete"
    truth_at = OF_WORLD[source][1](one.world)
    if source == "dataarts":
        check_bounds(one, exported)
    else:
        check_exactly(one, truth_at, exported, result.snapshot.as_of)
    return "several pages" if result.snapshot.listed > 4 * size else "few pages"


def check_exactly(one: Scene, truth_at: TruthAt, exported: dict[Key, float], as_of: float) -> None:
    """Every number was true at some moment of the scrape, and what was there all the time is exported."""
    changes = [one.start, *one.world.moments(one.start, one.now), one.now]
    span = one.now - one.start
    # A walk answers for the moment of its first page, in whole seconds: look at these first.
    asked = sorted(one.asked, key=lambda moment: abs(moment - as_of - 0.5))
    assert untrue(exported, over_time(truth_at, [*asked, *changes], LOOKBACK, span)) == {}
    assert missing(exported, over_time(truth_at, asked, LOOKBACK, span)) == set()


def check_bounds(one: Scene, exported: dict[Key, float]) -> None:
    """No count is below what was so throughout, or above what was so at any moment.

    DataArts tells no time for the start of a run, so over several pages this is what can be promised.
    """
    always, ever = truth.dataarts_bounds(one.world, one.start, one.now)
    assert out_of_bounds(exported, always, ever) == {}


@pytest.mark.parametrize("source", OF_WORLD)
async def test_every_number_is_true_or_marked(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = Counter([await judge(source, seed, tmp_path, monkeypatch) for seed in range(WORLDS)])
    # It must not be honest by never claiming anything.
    assert endings["several pages"] >= WORLDS / 10, endings
    assert endings["incomplete"] >= WORLDS / 20, endings


@pytest.mark.parametrize("meaning", OffsetMeaning)
async def test_dataarts_numbers_of_one_page_each_are_exact(tmp_path: Path, meaning: OffsetMeaning) -> None:
    for seed in range(20):
        one = draw(seed, "dataarts", most=100)
        one.settings.dataarts_offset = meaning
        [result], exported = await one.scrape(configuration(tmp_path, "dataarts", requests_per_second=1e9))
        assert result.snapshot is not None
        assert result.snapshot.complete
        check_exactly(one, OF_WORLD["dataarts"][1](one.world), exported, result.snapshot.as_of)
