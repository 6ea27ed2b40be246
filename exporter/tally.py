"""Folds jobs into numbers, page by page; but for a shortlist, the jobs themselves are not kept. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate

import msgspec

from exporter.model import (
    ACTIVE,
    FINISHED,
    Counted,
    FileCounts,
    Item,
    Job,
    Phase,
    Place,
    QueueEntry,
    earlier,
    later,
)
from exporter.shortlist import Shortlist

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


class LastRuns:
    """DataArts jobs whose newest instance has one status, and when the newest of those ended."""

    __slots__ = ("jobs", "newest_end")

    def __init__(self) -> None:
        self.jobs = 0
        self.newest_end: float | None = None


class Queued:
    """Entries of one group of a queue, and the oldest ranking time among them."""

    __slots__ = ("entries", "oldest")

    def __init__(self) -> None:
        self.entries = 0
        self.oldest: float | None = None


class Tally:
    """The numbers of one walk.

    ``standing`` jobs are definitions that never finish: they are counted, and so are their last runs.
    Of the active ones up to ``per_job`` are kept as they are.
    """

    def __init__(self, *, lookback: float, standing: bool = False, per_job: int = 0) -> None:
        self._lookback = lookback
        self._standing = standing
        self.jobs: dict[Group, Numbers] = {}
        self.last_runs: dict[Group, LastRuns] = {}
        self.queue: dict[QueueGroup, Queued] = {}
        self.unknown: Counter[str] = Counter()
        self.seen_types: set[tuple[Place, str]] = set()
        """Job types that were listed, or that a whole list is about: zeros may be given for them."""
        self.shortlist = Shortlist(per_job)
        self._per_job = per_job
        # The same numbers by what is on a row: to look up a group is dearer than to fold a job in.
        self._of_row: dict[tuple[str, str | None, str, str, Phase], Numbers] = {}
        self._of_run: dict[tuple[str, str | None, str, str, Phase], LastRuns] = {}

    def take(self, items: Sequence[Item], now: float) -> None:
        """Fold in the rows of a page, as they were at ``now``."""
        for item in items:
            if item.unknown:
                self.unknown.update(item.unknown)
            if isinstance(item, QueueEntry):
                self._take_entry(item)
            else:
                self._take_job(item, now)

    def count(self, counted: Counted) -> None:
        """Add jobs that were counted and not listed: none of them is active, or ended inside the lookback."""
        self.seen_types.add((counted.place, counted.job_type))
        group = Group(counted.place, counted.job_type, counted.status, counted.phase)
        numbers = self.jobs.setdefault(group, Numbers())
        numbers.jobs += counted.jobs
        numbers.newest_end = later(numbers.newest_end, counted.newest_end)
        for field in counted.unknown:
            self.unknown[field] += counted.jobs

    def _take_job(self, job: Job, now: float) -> None:
        row = (job.workspace, job.dataset, job.job_type, job.status, job.phase)
        numbers = self._of_row.get(row)
        if numbers is None:
            place = Place(job.workspace, job.dataset)
            self.seen_types.add((place, job.job_type))
            group = Group(place, job.job_type, job.status, job.phase)
            numbers = self._of_row[row] = self.jobs.setdefault(group, Numbers())
        numbers.jobs += 1
        if self._standing:
            self._take_last_run(job)
        else:
            self._take_run(numbers, job, now)
        if self._per_job:
            self.shortlist.offer(job, standing=self._standing)

    def _take_run(self, numbers: Numbers, job: Job, now: float) -> None:
        if job.phase in FINISHED:
            ended = job.ended
            if ended is None:
                return
            if numbers.newest_end is None or ended > numbers.newest_end:
                numbers.newest_end = ended
            if ended < now - self._lookback:
                return
            numbers.recent += 1
            if job.created is not None:
                numbers.turnaround = self._observe(numbers.turnaround, ended - job.created, "turnaround")
        elif job.phase in ACTIVE:
            numbers.oldest_created = earlier(numbers.oldest_created, job.created)
        else:
            return
        numbers.submitting = self._observe(numbers.submitting, job.submitting, "submitting_duration")
        numbers.running = self._observe(numbers.running, job.running, "running_duration")
        if job.files is not None:
            add_files(numbers, job.files)

    def _observe(self, known: Distribution | None, value: float | None, field: str) -> Distribution | None:
        if value is None:
            return known
        if value < 0:
            self.unknown[field] += 1
            return known
        if known is None:
            known = Distribution(SUBMITTING_BOUNDS if field == "submitting_duration" else RUNNING_BOUNDS)
        known.observe(value)
        return known

    def _take_last_run(self, job: Job) -> None:
        run = job.last_run
        if run is None:
            return
        row = (job.workspace, job.dataset, job.job_type, run.status, run.phase)
        runs = self._of_run.get(row)
        if runs is None:
            group = Group(Place(job.workspace, job.dataset), job.job_type, run.status, run.phase)
            runs = self._of_run[row] = self.last_runs.setdefault(group, LastRuns())
        runs.jobs += 1
        ended = run.ended
        if ended is not None and (runs.newest_end is None or ended > runs.newest_end):
            runs.newest_end = ended

    def _take_entry(self, entry: QueueEntry) -> None:
        group = QueueGroup(
            entry.workspace,
            entry.queue_type,
            entry.cluster_type,
            entry.job_type,
            "" if entry.priority is None else str(entry.priority),
        )
        queued = self.queue.setdefault(group, Queued())
        queued.entries += 1
        queued.oldest = earlier(queued.oldest, entry.created)


def merged(tallies: Iterable[Tally]) -> Tally:
    """Put the numbers of the walks of one source together.

    The lists of a source do not share jobs; where a cloud ignores what we asked it to filter by they do,
    and then a group counts once (whoever calls sees the repeated keys and marks the source incomplete).
    """
    several = list(tallies)
    whole = Tally(lookback=0.0)
    whole.shortlist = Shortlist.of(tally.shortlist for tally in several)
    for tally in several:
        whole.jobs.update(tally.jobs)
        whole.last_runs.update(tally.last_runs)
        whole.queue.update(tally.queue)
        whole.unknown.update(tally.unknown)
        whole.seen_types |= tally.seen_types
    return whole


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
