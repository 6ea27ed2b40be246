"""Over random worlds with a long history: lists that are counted give the numbers of those that are read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from exporter.apis import octopus
from exporter.apis.paging import Way
from exporter.simulator.identities import OCTOPUS_PROJECT, OCTOPUS_WORKSPACES
from exporter.simulator.settings import CurrentTime
from exporter.simulator.world.drawing import entering
from exporter.simulator.world.octopus import ENDED, JOB_TYPES, SystemJob
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World
from tests.truth import truth
from tests.truth.judging import missing, over_time, untrue
from tests.truth.scene import Pace, Scene, configuration, scene

WORLDS = 24
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


def with_history(world: World, seed: int, start: float) -> World:
    """Return the world with some hundred jobs more that are over."""
    random = Random(f"history {seed}")
    jobs: Mapping[str, Fixed[SystemJob]] = world.octopus_jobs  # type: ignore[assignment]  # random worlds are fixed
    most = OCTOPUS_WORKSPACES[seed % len(OCTOPUS_WORKSPACES)]
    long = {
        name: Fixed(
            (
                *jobs[name].members,
                *(
                    past_job(random, 1000 * index + number, name, start)
                    for number in range(550 if name == most else 20)
                ),
            )
        )
        for index, name in enumerate(OCTOPUS_WORKSPACES)
    }
    return replace(world, octopus_jobs=long)


def draw(seed: int) -> Scene:
    """Draw a world of many past jobs and a few that move."""
    random = Random(f"size {seed}")
    sizes = {"dataset_jobs": 0, "queue_entries": 0, "dataarts_jobs": 0}
    one = scene(
        seed,
        START + seed / 7,
        sizes=sizes | {"system_jobs": random.choice((3, 20, 60))},
        pace=PACES[seed % 3],
    )
    one.world = with_history(one.world, seed, one.start)
    one.settings.current_time = random.choice(list(CurrentTime))
    return one


async def judge(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Scrape one world a few times; return how each ended."""
    random = Random(seed)
    monkeypatch.setattr(octopus, "PAGE_SIZE", random.choice((12, 13)))
    one = draw(seed)
    config = configuration(
        folder,
        "octopus",
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
            check_exactly(one, exported, began, one.asked[known:], is_counted=is_counted)
            endings.append("counted" if is_counted else "read")
    return endings


def check_exactly(
    one: Scene, exported: dict[truth.Key, float], began: float, asked: list[float], *, is_counted: bool
) -> None:
    """Every number was true at some moment of the scrape, and what was there all the time is exported."""
    truth_at = partial(truth.octopus, one.world)
    # Counts are of the last moments, and durations were told before; a list that is read is of the first.
    span, likely = (began - one.now, asked[::-1]) if is_counted else (one.now - began, asked)
    moments = [*likely, began, *one.world.moments(began, one.now), one.now]
    assert untrue(exported, over_time(truth_at, moments, LOOKBACK, span)) == {}
    assert missing(exported, over_time(truth_at, likely, LOOKBACK, span)) == set()


async def test_every_counted_number_is_true_or_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings: Counter[str] = Counter()
    for seed in range(WORLDS):
        endings.update(await judge(seed, tmp_path, monkeypatch))
    assert endings["counted"] >= 0.8 * endings.total(), endings
