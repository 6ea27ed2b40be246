"""What every list API turns into: jobs, queue entries and their words.

Times are seconds since 1970 by the cloud's clock, durations are seconds. ``None`` means that the API left
the field out; it is never taken for zero.
"""

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """Our bounded word for a cloud's status, so that one alert serves all clouds."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    PARTIALLY_FAILED = "partially_failed"
    FAILED = "failed"
    STOPPED = "stopped"
    SCHEDULED = "scheduled"
    PAUSED = "paused"
    DELETED = "deleted"
    UNKNOWN = "unknown"

    __hash__ = (
        str.__hash__
    )  # that of an enumeration is written in Python, and every job asks for it several times


ACTIVE = frozenset({Phase.QUEUED, Phase.STARTING, Phase.RUNNING, Phase.STOPPING})
"""Phases of a job that is still going to change by itself."""

FINISHED = frozenset({Phase.SUCCEEDED, Phase.PARTIALLY_FAILED, Phase.FAILED, Phase.STOPPED, Phase.DELETED})
"""Phases that a run does not leave."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a job belongs: its workspace and, for PAI, its dataset."""

    workspace: str
    dataset: str | None = None


class FileCounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many files a job is to process, has completed and has failed."""

    expected: int | None = None
    completed: int | None = None
    failed: int | None = None


class LastRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest instance of a job that runs again and again."""

    status: str
    phase: Phase
    ended: float | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job of a list.

    ``changed`` is the newest change that the API tells of. ``settled`` says that the job cannot have
    changed since without the API telling: a list that is read over several pages needs both to
    know whether its pages belong together.
    """

    key: str | int
    workspace: str
    job_type: str
    status: str
    phase: Phase
    dataset: str | None = None
    created: float | None = None
    ended: float | None = None
    changed: float | None = None
    settled: bool = True
    submitting: float | None = None
    running: float | None = None
    files: FileCounts | None = None
    last_run: LastRun | None = None
    name: str | None = None
    """What tells it from the others of its workspace, where the API has a name for that and no id."""
    unknown: tuple[str, ...] = ()
    """Names of the API's fields whose value is in no document that we know."""

    @property
    def state(self) -> tuple[object, ...]:
        """What must be the same for two sightings to be of a job that has not changed in between."""
        return (self.key, self.status, self.changed, self.files, self.last_run)


class Counted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """So many jobs that were not listed but counted; when the newest of them ended, if that is known."""

    place: Place
    job_type: str
    status: str
    phase: Phase
    jobs: int
    newest_end: float | None = None
    last_run: LastRun | None = None
    """Each of them had one of this status; it ended when the newest of these did."""
    unknown: tuple[str, ...] = ()
    """As of each of the jobs."""


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a queue; ``created`` is its ranking time, the nearest to an age that the API has."""

    key: str | int
    workspace: str
    queue_type: str
    cluster_type: str
    job_type: str
    priority: int | None = None
    created: float | None = None
    changed: float | None = None
    settled: bool = True
    unknown: tuple[str, ...] = ()

    @property
    def state(self) -> tuple[object, ...]:
        """What must be the same for two sightings to be of a row that has not changed in between."""
        return (self.key, self.priority, self.created)


class CountedEntries(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """So many entries that wait in the same queue and differ in their age alone; ``entry`` is the oldest."""

    entry: QueueEntry
    entries: int


Item = Job | QueueEntry
Sum = Counted | CountedEntries
"""What several items come to."""


def earlier(known: float | None, value: float | None) -> float | None:
    """Return the earlier of two times that may not be known."""
    if known is None or value is None:
        return value if known is None else known
    return min(known, value)


def later(known: float | None, value: float | None) -> float | None:
    """Return the later of two times that may not be known."""
    if known is None or value is None:
        return value if known is None else known
    return max(known, value)
