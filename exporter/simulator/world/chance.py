"""A world for property tests: everything happens around a few given seconds."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from exporter.simulator.identities import (
    DATAARTS_WORKSPACES,
    OCTOPUS_PROJECT,
    OCTOPUS_WORKSPACES,
    PAI_DATASETS,
)
from exporter.simulator.world import dataarts, octopus, pai
from exporter.simulator.world.drawing import entering, thousandth
from exporter.simulator.world.places import factory_workspaces, pai_datasets, pai_workspaces, studio_instances
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import NEVER, Listed, Timeline
from exporter.simulator.world.world import World

Item = TypeVar("Item", bound=Listed)
Scope = TypeVar("Scope")

PAI_LIVES = (
    ("Pending", "Starting", "Running", "Succeeded"),
    ("Pending", "Running", "Succeeded", "Deleting", "Deleted"),
    ("Pending", "Starting", "Running", "PartialFailed"),
    ("Pending", "Running", "Failed"),
    ("Pending", "ManuallyStop"),
    ("Starting", "Running", "ManuallyStop", "Deleting"),
)
OCTOPUS_LIVES = (
    ("QUEUING", "LAUNCHING", "RUNNING", "UPLOADING", "FINISHED"),
    ("QUEUING", "LAUNCHING", "RUNNING", "FINISHED"),
    ("QUEUING", "SUBMIT_FAILED"),
    ("LAUNCHING", "RUNNING", "RUN_FAILED"),
    ("QUEUING", "LAUNCHING", "RUNNING", "UPLOADING", "UPLOAD_FAILED"),
    ("QUEUING", "STOPPED"),
    ("QUEUING", "RUNNING", "STOPPED"),
)
FACTORY_LIVES = {
    "BATCH": (
        ("SCHEDULING",),
        ("SCHEDULING", "PAUSED", "SCHEDULING"),
        ("STOPPED", "SCHEDULING"),
        ("STOPPED",),
    ),
    "REAL_TIME": (
        ("STARTING", "NORMAL"),
        ("NORMAL", "EXCEPTION", "NORMAL"),
        ("NORMAL", "STOPPING", "STOPPED"),
    ),
}
OUTCOMES = ("success", "success", "success", "fail", "running-exception", "manual-stop")


def random_world(
    seed: int,
    *,
    start: float,
    window: float = 5.0,
    dataset_jobs: int | None = None,
    system_jobs: int | None = None,
    queue_entries: int | None = None,
    dataarts_jobs: int | None = None,
    most: int = 2000,
) -> World:
    """Build a world whose births, changes and vanishings crowd around [start, start + window] seconds.

    Each number is that of one API, over all its datasets, workspaces or types; left out, it is drawn between
    0 and ``most``, mostly small. ``queue_entries`` are those of the queues PROCESSOR and RESIM; the internal
    queue follows from the system jobs. The same arguments give the same world.
    """
    draw = _Draw(Random(seed), start, window)  # noqa: S311 - a world to test with, not a secret
    with_jobs = [name for name, (_, edition, _) in PAI_DATASETS.items() if edition != "BASIC"]
    factory_scopes = [(workspace, kind) for workspace in DATAARTS_WORKSPACES for kind in dataarts.JOB_TYPES]
    return World(
        pai_workspaces=Fixed(pai_workspaces(start)),
        pai_datasets=Fixed(pai_datasets(start)),
        pai_jobs=draw.spread(draw.size(dataset_jobs, most), with_jobs, draw.dataset_job),
        octopus_jobs=draw.spread(draw.size(system_jobs, most), OCTOPUS_WORKSPACES, draw.system_job),
        octopus_queues=draw.spread(draw.size(queue_entries, most), ("PROCESSOR", "RESIM"), draw.queue_entry),
        factory_jobs=draw.spread(draw.size(dataarts_jobs, most), factory_scopes, draw.factory_job),
        factory_workspaces=factory_workspaces(start),
        studio_instances=studio_instances(),
    )


class _Draw:
    """Draws lives one after the other."""

    def __init__(self, random: Random, start: float, window: float) -> None:
        self._random = random
        self._start = start
        self._window = window

    def size(self, wanted: int | None, most: int) -> int:
        """Return ``wanted``, or a number up to ``most``: none, few, some or many."""
        if wanted is not None:
            return wanted
        return self._random.randint(0, min(most, self._random.choice((0, 3, 12, 60, 260, 2000))))

    def spread(
        self, number: int, scopes: Sequence[Scope], make: Callable[[int, Scope], Item]
    ) -> dict[Scope, Fixed[Item]]:
        """Give each of ``number`` new things to one of ``scopes``, some of which get more than others."""
        weights = [0.1 + self._random.random() for _ in scopes]
        crowds: dict[Scope, list[Item]] = {scope: [] for scope in scopes}
        for index in range(number):
            scope = self._random.choices(scopes, weights)[0]
            crowds[scope].append(make(index, scope))
        return {scope: Fixed(tuple(crowd)) for scope, crowd in crowds.items()}

    def dataset_job(self, index: int, dataset: str) -> pai.DatasetJob:
        """Draw a job of PAI; whole seconds, as there."""
        random = self._random
        timeline = self._life(random.choice(PAI_LIVES), unit=1)
        started = entering(timeline, {"Running"})
        finished = entering(timeline, pai.FINISHED)
        files = random.randint(0, 1000)
        failing = {"PartialFailed", "Failed"} & set(timeline.states)
        processed = files if timeline.states[-1] != "ManuallyStop" else random.randint(0, files)
        until = finished if finished != NEVER else started + random.uniform(1, 10)
        return pai.DatasetJob(
            id=f"dsjob-{self._identifier(index):016x}",
            action=random.choice(pai.ACTIONS),
            mode=random.choice(("Full", "Increment")),
            workspace=PAI_DATASETS[dataset][0],
            version=random.choice(("v1", "v2")),
            timeline=timeline,
            description="随机任务 \N{EN DASH} a job of chance",
            spec='{\\"modelId\\":\\"xxx\\"}',
            started=started,
            finished=finished,
            files=files,
            processed=processed,
            failed=random.randint(0, processed) if failing else 0,
            steps=()
            if started == NEVER
            else tuple(sorted(thousandth(random.uniform(started, until)) for _ in "abcd")),
            finish_told_early=self._happens(0.1),
        )

    def system_job(self, index: int, workspace: str) -> octopus.SystemJob:
        """Draw an internal job of Octopus, and its place in the queue."""
        random = self._random
        timeline = self._life(random.choice(OCTOPUS_LIVES))
        number = self._identifier(index)
        job = octopus.SystemJob(
            id=number,
            job_type=random.choice(octopus.JOB_TYPES),
            data_id=f"DPK{random.randint(1, 50):07d}",
            project=OCTOPUS_PROJECT,
            workspace=workspace,
            timeline=timeline,
            started=entering(timeline, {"RUNNING"}),
            ended=entering(timeline, octopus.ENDED),
            resource_spec=random.choice(("1Core_4GiB", "8Core_32GiB")),
            msg_code=random.choice((1, 107, 201, 10003)),
            msg_error="容器启动失败 \N{EN DASH} see the log",
        )
        return octopus.queued(job, entry_id=number + 1, priority=random.randint(0, 3))

    def queue_entry(self, index: int, queue_type: str) -> octopus.QueueEntry:
        """Draw a place in a queue of operators, which may be given a new rank."""
        random = self._random
        number = self._identifier(index)
        return octopus.QueueEntry(
            id=number,
            job_id=number + 1,
            queue_type=queue_type,
            timeline=self._life(random.choice((("WAITING",), ("WAITING", "MOVED"))), leaves=0.8),
            data_id=f"DPK{random.randint(1, 50):07d}",
            project=OCTOPUS_PROJECT,
            workspace=random.choice(OCTOPUS_WORKSPACES),
            priority=random.randint(0, 3),
            processor_id=random.randint(1, 9),
            processor_name=random.choice(("lane-marker", "object-tracker")),
            source="USER",
            output_type=random.choice(octopus.OUTPUT_TYPES),
            cluster_type=random.choice(("CCE", "MODELARTS")),
            cluster_id="0c1c57e4000000000000000000000001",
        )

    def factory_job(self, index: int, scope: tuple[str, str]) -> dataarts.FactoryJob:
        """Draw a job of DataArts Factory, with instances that start again and again if it is BATCH."""
        random = self._random
        workspace, job_type = scope
        timeline = self._life(random.choice(FACTORY_LIVES[job_type]))
        scheduled = entering(timeline, {"SCHEDULING", "STARTING", "NORMAL"})
        return dataarts.FactoryJob(
            name=f"job_{self._identifier(index)}",
            job_type=job_type,
            workspace=workspace,
            user=random.choice(("demo_user", "demo_robot")),
            timeline=timeline,
            scheduled=None if scheduled == NEVER else scheduled,
            schedule_end=random.choice((None, self._start + 86_400 * 365)),
            runs=self._runs(timeline, scheduled) if job_type == "BATCH" and scheduled != NEVER else None,
        )

    def _runs(self, timeline: Timeline, scheduled: float) -> dataarts.Runs:
        """Draw instances for as long as the first stretch of scheduling lasts."""
        random = self._random
        period = random.randint(300, 5000)
        following = timeline.times.index(scheduled) + 1
        return dataarts.Runs(
            first=round(scheduled * 1000) + random.randint(0, 2000),
            period=period,
            duration=random.randint(1, period - 1),
            outcomes=tuple(random.choice(OUTCOMES) for _ in range(5)),
            until=timeline.times[following] if following < len(timeline.times) else NEVER,
        )

    def _life(self, states: tuple[str, ...], *, unit: float = 0.001, leaves: float = 0.4) -> Timeline:
        """Draw the times of a life: long past, cut short in a middle state, or in the thick of the window."""
        random, window = self._random, self._window
        kept = states[: random.randint(1, len(states))] if self._happens(0.3) else states
        low, high = self._start - window, self._start + 2 * window
        if self._happens(0.2):
            low, high = self._start - 7200, self._start - window
        times = sorted(_rounded(random.uniform(low, high), unit) for _ in kept)
        gone = NEVER
        if self._happens(leaves):
            gone = max(
                _rounded(random.uniform(self._start - window / 2, self._start + 2 * window), unit),
                times[0] + unit,
            )
        return Timeline(times=tuple(times), states=kept, gone=thousandth(gone))

    def _happens(self, share: float) -> bool:
        """Return true in ``share`` of all cases."""
        return self._random.random() < share

    def _identifier(self, index: int) -> int:
        """Return a number that no other index has, in no order; the next one is free too."""
        return (index * 4096 + self._random.randrange(2048)) * 2 + 1_000_000_007


def _rounded(moment: float, unit: float) -> float:
    """Return ``moment`` on the grid of ``unit`` seconds."""
    return float(int(moment)) if unit == 1 else thousandth(moment)
