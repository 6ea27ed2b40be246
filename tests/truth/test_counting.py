"""Over random worlds with a long history: lists that are counted give the numbers of those that are read."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from exporter.apis import octopus, pai_dataset_jobs
from exporter.apis.paging import Way
from exporter.simulator.identities import OCTOPUS_PROJECT, PAI_DATASETS, PAI_WORKSPACES
from exporter.simulator.settings import CurrentTime
from exporter.simulator.world.drawing import entering
from exporter.simulator.world.octopus import ENDED, JOB_TYPES, SystemJob
from exporter.simulator.world.pai import ACTIONS, FINISHED, DatasetJob
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World
from tests.truth import truth
from tests.truth.judging import TruthAt, missing, over_time, untrue
from tests.truth.scene import Pace, Scene, configuration, scene

HISTORY = 620
WORLDS = 8
"""Of each API; a longer run by hand takes more seeds."""
LOOKBACK = 3600.0
START = 1_900_000_000.0
PACES = (
    Pace(windows=(60.0, 600.0), step=0.002),
    Pace(windows=(600.0, 3000.0), step=0.02),
    Pace(windows=(20.0, 60.0), step=0.01),
)


def past_job(random: Random, number: int, workspace: str, start: float) -> SystemJob:
    """Draw a job that ended, mostly long ago."""
    ended = start - random.uniform(10, 8000) if random.random() < 0.1 else random.uniform(8000, 1e7)
    life = random.choice((random.uniform(1, 3000), random.uniform(3000, 90000)))
    status = random.choice(sorted(ENDED))
    times = sorted(round(ended - life * share, 3) for share in (1.0, random.random(), 0.0))
    timeline = Timeline(times=tuple(times), states=("QUEUING", "RUNNING", status))
    return SystemJob(
        id=7 * 10**12 + number,
        job_type=random.choice(JOB_TYPES),
        data_id="DPK0000001",
        project=OCTOPUS_PROJECT,
        workspace=workspace,
        timeline=timeline,
        started=entering(timeline, {"RUNNING"}),
        ended=entering(timeline, ENDED),
    )


def past_dataset_job(random: Random, number: int, dataset: str, start: float) -> DatasetJob:
    """Draw a job of PAI that ended, mostly long ago; whole seconds, as there."""
    ended = float(
        int(start - (random.uniform(10, 8000) if random.random() < 0.1 else random.uniform(8000, 1e7)))
    )
    life = random.choice((random.randint(2, 3000), random.randint(3000, 90000)))
    status = random.choice(sorted(FINISHED))
    times = (ended - life, ended - random.randint(1, life), ended)
    return DatasetJob(
        id=f"dsjob-past{number:012d}",
        action=random.choice(ACTIONS),
        mode="Full",
        workspace=PAI_DATASETS[dataset][0],
        version="v1",
        timeline=Timeline(times=times, states=("Pending", "Running", status)),
        started=times[1],
        finished=ended,
        files=100,
        processed=random.randint(0, 100),
        steps=(ended,),
    )


def with_history(world: World, seed: int, start: float) -> World:
    """Return the world with some hundred jobs more of Octopus and of PAI that are over."""
    random = Random(f"history {seed}")
    # Random worlds are fixed, so they can be taken apart.
    octopus_jobs = {name: crowd.between(0.0, math.inf) for name, crowd in world.octopus_jobs.items()}
    pai_jobs = {name: crowd.between(0.0, math.inf) for name, crowd in world.pai_jobs.items()}
    workspace = sorted(octopus_jobs)[seed % len(octopus_jobs)]
    dataset = sorted(name for name in pai_jobs if PAI_DATASETS[name][0] == PAI_WORKSPACES[0])[0]
    past = tuple(past_job(random, number, workspace, start) for number in range(HISTORY))
    past_on_files = tuple(past_dataset_job(random, number, dataset, start) for number in range(HISTORY))
    return replace(
        world,
        octopus_jobs={
            name: Fixed((*jobs, *(past if name == workspace else ()))) for name, jobs in octopus_jobs.items()
        },
        pai_jobs={
            name: Fixed((*jobs, *(past_on_files if name == dataset else ())))
            for name, jobs in pai_jobs.items()
        },
    )


TRUTHS: dict[str, Callable[[World], TruthAt]] = {
    "octopus": lambda world: partial(truth.octopus, world),
    "pai-vision": lambda world: partial(truth.pai, world, PAI_WORKSPACES[0]),
}


def draw(source: str, seed: int) -> Scene:
    """Draw a world of many past jobs and a few that move."""
    random = Random(f"size {source} {seed}")
    sizes = dict.fromkeys(("dataset_jobs", "system_jobs", "queue_entries", "dataarts_jobs"), 0)
    sizes["system_jobs" if source == "octopus" else "dataset_jobs"] = random.choice((3, 20, 60))
    one = scene(seed, START + seed / 7, sizes=sizes, pace=PACES[seed % 3])
    one.world = with_history(one.world, seed, one.start)
    one.settings.current_time = random.choice(list(CurrentTime))
    one.settings.pai_most_page_size = 100
    return one


async def judge(source: str, seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Scrape one world a few times; return how each ended."""
    random = Random(seed)
    for module in (octopus, pai_dataset_jobs):
        monkeypatch.setattr(module, "PAGE_SIZE", random.choice((11, 12)))
    one = draw(source, seed)
    config = configuration(
        folder,
        source,
        requests_per_second=1e9,
        timeout=300.0,
        lookback=LOOKBACK,
        concurrency=random.choice((1, 4, 16)),
    )
    endings = []
    async with one.scraping(config) as scrape:
        for _ in range(3):
            began, known = one.now, len(one.asked)
            [result], exported = await scrape()
            assert result.error is None, result.error
            assert result.snapshot is not None
            if not result.snapshot.complete:
                endings.append("incomplete")
                continue
            is_counted = Way.COUNT in {report.way for report in result.snapshot.walks}
            check_exactly(one, TRUTHS[source](one.world), exported, began, one.asked[known:], is_counted)
            endings.append("counted" if is_counted else "read")
    return endings


def check_exactly(
    one: Scene,
    truth_at: TruthAt,
    exported: dict[truth.Key, float],
    began: float,
    asked: list[float],
    is_counted: bool,
) -> None:
    """Every number was true at some moment of the scrape, and what was there all the time is exported."""
    # Counts are of the last moments, and durations were told before; a list that is read is of the first.
    span, likely = (began - one.now, asked[::-1]) if is_counted else (one.now - began, asked)
    moments = [*likely, began, *one.world.moments(began, one.now), one.now]
    assert untrue(exported, over_time(truth_at, moments, LOOKBACK, span)) == {}
    assert missing(exported, over_time(truth_at, likely, LOOKBACK, span)) == set()


@pytest.mark.parametrize("source", TRUTHS)
async def test_every_counted_number_is_true_or_marked(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings: Counter[str] = Counter()
    for seed in range(WORLDS):
        endings.update(await judge(source, seed, tmp_path, monkeypatch))
    assert endings["counted"] >= 0.5 * endings.total(), endings
