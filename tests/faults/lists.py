"""One list of three pages for each API, in simulated clouds, and a source that reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.simulator import identities as demo
from exporter.simulator.world import places
from exporter.simulator.world.dataarts import FactoryJob, Runs
from exporter.simulator.world.octopus import QueueEntry, SystemJob
from exporter.simulator.world.pai import DatasetJob
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World

START = 1_900_000_000.0
"""The clouds' clock when a test begins."""
HOUR = 3600.0

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list: how a source asks for it, and how its vendor writes a page down.

    ``total`` and ``rows`` are the ways to them in a body; ``key``, ``word`` (a status or a type) and ``time``
    are fields of a row. ``page`` is the parameter that names a page; it is ``begin`` for the first one and
    grows by ``step``.
    """

    api: str
    options: msgspec.Struct
    number: int
    total: tuple[str, ...]
    rows: tuple[str, ...]
    key: str
    word: str
    time: str
    page: str
    begin: int
    step: int

    def index(self, query: Mapping[str, str]) -> int:
        """Return which page a request asks for, from 0."""
        return (int(query[self.page]) - self.begin) // self.step

    def holder(self, body: Body, way: tuple[str, ...]) -> Body:
        """Return the object of a body in which the last name of ``way`` stands."""
        for name in way[:-1]:
            body = body[name]
        return body


PAI_DATASET = next(iter(demo.PAI_DATASETS))
WORKSPACE = demo.DATAARTS_WORKSPACES[0]

LISTS: Mapping[str, ListOf] = {
    one.api: one
    for one in (
        ListOf(
            api="pai_dataset_jobs",
            options=pai_dataset_jobs.Options(datasets=(PAI_DATASET,), workspace_id=demo.PAI_WORKSPACES[0]),
            number=110,
            total=("TotalCount",),
            rows=("DatasetJobs",),
            key="DatasetJobId",
            word="Status",
            time="CreateTime",
            page="PageNumber",
            begin=1,
            step=1,
        ),
        ListOf(
            api="octopus_system_jobs",
            options=octopus_system_jobs.Options(project_id=demo.OCTOPUS_PROJECT),
            number=410,
            total=("payload", "page_info", "total"),
            rows=("payload", "list"),
            key="id",
            word="status",
            time="create_at",
            page="offset",
            begin=0,
            step=200,
        ),
        ListOf(
            api="octopus_queuing_jobs",
            options=octopus_queuing_jobs.Options(project_id=demo.OCTOPUS_PROJECT, queue_types=("PROCESSOR",)),
            number=410,
            total=("payload", "page_info", "total"),
            rows=("payload", "list"),
            key="id",
            word="job_type",
            time="rank_stamp",
            page="offset",
            begin=0,
            step=200,
        ),
        ListOf(
            api="dataarts_jobs",
            options=dataarts_jobs.Options(
                project_id=demo.DATAARTS_PROJECT, workspaces=(WORKSPACE,), job_types=("BATCH",)
            ),
            number=210,
            total=("total",),
            rows=("jobs",),
            key="name",
            word="status",
            time="createTime",
            page="offset",
            begin=0,
            step=1,
        ),
    )
}


def crowded_world() -> World:
    """Return a world with these lists; the newest jobs are active, so that later pages stand still."""
    return World(
        pai_jobs={PAI_DATASET: Fixed(tuple(map(_dataset_job, range(LISTS["pai_dataset_jobs"].number))))},
        octopus_jobs={"0": Fixed(tuple(map(_system_job, range(LISTS["octopus_system_jobs"].number))))},
        octopus_queues={"PROCESSOR": Fixed(tuple(map(_entry, range(LISTS["octopus_queuing_jobs"].number))))},
        factory_jobs={
            (WORKSPACE, "BATCH"): Fixed(tuple(map(_factory_job, range(LISTS["dataarts_jobs"].number))))
        },
        factory_workspaces=places.factory_workspaces(START),
        studio_instances=places.studio_instances(),
    )


def _timeline(number: int, words: tuple[str, ...]) -> Timeline:
    """Return the life of a job: the first ten are in the state before the last one."""
    born = START - HOUR - number * 20
    states = words[:-1] if number < 10 else words
    return Timeline(times=tuple(born + 60 * step for step in range(len(states))), states=states)


def _dataset_job(number: int) -> DatasetJob:
    timeline = _timeline(number, ("Pending", "Running", "Succeeded"))
    ended = timeline.states[-1] == "Succeeded"
    return DatasetJob(
        id=f"dsjob-{number}",
        action="SemanticIndex",
        mode="Full",
        workspace=demo.PAI_WORKSPACES[0],
        version="v1",
        timeline=timeline,
        started=timeline.times[1],
        finished=timeline.times[-1] if ended else float("inf"),
        files=1000,
        processed=1000,
        failed=10,
        steps=tuple(timeline.times[1] + step for step in range(1, 11)),
    )


def _system_job(number: int) -> SystemJob:
    timeline = _timeline(number, ("QUEUING", "RUNNING", "FINISHED"))
    ended = timeline.states[-1] == "FINISHED"
    return SystemJob(
        id=number + 1,
        job_type="FRAME_EXTRACT",
        data_id=f"DPK{number:08}",
        project=demo.OCTOPUS_PROJECT,
        workspace="0",
        timeline=timeline,
        started=timeline.times[1],
        ended=timeline.times[-1] if ended else float("inf"),
    )


def _entry(number: int) -> QueueEntry:
    return QueueEntry(
        id=number + 1,
        job_id=number + 1000,
        queue_type="PROCESSOR",
        timeline=Timeline(times=(START - HOUR - number,), states=("WAITING",)),
        data_id=f"DPK{number:08}",
        project=demo.OCTOPUS_PROJECT,
        workspace="7",
        processor_name="lidar_labels",
        output_type="DATA_MARK",
        cluster_type="CCE",
    )


def _factory_job(number: int) -> FactoryJob:
    timeline = _timeline(number, ("STOPPED", "SCHEDULING", "PAUSED"))
    return FactoryJob(
        name=f"load_orders_{number}",
        job_type="BATCH",
        workspace=WORKSPACE,
        user="demo_user",
        timeline=timeline,
        scheduled=timeline.times[1],
        runs=Runs(
            first=round((START - 1.5 * HOUR) * 1000),
            period=3_600_000,
            duration=600_000,
            outcomes=("success", "fail"),
        ),
    )
