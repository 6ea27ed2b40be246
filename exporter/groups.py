"""What is counted together, and the numbers of it. Pure."""

from bisect import bisect_left
from collections.abc import Container, Sequence
from functools import cache
from itertools import accumulate

import msgspec

from exporter.labels import OTHER, label
from exporter.limited import Rule
from exporter.model import FileCounts, Phase, Place, earlier, later

SUBMITTING_BOUNDS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0)
RUNNING_BOUNDS = (10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 604800.0)


class Distribution:
    """Counts of observations per bucket (the last one is for what is beyond all bounds) and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count ``value`` into the first bucket whose upper bound is not below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @classmethod
    def of(cls, parts: "Sequence[Distribution]") -> "Distribution":
        """Return the sum of distributions over the same bounds."""
        whole = cls(parts[0].bounds)
        whole.counts = [sum(counts) for counts in zip(*(part.counts for part in parts), strict=True)]
        whole.sum = sum(part.sum for part in parts)
        return whole

    def cumulative(self) -> list[tuple[str, float]]:
        """Return (le, count) pairs as the exposition formats want them, ``+Inf`` last."""
        return list(zip(as_written(self.bounds), map(float, accumulate(self.counts)), strict=True))


@cache
def as_written(bounds: tuple[float, ...]) -> Sequence[str]:
    """Return the values of ``le`` for these bounds and what is beyond them."""
    return (*map(str, bounds), "+Inf")


class Group(msgspec.Struct, frozen=True, order=True):
    """Jobs that are counted together."""

    place: Place
    job_type: str
    status: str
    phase: Phase


class QueueGroup(msgspec.Struct, frozen=True, order=True):
    """Queue entries that are counted together; '' where the API tells nothing, or nothing waits."""

    workspace: str
    queue_type: str
    cluster_type: str = ""
    job_type: str = ""
    priority: str = ""


class Numbers:
    """What is known of one group of jobs; None where nothing was to be seen.

    ``jobs`` and ``newest_end`` cover every job listed, all else those active or finished inside the
    lookback.
    """

    __slots__ = (
        "completed",
        "expected",
        "failed",
        "jobs",
        "measurable_completed",
        "measurable_expected",
        "newest_end",
        "oldest_created",
        "recent",
        "running",
        "submitting",
        "turnaround",
    )

    def __init__(self) -> None:
        self.jobs = 0
        self.recent = 0
        self.newest_end: float | None = None
        self.oldest_created: float | None = None
        self.submitting: Distribution | None = None
        self.running: Distribution | None = None
        self.turnaround: Distribution | None = None
        self.expected: int | None = None
        self.completed: int | None = None
        self.failed: int | None = None
        # Of the jobs that tell both: a ratio of sums over different jobs would mean nothing.
        self.measurable_expected = 0
        self.measurable_completed = 0

    def add(self, other: "Numbers") -> None:
        """Add the numbers of other jobs."""
        self.jobs += other.jobs
        self.recent += other.recent
        self.newest_end = later(self.newest_end, other.newest_end)
        self.oldest_created = earlier(self.oldest_created, other.oldest_created)
        self.submitting = both(self.submitting, other.submitting)
        self.running = both(self.running, other.running)
        self.turnaround = both(self.turnaround, other.turnaround)
        self.expected = plus(self.expected, other.expected)
        self.completed = plus(self.completed, other.completed)
        self.failed = plus(self.failed, other.failed)
        self.measurable_expected += other.measurable_expected
        self.measurable_completed += other.measurable_completed


class LastRuns:
    """DataArts jobs whose newest instance has one status, and when the newest of those ended."""

    __slots__ = ("jobs", "newest_end")

    def __init__(self) -> None:
        self.jobs = 0
        self.newest_end: float | None = None

    def add(self, other: "LastRuns") -> None:
        """Add the runs of other jobs."""
        self.jobs += other.jobs
        self.newest_end = later(self.newest_end, other.newest_end)


class Queued:
    """Entries of one group of a queue, and the oldest ranking time among them."""

    __slots__ = ("entries", "oldest")

    def __init__(self) -> None:
        self.entries = 0
        self.oldest: float | None = None

    def add(self, other: "Queued") -> None:
        """Add other entries."""
        self.entries += other.entries
        self.oldest = earlier(self.oldest, other.oldest)


def fit(place: Place) -> Place:
    """Return a place as labels tell it."""
    return Place(label(place.workspace), None if place.dataset is None else label(place.dataset))


def beyond(group: Group) -> Group:
    """Return where a group is counted that does not fit: by its phase alone."""
    dataset = None if group.place.dataset is None else OTHER
    return Group(Place(OTHER, dataset), OTHER, OTHER, group.phase)


def beyond_queue(group: QueueGroup) -> QueueGroup:
    """Return where a group of entries is counted that does not fit: by its queue alone."""
    return QueueGroup(OTHER, group.queue_type, OTHER, OTHER, OTHER)


def rank(documented: Container[str], group: Group) -> tuple[int, Group]:
    """Return the place of a group: the fewer of its words are in no document, the earlier."""
    return (group.phase is Phase.UNKNOWN) + (group.job_type not in documented), group


JOBS_BEYOND = len(Phase)
"""So many groups hold all jobs that do not fit."""
QUEUE_RULE: Rule[QueueGroup, Queued] = Rule(new=Queued, rank=lambda group: group, beyond=beyond_queue)


def both(known: Distribution | None, more: Distribution | None) -> Distribution | None:
    """Put together what is there of two distributions over the same bounds."""
    parts = [part for part in (known, more) if part is not None]
    return Distribution.of(parts) if parts else None


def add_files(numbers: Numbers, files: FileCounts) -> None:
    """Add the file counters that a job tells."""
    numbers.expected = plus(numbers.expected, files.expected)
    numbers.completed = plus(numbers.completed, files.completed)
    numbers.failed = plus(numbers.failed, files.failed)
    if files.expected and files.completed is not None:
        numbers.measurable_expected += files.expected
        numbers.measurable_completed += min(files.completed, files.expected)


def plus(known: int | None, value: int | None) -> int | None:
    """Add where there is something to add."""
    return known if value is None else (known or 0) + value
