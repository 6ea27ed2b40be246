"""A world without end, for the demonstration: jobs are born, run, fail now and then, and are forgotten."""

import math
from collections.abc import Iterator, Sequence
from random import Random

from exporter.simulator.identities import (
    DATAARTS_WORKSPACES,
    OCTOPUS_PROJECT,
    OCTOPUS_WORKSPACES,
    PAI_DATASETS,
)
from exporter.simulator.world import dataarts, octopus, pai
from exporter.simulator.world.drawing import entering, lasting, thousandth
from exporter.simulator.world.factory import lasting_jobs, passing_job
from exporter.simulator.world.places import factory_workspaces, pai_datasets, pai_workspaces, studio_instances
from exporter.simulator.world.population import Endless, Fixed, United
from exporter.simulator.world.timeline import NEVER, Timeline
from exporter.simulator.world.world import World

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
BUCKET = 10 * MINUTE
"""Births are drawn for so much time at once."""

KEPT = 5 * HOUR
"""How long a job is still listed after its last change, on average."""

LISTED = 6 * HOUR
"""How long a job is listed from birth to vanishing, on average."""

LONGEST = 14 * HOUR
"""No job is listed longer than this."""

Road = tuple[tuple[str, float], ...]
"""States, and how long each usually lasts, in seconds."""

PAI_ROADS: tuple[tuple[int, Road], ...] = (
    (84, (("Pending", 90), ("Starting", 60), ("Running", 2400), ("Succeeded", NEVER))),
    (
        4,
        (
            ("Pending", 90),
            ("Running", 1500),
            ("Succeeded", 5400),
            ("Deleting", 60),
            ("Deleted", NEVER),
        ),
    ),
    (6, (("Pending", 90), ("Starting", 60), ("Running", 3000), ("PartialFailed", NEVER))),
    (3, (("Pending", 90), ("Starting", 60), ("Running", 600), ("Failed", NEVER))),
    (3, (("Pending", 90), ("Starting", 60), ("Running", 900), ("ManuallyStop", NEVER))),
)
OCTOPUS_ROADS: tuple[tuple[int, Road], ...] = (
    (88, (("QUEUING", 900), ("LAUNCHING", 60), ("RUNNING", 1500), ("UPLOADING", 240), ("FINISHED", NEVER))),
    (2, (("QUEUING", 300), ("SUBMIT_FAILED", NEVER))),
    (4, (("QUEUING", 900), ("LAUNCHING", 60), ("RUNNING", 700), ("RUN_FAILED", NEVER))),
    (
        2,
        (
            ("QUEUING", 900),
            ("LAUNCHING", 60),
            ("RUNNING", 1500),
            ("UPLOADING", 240),
            ("UPLOAD_FAILED", NEVER),
        ),
    ),
    (2, (("QUEUING", 900), ("LAUNCHING", 60), ("RUNNING", 600), ("STOPPED", NEVER))),
    (2, (("QUEUING", 600), ("STOPPED", NEVER))),
)
QUEUE_WAITS = {"PROCESSOR": 15 * MINUTE, "RESIM": 25 * MINUTE}


def living_world(seed: int, start: float, *, jobs: int = 300) -> World:
    """Build a world that goes on for ever, with about ``jobs`` jobs in the list of each API at any time.

    Workspaces and datasets were made some weeks before ``start``. The same arguments give the same world;
    any moment may be asked about, in any order, and memory does not grow with time.
    """
    with_jobs = [name for name, (_, edition, _) in PAI_DATASETS.items() if edition != "BASIC"]
    return World(
        pai_workspaces=Fixed(pai_workspaces(start)),
        pai_datasets=Fixed(pai_datasets(start)),
        pai_jobs={name: _dataset_jobs(seed, name, jobs / len(with_jobs)) for name in with_jobs},
        octopus_jobs={
            workspace: _system_jobs(seed, workspace, jobs * share)
            for workspace, share in zip(OCTOPUS_WORKSPACES, (0.7, 0.3), strict=True)
        },
        octopus_queues={queue_type: _queue(seed, queue_type, jobs) for queue_type in QUEUE_WAITS},
        factory_jobs={
            (workspace, kind): United(
                (
                    Fixed(lasting_jobs(seed, workspace, kind, round(jobs * share * 0.45), start)),
                    _passing(seed, workspace, kind, jobs * share * 0.05),
                )
            )
            for workspace in DATAARTS_WORKSPACES
            for kind, share in (("BATCH", 0.8), ("REAL_TIME", 0.2))
        },
        factory_workspaces=factory_workspaces(start),
        studio_instances=studio_instances(),
    )


def _dataset_jobs(seed: int, dataset: str, jobs: float) -> Endless[pai.DatasetJob]:
    """Return the jobs of one dataset."""
    return Endless(
        lambda number: tuple(
            _dataset_job(random, dataset, number, born)
            for random, born in _births(f"{seed} pai {dataset}", number, jobs)
        ),
        width=BUCKET,
        longest=LONGEST,
    )


def _dataset_job(random: Random, dataset: str, number: int, born: float) -> pai.DatasetJob:
    """Draw a job of PAI; whole seconds, as there."""
    timeline = _life(random, PAI_ROADS, float(int(born)), whole=True)
    started = entering(timeline, {"Running"})
    finished = entering(timeline, pai.FINISHED)
    files = random.choice((120, 1000, 5000, 40_000)) + random.randrange(100)
    outcome = next(
        (state for state in timeline.states if state in ("PartialFailed", "Failed", "ManuallyStop")), ""
    )
    shares = {"PartialFailed": (1.0, 0.04), "Failed": (0.3, 0.3), "ManuallyStop": (0.5, 0.0)}
    processed_share, failed_share = shares.get(outcome, (1.0, 0.0))
    steps = 25
    return pai.DatasetJob(
        id=f"dsjob-{random.getrandbits(64):016x}",
        action=random.choices(pai.ACTIONS, (30, 30, 10, 20, 5, 5))[0],
        mode=random.choices(("Full", "Increment"), (1, 2))[0],
        workspace=PAI_DATASETS[dataset][0],
        version=random.choice(("v1", "v2")),
        timeline=timeline,
        description=f"夜间处理 nightly round {number % 1000}",
        spec='{\\"modelId\\":\\"demo-model\\"}',
        started=started,
        finished=finished,
        files=files,
        processed=int(files * processed_share),
        failed=int(files * failed_share),
        steps=tuple(
            thousandth(started + (finished - started) * step / steps) for step in range(1, steps + 1)
        ),
    )


def _system_jobs(seed: int, workspace: str, jobs: float) -> Endless[octopus.SystemJob]:
    """Return the internal jobs of one workspace."""
    shift = OCTOPUS_WORKSPACES.index(workspace)
    return Endless(
        lambda number: tuple(
            _system_job(random, workspace, born, (number * 100_000 + index) * 10 + shift)
            for index, (random, born) in enumerate(_births(f"{seed} octopus {workspace}", number, jobs))
        ),
        width=BUCKET,
        longest=LONGEST,
    )


def _system_job(random: Random, workspace: str, born: float, number: int) -> octopus.SystemJob:
    """Draw an internal job of Octopus, and its place in the queue."""
    timeline = _life(random, OCTOPUS_ROADS, born)
    return octopus.queued(
        octopus.SystemJob(
            id=number,
            job_type=random.choices(octopus.JOB_TYPES, (30, 5, 25, 15, 15, 10))[0],
            data_id=f"DPK{random.randint(1, 400):07d}",
            project=OCTOPUS_PROJECT,
            workspace=workspace,
            timeline=timeline,
            started=entering(timeline, {"RUNNING"}),
            ended=entering(timeline, octopus.ENDED),
            resource_spec=random.choice(("1Core_4GiB", "4Core_16GiB", "8Core_32GiB")),
            msg_code=random.choice((1, 107, 201, 202, 10003)),
            msg_error="容器启动失败, see the log of the job",
        ),
        entry_id=number + 5,
        priority=random.choices((0, 1, 2), (6, 3, 1))[0],
    )


def _queue(seed: int, queue_type: str, jobs: int) -> Endless[octopus.QueueEntry]:
    """Return a queue of operators' jobs, in which about a tenth of ``jobs`` wait."""
    wait, shift = QUEUE_WAITS[queue_type], 2 + tuple(QUEUE_WAITS).index(queue_type)
    return Endless(
        lambda number: tuple(
            _queue_entry(random, queue_type, born, wait, (number * 100_000 + index) * 10 + shift)
            for index, (random, born) in enumerate(
                _births(f"{seed} queue {queue_type}", number, jobs * 0.1 * LISTED / wait)
            )
        ),
        width=BUCKET,
        longest=2 * HOUR,
    )


def _queue_entry(
    random: Random, queue_type: str, born: float, wait: float, number: int
) -> octopus.QueueEntry:
    """Draw a place in a queue; one in ten is given a new rank."""
    left = thousandth(born + lasting(random, wait))
    moved = random.choices((True, False), (1, 9))[0]
    times = (born, thousandth((born + left) / 2)) if moved else (born,)
    return octopus.QueueEntry(
        id=number,
        job_id=number + 1_000_000_000_000,
        queue_type=queue_type,
        timeline=Timeline(times=times, states=("WAITING", "MOVED")[: len(times)], gone=left),
        data_id=f"DPK{random.randint(1, 400):07d}",
        project=OCTOPUS_PROJECT,
        workspace=random.choice(OCTOPUS_WORKSPACES),
        priority=random.choices((0, 1, 2), (6, 3, 1))[0],
        processor_id=random.randint(1, 9),
        processor_name=random.choice(("lane-marker", "object-tracker", "sign-reader")),
        source="USER",
        output_type="REPLAY_SIM" if queue_type == "RESIM" else random.choice(octopus.OUTPUT_TYPES),
        cluster_type=random.choice(("CCE", "MODELARTS")),
        cluster_id="0c1c57e4000000000000000000000001",
    )


def _passing(seed: int, workspace: str, kind: str, jobs: float) -> Endless[dataarts.FactoryJob]:
    """Return jobs of DataArts Factory that are made, run for some hours, and are deleted."""
    return Endless(
        lambda number: tuple(
            passing_job(random, workspace, kind, born, f"adhoc_{kind.lower()}_{number}_{index}")
            for index, (random, born) in enumerate(
                _births(f"{seed} factory {workspace} {kind}", number, jobs)
            )
        ),
        width=BUCKET,
        longest=LONGEST,
    )


def _births(stream: str, number: int, jobs: float) -> Iterator[tuple[Random, float]]:
    """Yield a source of chance and a moment for each birth of one bucket.

    There are as many as keep about ``jobs`` listed, with more by day than by night.
    """
    random = Random(f"{stream} {number}")  # noqa: S311 - a world to look at, not a secret
    begin = number * BUCKET
    wave = 1 + 0.4 * math.sin(2 * math.pi * begin / DAY)
    rate, moment = jobs / LISTED * wave, 0.0
    while rate > 0:
        moment += random.expovariate(rate)
        if moment >= BUCKET:
            return
        yield random, thousandth(begin + moment)


def _life(random: Random, roads: Sequence[tuple[int, Road]], born: float, *, whole: bool = False) -> Timeline:
    """Draw a road by its weight, and how long each stage of it lasts."""
    road = random.choices([road for _, road in roads], [weight for weight, _ in roads])[0]
    times, moment = [], born
    for _, usual in road:
        times.append(moment)
        length = 0.0 if usual == NEVER else lasting(random, usual)
        moment = float(int(moment + length)) if whole else thousandth(moment + length)
    gone = min(times[-1] + random.uniform(0.8, 1.2) * KEPT, born + LONGEST)
    return Timeline(times=tuple(times), states=tuple(state for state, _ in road), gone=thousandth(gone))
