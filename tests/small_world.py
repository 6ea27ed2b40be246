"""A simulated world of a few jobs, each of which is here for something."""

from exporter.simulator import identities
from exporter.simulator.world import places
from exporter.simulator.world.dataarts import FactoryJob, Runs
from exporter.simulator.world.octopus import QueueEntry, SystemJob, queued
from exporter.simulator.world.pai import Dataset, DatasetJob
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World

NOW = 1_700_000_000.0
"""The moment that it is looked at."""

HOUR = 3600.0
DATASET = "d-demo00camera000front"


def small_world() -> World:
    """Return the world."""
    return World(
        pai_workspaces=Fixed(places.pai_workspaces(NOW)),
        pai_datasets=Fixed((_dataset(),)),
        pai_jobs={DATASET: Fixed((_dataset_succeeded(), _dataset_running(), _dataset_failed_long_ago()))},
        octopus_jobs={
            "0": Fixed((_system_queuing(), _system_running(), _system_finished(), _system_never_submitted())),
            "7": Fixed(),
        },
        octopus_queues={
            "PROCESSOR": Fixed((_waiting(1, NOW - 300), _waiting(2, NOW - 60))),
            "RESIM": Fixed(),
        },
        factory_jobs={
            (identities.DATAARTS_WORKSPACES[0], "BATCH"): Fixed((_factory_scheduled(), _factory_paused())),
            (identities.DATAARTS_WORKSPACES[1], "REAL_TIME"): Fixed((_factory_broken(),)),
        },
        factory_workspaces=places.factory_workspaces(NOW),
        studio_instances=places.studio_instances(),
    )


def _dataset() -> Dataset:
    return Dataset(
        id=DATASET,
        name="camera_front",
        workspace=identities.PAI_WORKSPACES[0],
        timeline=Timeline(times=(NOW - 999 * HOUR,), states=("READY",)),
    )


def _dataset_job(number: int, action: str, times: tuple[float, ...], states: tuple[str, ...]) -> DatasetJob:
    ended = states[-1] in {"Succeeded", "Failed"}
    return DatasetJob(
        id=f"dsjob-{number}",
        action=action,
        mode="Full",
        workspace=identities.PAI_WORKSPACES[0],
        version="v1",
        timeline=Timeline(times=times, states=states),
        started=times[1],
        finished=times[-1] if ended else float("inf"),
        files=1000,
        processed=1000,
        failed=10,
        steps=tuple(times[1] + step * 60 for step in range(1, 11)),
    )


def _dataset_succeeded() -> DatasetJob:
    times = (NOW - 2 * HOUR, NOW - 1.9 * HOUR, NOW - 0.5 * HOUR)
    return _dataset_job(1, "SemanticIndex", times, ("Pending", "Running", "Succeeded"))


def _dataset_running() -> DatasetJob:
    """Four of its ten steps are done."""
    return _dataset_job(2, "SemanticIndex", (NOW - 300, NOW - 250), ("Pending", "Running"))


def _dataset_failed_long_ago() -> DatasetJob:
    times = (NOW - 99 * HOUR, NOW - 98 * HOUR, NOW - 97 * HOUR)
    return _dataset_job(3, "IntelligentTag", times, ("Pending", "Running", "Failed"))


def _system_job(number: int, job_type: str, times: tuple[float, ...], *states: str) -> SystemJob:
    started = states.index("RUNNING") if "RUNNING" in states else None
    ended = states[-1] == "FINISHED"
    return SystemJob(
        id=number,
        job_type=job_type,
        data_id=f"DPK000000{number}",
        project=identities.OCTOPUS_PROJECT,
        workspace="0",
        timeline=Timeline(times=times, states=states),
        started=float("inf") if started is None else times[started],
        ended=times[-1] if ended else float("inf"),
    )


def _system_queuing() -> SystemJob:
    """It waits in the internal queue, too."""
    job = _system_job(1, "FRAME_EXTRACT", (NOW - 120,), "QUEUING")
    return queued(job, entry_id=901, priority=5)


def _system_running() -> SystemJob:
    times = (NOW - 700, NOW - 650, NOW - 600)
    return _system_job(2, "FRAME_EXTRACT", times, "QUEUING", "LAUNCHING", "RUNNING")


def _system_finished() -> SystemJob:
    times = (NOW - HOUR, NOW - 3590, NOW - 1800)
    return _system_job(3, "PACKAGE_IMPORT", times, "QUEUING", "RUNNING", "FINISHED")


def _system_never_submitted() -> SystemJob:
    """Its last change is its end."""
    return _system_job(4, "PACKAGE_IMPORT", (NOW - 9 * HOUR, NOW - 8 * HOUR), "QUEUING", "SUBMIT_FAILED")


def _waiting(number: int, since: float) -> QueueEntry:
    return QueueEntry(
        id=number,
        job_id=800 + number,
        queue_type="PROCESSOR",
        timeline=Timeline(times=(since,), states=("WAITING",)),
        data_id=f"DPK000001{number}",
        project=identities.OCTOPUS_PROJECT,
        workspace="7",
        processor_name="lidar_labels",
        output_type="DATA_MARK",
        cluster_type="CCE",
    )


def _factory_scheduled() -> FactoryJob:
    """Its last run has failed."""
    return FactoryJob(
        name="load_orders",
        job_type="BATCH",
        workspace=identities.DATAARTS_WORKSPACES[0],
        user="demo_user",
        timeline=Timeline(times=(NOW - 99 * HOUR, NOW - 98 * HOUR), states=("STOPPED", "SCHEDULING")),
        scheduled=NOW - 98 * HOUR,
        runs=Runs(
            first=round((NOW - 1.5 * HOUR) * 1000),
            period=3_600_000,
            duration=600_000,
            outcomes=("success", "fail"),
        ),
    )


def _factory_paused() -> FactoryJob:
    """It has never run."""
    return FactoryJob(
        name="report_trips",
        job_type="BATCH",
        workspace=identities.DATAARTS_WORKSPACES[0],
        user="demo_user",
        timeline=Timeline(times=(NOW - 99 * HOUR, NOW - 98 * HOUR), states=("SCHEDULING", "PAUSED")),
    )


def _factory_broken() -> FactoryJob:
    return FactoryJob(
        name="ingest_sensors",
        job_type="REAL_TIME",
        workspace=identities.DATAARTS_WORKSPACES[1],
        user="demo_user",
        timeline=Timeline(times=(NOW - 9 * HOUR, NOW - HOUR), states=("NORMAL", "EXCEPTION")),
    )
