"""Jobs that were over long ago, so many that a list of them is counted rather than read."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import inf
from random import Random

from exporter.simulator.identities import OCTOPUS_PROJECT, OCTOPUS_WORKSPACES, PAI_DATASETS
from exporter.simulator.world.drawing import entering
from exporter.simulator.world.octopus import ENDED, JOB_TYPES, SystemJob
from exporter.simulator.world.pai import ACTIONS, FINISHED, DatasetJob
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World
from tests.truth import truth
from tests.truth.truth import COUNTS, Numbers

PAST_JOBS = 330
"""With pages of six rows more than counting takes requests."""
LONG_AGO = (20_000, 10_000_000)
"""So many seconds before ``START`` they ended: no lookback of a test reaches them."""
START = 1_900_000_000.0
WORKSPACE = OCTOPUS_WORKSPACES[0]
DATASET = next(iter(PAI_DATASETS))


def _life(random: Random, status: str, active: Sequence[str]) -> Timeline:
    ended = START - random.randint(*LONG_AGO)
    created = ended - random.randint(2, 80_000)
    begun = random.randint(int(created), int(ended))
    return Timeline(times=(created, float(begun), ended), states=(*active, status))


@cache
def past_system_jobs() -> tuple[SystemJob, ...]:
    """Return jobs of Octopus, the same ones always."""
    random = Random("past jobs of Octopus")
    jobs = []
    for number in range(PAST_JOBS):
        timeline = _life(random, random.choice(sorted(ENDED)), ("QUEUING", "RUNNING"))
        job = SystemJob(
            id=7 * 10**12 + number,
            job_type=random.choice(JOB_TYPES),
            data_id="DPK0000001",
            project=OCTOPUS_PROJECT,
            workspace=WORKSPACE,
            timeline=timeline,
            started=entering(timeline, {"RUNNING"}),
            ended=entering(timeline, ENDED),
        )
        jobs.append(job)
    return tuple(jobs)


@cache
def past_dataset_jobs() -> tuple[DatasetJob, ...]:
    """Return jobs of PAI, the same ones always."""
    random = Random("past jobs of PAI")
    jobs = []
    for number in range(PAST_JOBS):
        timeline = _life(random, random.choice(sorted(FINISHED)), ("Pending", "Running"))
        job = DatasetJob(
            id=f"dsjob-past{number:012d}",
            action=random.choice(ACTIONS),
            mode="Full",
            workspace=PAI_DATASETS[DATASET][0],
            version="v1",
            timeline=timeline,
            started=timeline.times[1],
            finished=timeline.times[2],
            files=100,
            processed=random.randint(0, 100),
            steps=timeline.times[2:],
        )
        jobs.append(job)
    return tuple(jobs)


def with_history(world: World, source: str) -> World:
    """Return a world of ``random_world`` with the past jobs of one source in its first list."""
    if source == "octopus":
        jobs = (*world.octopus_jobs[WORKSPACE].between(0.0, inf), *past_system_jobs())
        return replace(world, octopus_jobs={**world.octopus_jobs, WORKSPACE: Fixed(jobs)})
    dataset_jobs = (*world.pai_jobs[DATASET].between(0.0, inf), *past_dataset_jobs())
    return replace(world, pai_jobs={**world.pai_jobs, DATASET: Fixed(dataset_jobs)})


@cache
def history_of(name: str) -> Numbers:
    """Return what the past jobs add to the numbers of a list, whenever it is looked at."""
    if name == WORKSPACE:
        world = World(octopus_jobs={WORKSPACE: Fixed(past_system_jobs())})
        return truth.octopus_list(world, WORKSPACE, START, since=START, age=0.0)
    if name == DATASET:
        world = World(pai_jobs={DATASET: Fixed(past_dataset_jobs())})
        return truth.pai_list(world, DATASET, START, since=START, age=0.0)
    return {}


def with_the_past(numbers: Numbers, name: str) -> Numbers:
    """Return the numbers of a list together with those of its past jobs."""
    whole = dict(numbers)
    for key, value in history_of(name).items():
        whole[key] = whole.get(key, 0.0) + value if key[0] in COUNTS else max(whole.get(key, value), value)
    return whole
