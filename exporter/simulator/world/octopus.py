"""Octopus' internal jobs and its queues (pages "system-jobs" and "QueryQueuedJobList")."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.simulator.world.timeline import NEVER, Row, Timeline, milliseconds

JOB_TYPES = (
    "PACKAGE_IMPORT",
    "PACKAGE_DELETE",
    "SCENARIO_AUTO_MINING",
    "SCENARIO_TO_SIM",
    "FRAME_EXTRACT",
    "SCENARIO_EXTRACT",
)
FAILURES = frozenset({"SUBMIT_FAILED", "RUN_FAILED", "UPLOAD_FAILED"})
ENDED = FAILURES | {"FINISHED", "STOPPED"}
QUEUE_TYPES = ("PROCESSOR", "INTERNAL", "RESIM")
"""Those of the newest page; DESENSITIZATION is of an older one only, and refused here."""

OUTPUT_TYPES = ("DATA_MARK", "OPEN_DATA", "DATA_SET", "REPLAY_SIM", "PLOT_DATA")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A place in a queue. It is in the list as long as it waits; each state is a rank it was given."""

    id: int
    job_id: int
    queue_type: str
    timeline: Timeline
    data_id: str
    project: str
    workspace: str
    resource_spec: str = "1Core_4GiB"
    priority: int = 0
    job_type: str | None = None
    processor_id: int | None = None
    processor_name: str | None = None
    source: str | None = None
    output_type: str | None = None
    cluster_type: str | None = None
    cluster_id: str | None = None

    @property
    def key(self) -> str:
        """The id of the queue's row."""
        return str(self.id)

    def row(self, t: float) -> Row:
        """Return one jobQueueVo; what does not apply is left out."""
        row: Row = {
            "id": self.id,
            "job_id": self.job_id,
            "processor_id": self.processor_id,
            "source": self.source,
            "processor_name": self.processor_name,
            "job_type": self.job_type,
            "data_id": self.data_id,
            "output_type": self.output_type,
            "rank_stamp": milliseconds(self.timeline.since(t)),
            "project_id": self.project,
            "resource_spec": self.resource_spec,
            "priority": self.priority,
            "queue_type": self.queue_type,
            "workspace_id": self.workspace,
            "cluster_type": self.cluster_type,
            "cluster_id": self.cluster_id,
        }
        return {name: value for name, value in row.items() if value is not None}

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return arrival, new ranks and departure in (start, end]."""
        return self.timeline.moments(start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemJob:
    """An internal job. ``started`` is when it began to run, ``ended`` when it came to its end, if ever.

    ``entry`` is its place in the internal queue, listed exactly while the job is QUEUING.
    """

    id: int
    job_type: str
    data_id: str
    project: str
    workspace: str
    timeline: Timeline
    started: float = NEVER
    ended: float = NEVER
    resource_spec: str = "1Core_4GiB"
    msg_code: int = 1
    msg_error: str = ""
    entry: QueueEntry | None = None

    @property
    def key(self) -> str:
        """The job's id."""
        return str(self.id)

    def row(self, t: float) -> Row:
        """Return one DataSystemJobListVo; what has not happened yet is left out."""
        status, born = self.timeline.state(t), self.timeline.born
        row: Row = {
            "id": self.id,
            "job_type": self.job_type,
            "data_id": self.data_id,
            "status": status,
            "create_at": milliseconds(born),
            "update_at": milliseconds(self.timeline.since(t)),
            "project_id": self.project,
            "workspace_id": self.workspace,
            "resource_spec": self.resource_spec,
        }
        if t >= self.started:
            row["start_at"] = milliseconds(self.started)
            row["submitting_duration"] = milliseconds(self.started) - milliseconds(born)
            row["running_duration"] = max(milliseconds(min(t, self.ended)) - milliseconds(self.started), 0)
        if t >= self.ended:
            row["end_at"] = milliseconds(self.ended)
        if status in FAILURES:
            row |= {"msg_code": self.msg_code, "msg_error": self.msg_error}
        return row

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return changes of state in (start, end]."""
        return self.timeline.moments(start, end)


def internal_entry(job: SystemJob, *, entry_id: int, priority: int) -> QueueEntry | None:
    """Return the place in the internal queue of a job whose life begins with QUEUING."""
    times, states = job.timeline.times, job.timeline.states
    if states[0] != "QUEUING":
        return None
    left = min(times[1], job.timeline.gone) if len(times) > 1 else job.timeline.gone
    return QueueEntry(
        id=entry_id,
        job_id=job.id,
        queue_type="INTERNAL",
        timeline=Timeline(times=times[:1], states=("WAITING",), gone=left),
        data_id=job.data_id,
        project=job.project,
        workspace=job.workspace,
        resource_spec=job.resource_spec,
        priority=priority,
        job_type=job.job_type,
    )


def queued(job: SystemJob, *, entry_id: int, priority: int) -> SystemJob:
    """Return the job with its place in the internal queue, if it ever waits."""
    return replace(job, entry=internal_entry(job, entry_id=entry_id, priority=priority))
