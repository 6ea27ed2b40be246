"""What the exporter should say of a simulated world, worked out from its rows and nothing of the exporter.

A key is a family and its labels without ``api`` and ``source``; a number is what a scrape at that very
moment should give.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from exporter.simulator.identities import DATAARTS_WORKSPACES, OCTOPUS_WORKSPACES, PAI_DATASETS
from exporter.simulator.world.world import World

Key = tuple[str, frozenset[tuple[str, str]]]
Numbers = dict[Key, float]

PHASES = {
    "Pending": "queued", "Starting": "starting", "Running": "running", "Deleting": "stopping",
    "Succeeded": "succeeded", "PartialFailed": "partially_failed", "Failed": "failed",
    "ManuallyStop": "stopped", "Deleted": "deleted",
    "QUEUING": "queued", "LAUNCHING": "starting", "RUNNING": "running", "UPLOADING": "running",
    "FINISHED": "succeeded", "SUBMIT_FAILED": "failed", "RUN_FAILED": "failed", "UPLOAD_FAILED": "failed",
    "STOPPED": "stopped", "SCHEDULING": "scheduled", "PAUSED": "paused", "STARTING": "starting",
    "NORMAL": "running", "EXCEPTION": "failed", "STOPPING": "stopping",
    "waiting": "queued", "running": "running", "success": "succeeded", "fail": "failed",
    "running-exception": "failed", "pause": "paused", "manual-stop": "stopped",
}  # fmt: skip
DATAARTS_TYPES = ("BATCH", "REAL_TIME")
ACTIVE = {"queued", "starting", "running", "stopping"}
ENDED = {"succeeded", "partially_failed", "failed", "stopped", "deleted"}
SUBMITTING = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
RUNNING = (10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 604800)
COUNTS = {
    "datajobs_jobs",
    "datajobs_queue_depth",
    "datajobs_recently_finished_jobs",
    "datajobs_last_run_jobs",
}
"""Families in which a sample that is not there and a zero mean the same."""


def key(family: str, **labels: str) -> Key:
    """Return the key of a sample; an empty label is as good as none, as in Prometheus."""
    return family, frozenset((name, value) for name, value in labels.items() if value)


def joined(parts: Iterable[Numbers]) -> Numbers:
    """Put the numbers of several lists together; no two lists share a key."""
    return {name: value for part in parts for name, value in part.items()}


class Truth:
    """Sums up rows."""

    def __init__(self, since: float = 0.0) -> None:
        self.since = since
        self.numbers: Numbers = defaultdict(float)

    def add(self, family: str, value: float, **labels: str) -> None:
        self.numbers[key(family, **labels)] += value

    def newest(self, family: str, value: float, **labels: str) -> None:
        self._extreme(max, family, value, labels)

    def oldest(self, family: str, value: float, **labels: str) -> None:
        self._extreme(min, family, value, labels)

    def _extreme(self, choose: Any, family: str, value: float, labels: Mapping[str, str]) -> None:
        found = key(family, **labels)
        self.numbers[found] = choose(self.numbers.get(found, value), value)

    def observe(self, family: str, bounds: tuple[int, ...], value: float, **labels: str) -> None:
        for bound in bounds[bisect_left(bounds, value) :]:
            self.add(f"{family}_bucket", 1, le=str(float(bound)), **labels)
        self.add(f"{family}_bucket", 1, le="+Inf", **labels)
        self.add(f"{family}_gcount", 1, **labels)
        self.add(f"{family}_gsum", value, **labels)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def datasets_of(workspace: str) -> list[str]:
    """The datasets of a workspace that manage files."""
    owned = PAI_DATASETS.items()
    return [name for name, (owner, edition, _) in owned if owner == workspace and edition != "BASIC"]


def pai(world: World, workspace: str, t: float, *, since: float, age: float) -> Numbers:
    """Every dataset of a workspace that manages files."""
    return joined(pai_list(world, dataset, t, since=since, age=age) for dataset in datasets_of(workspace))


def pai_list(world: World, dataset: str, t: float, *, since: float, age: float) -> Numbers:
    """One dataset; nothing of it grows between two changes, whatever the ``age``."""
    truth, workspace = Truth(since), PAI_DATASETS[dataset][0]
    for row in world.dataset_jobs(dataset, t):
        _pai_job(truth, row, {"workspace": workspace, "dataset": dataset, "job_type": row["JobAction"]})
    return _with_ratios(truth)


def _pai_job(truth: Truth, row: Mapping[str, Any], place: dict[str, str]) -> None:
    phase = PHASES[row["Status"]]
    status = {**place, "status": row["Status"], "phase": phase}
    truth.add("datajobs_jobs", 1, **status)
    if phase in ENDED:
        if "FinishTime" not in row:
            return
        if not _ended(truth, seconds(row["FinishTime"]), status):
            return
        span = seconds(row["FinishTime"]) - seconds(row["CreateTime"])
        truth.observe("datajobs_turnaround_duration_seconds", RUNNING, span, **place, phase=phase)
    else:
        truth.oldest(
            "datajobs_oldest_active_job_timestamp_seconds", seconds(row["CreateTime"]), **place, phase=phase
        )
    for family, field in (("expected", "Total"), ("completed", "Completed"), ("failed", "Failed")):
        if f"{field}FileCount" in row:
            truth.add(f"datajobs_files_{family}", row[f"{field}FileCount"], **place, phase=phase)


def _ended(truth: Truth, end: float, status: dict[str, str]) -> bool:
    """Note an end; return whether it is recent."""
    truth.newest("datajobs_last_finished_job_timestamp_seconds", end, **status)
    if end < truth.since:
        return False
    truth.add("datajobs_recently_finished_jobs", 1, **status)
    return True


def _with_ratios(truth: Truth) -> Numbers:
    numbers = dict(truth.numbers)
    for (family, labels), expected in truth.numbers.items():
        if family == "datajobs_files_expected" and expected:
            completed = truth.numbers.get(("datajobs_files_completed", labels), 0.0)
            numbers["datajobs_file_completion_ratio", labels] = completed / expected
    return numbers


def octopus(world: World, t: float, *, since: float, age: float) -> Numbers:
    """All workspaces."""
    return joined(octopus_list(world, place, t, since=since, age=age) for place in OCTOPUS_WORKSPACES)


def octopus_list(world: World, workspace: str, t: float, *, since: float, age: float) -> Numbers:
    """One workspace."""
    truth = Truth(since)
    for row in world.system_jobs(workspace, t):
        _system_job(truth, row, {"workspace": workspace, "job_type": row["job_type"]}, age)
    return dict(truth.numbers)


def _system_job(truth: Truth, row: Mapping[str, Any], place: dict[str, str], age: float) -> None:
    phase = PHASES[row["status"]]
    truth.add("datajobs_jobs", 1, **place, status=row["status"], phase=phase)
    if phase in ENDED:
        end = row.get("end_at", row["update_at"]) / 1000
        if not _ended(truth, end, {**place, "status": row["status"], "phase": phase}):
            return
        span = end - row["create_at"] / 1000
        truth.observe("datajobs_turnaround_duration_seconds", RUNNING, span, **place, phase=phase)
    else:
        truth.oldest(
            "datajobs_oldest_active_job_timestamp_seconds", row["create_at"] / 1000, **place, phase=phase
        )
    if "submitting_duration" in row:
        span = row["submitting_duration"] / 1000
        truth.observe("datajobs_submitting_duration_seconds", SUBMITTING, span, **place, phase=phase)
    if "running_duration" in row:
        span = row["running_duration"] / 1000 + (age if phase == "running" else 0.0)
        truth.observe("datajobs_running_duration_seconds", RUNNING, span, **place, phase=phase)


def queues(world: World, types: Iterable[str], t: float) -> Numbers:
    """All queues."""
    return joined(queue_list(world, queue_type, t) for queue_type in types)


def queue_list(world: World, queue_type: str, t: float) -> Numbers:
    """One queue."""
    truth = Truth()
    for row in world.queue(queue_type, t):
        where = {
            "workspace": row["workspace_id"],
            "queue_type": queue_type,
            "priority": str(row["priority"]),
        }
        kind = {"cluster_type": row.get("cluster_type", ""), "job_type": row.get("job_type", "")}
        truth.add("datajobs_queue_depth", 1, **where, **kind)
        stamp = row["rank_stamp"] / 1000
        truth.oldest("datajobs_queue_oldest_entry_timestamp_seconds", stamp, **where)
    return dict(truth.numbers)


def dataarts(world: World, t: float) -> Numbers:
    """All workspaces and job types."""
    return joined(
        dataarts_list(world, workspace, job_type, t)
        for workspace in DATAARTS_WORKSPACES
        for job_type in DATAARTS_TYPES
    )


def dataarts_list(world: World, workspace: str, job_type: str, t: float) -> Numbers:
    """One workspace and job type."""
    truth = Truth()
    place = {"workspace": workspace, "job_type": job_type}
    for row in world.dataarts_jobs(workspace, job_type, t):
        truth.add("datajobs_jobs", 1, **place, status=row["status"], phase=PHASES[row["status"]])
        status = row.get("lastInstanceStatus")
        if status is not None:
            run = {**place, "status": status, "phase": PHASES[status]}
            truth.add("datajobs_last_run_jobs", 1, **run)
            if "lastInstanceEndTime" in row:
                end = row["lastInstanceEndTime"] / 1000
                truth.newest("datajobs_last_run_finished_timestamp_seconds", end, **run)
    return dict(truth.numbers)


def dataarts_bounds(world: World, start: float, end: float) -> tuple[Numbers, Numbers]:
    """Return, by key, how many jobs were in a group throughout [start, end], and how many at any moment."""
    always, ever = Truth(), Truth()
    for (workspace, job_type), population in world.factory_jobs.items():
        for job in population.between(start, end):
            sightings = [
                _groups(job.row(t), {"workspace": workspace, "job_type": job_type})
                if job.timeline.within(t, t)
                else set()
                for t in (start, *job.moments(start, end))
            ]
            for found in set.union(*sightings):
                ever.numbers[found] += 1
            for found in set.intersection(*sightings):
                always.numbers[found] += 1
    return always.numbers, ever.numbers


def _groups(row: Mapping[str, Any], place: dict[str, str]) -> set[Key]:
    found = {key("datajobs_jobs", **place, status=row["status"], phase=PHASES[row["status"]])}
    run = row.get("lastInstanceStatus")
    if run is not None:
        found.add(key("datajobs_last_run_jobs", **place, status=run, phase=PHASES[run]))
    return found
