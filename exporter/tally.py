"""Folds jobs into numbers, page by page; but for a shortlist, the jobs themselves are not kept. Pure."""

import sys
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from functools import partial
from typing import TypeVar

from exporter.groups import (
    JOBS_BEYOND,
    QUEUE_RULE,
    RUNNING_BOUNDS,
    SUBMITTING_BOUNDS,
    Distribution,
    Group,
    LastRuns,
    Numbers,
    QueueGroup,
    add_files,
    beyond,
    fit,
    rank,
)
from exporter.labels import label
from exporter.limited import Addable, Limited, Rule
from exporter.model import (
    ACTIVE,
    FINISHED,
    Counted,
    CountedEntries,
    Item,
    Job,
    LastRun,
    Phase,
    Place,
    QueueEntry,
    Sum,
    earlier,
    later,
)
from exporter.rows import Rows
from exporter.shortlist import Shortlist

Row = tuple[str, str | None, str, str, Phase]
"""What tells a group apart, as it is on a row."""
ValueT = TypeVar("ValueT", bound=Addable)


class Tally:
    """The numbers of one walk.

    ``standing`` jobs are definitions that never finish: they are counted, and so are their last runs.
    Of the active ones up to ``per_job`` are kept as they are. Jobs, last runs and queue entries are each told
    apart in at most about ``most`` groups, those of ``documented`` types and statuses first.
    """

    def __init__(
        self,
        *,
        lookback: float,
        standing: bool = False,
        per_job: int = 0,
        most: int = sys.maxsize,
        documented: Container[str] = (),
    ) -> None:
        self._lookback = lookback
        self._standing = standing
        self.most = most
        self.documented = documented
        ranked, kept = partial(rank, documented), most - JOBS_BEYOND
        self.jobs = Limited(Rule(new=Numbers, rank=ranked, beyond=beyond), kept)
        self.last_runs = Limited(Rule(new=LastRuns, rank=ranked, beyond=beyond), kept)
        self.queue = Limited(QUEUE_RULE, kept)
        self.unknown: Counter[str] = Counter()
        self.whole_types: set[tuple[Place, str]] = set()
        """Job types that a whole list is about, whether it has jobs of them or not."""
        self.shortlist = Shortlist(per_job)
        self._per_job = per_job
        # The same numbers by what is on a row: to look up a group is dearer than to fold a job in.
        self._of_row: dict[Row, Numbers] = {}
        self._of_run: dict[Row, LastRuns] = {}

    @property
    def seen_types(self) -> set[tuple[Place, str]]:
        """Job types that were listed, or that a whole list is about: zeros may be given for them."""
        return self.whole_types | {(group.place, group.job_type) for group in self.jobs.told_apart}

    @property
    def dropped(self) -> int:
        """How many groups are not told apart."""
        return self.jobs.dropped + self.last_runs.dropped + self.queue.dropped

    def take(self, items: Sequence[Item], now: float) -> None:
        """Fold in the rows of a page, as they were at ``now``."""
        if isinstance(items, Rows) and not self._per_job:
            sums, items = items.summed(now - self._lookback)
            for several in sums:
                self._add(several)
        for item in items:
            if item.unknown:
                self.unknown.update(item.unknown)
            if isinstance(item, QueueEntry):
                self._take_entry(item)
            else:
                self._take_job(item, now)

    def count(self, counted: Counted) -> None:
        """Add jobs that were counted and not listed: none of them is active, or ended inside the lookback."""
        place = counted.place
        row = (place.workspace, place.dataset, counted.job_type, counted.status, counted.phase)
        numbers = self._numbers(row)
        numbers.jobs += counted.jobs
        numbers.newest_end = later(numbers.newest_end, counted.newest_end)
        if self._standing:
            self._count_runs(place, counted.job_type, counted.last_run, counted.jobs)
        for field in counted.unknown:
            self.unknown[field] += counted.jobs

    def _take_job(self, job: Job, now: float) -> None:
        numbers = self._numbers((job.workspace, job.dataset, job.job_type, job.status, job.phase))
        numbers.jobs += 1
        if self._standing:
            self._count_runs(Place(job.workspace, job.dataset), job.job_type, job.last_run, 1)
        else:
            self._take_run(numbers, job, now)
        if self._per_job:
            self.shortlist.offer(job, standing=self._standing)

    def _numbers(self, row: Row) -> Numbers:
        known = self._of_row.get(row)
        return looked_up(row, self.jobs, self._of_row) if known is None else known

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

    def _count_runs(self, place: Place, job_type: str, run: LastRun | None, jobs: int) -> None:
        """Count the last runs of so many jobs that had one alike; the newest of them ended as ``run`` did."""
        if run is None:
            return
        row = (place.workspace, place.dataset, job_type, run.status, run.phase)
        runs = self._of_run.get(row)
        if runs is None:
            runs = looked_up(row, self.last_runs, self._of_run)
        runs.jobs += jobs
        runs.newest_end = later(runs.newest_end, run.ended)

    def _add(self, several: Sum) -> None:
        if isinstance(several, CountedEntries):
            self._take_entry(several.entry, several.entries)
        else:
            self.count(several)

    def _take_entry(self, entry: QueueEntry, entries: int = 1) -> None:
        group = QueueGroup(
            label(entry.workspace),
            entry.queue_type,
            label(entry.cluster_type),
            label(entry.job_type),
            "" if entry.priority is None else label(str(entry.priority)),
        )
        queued, _ = self.queue.place(group)
        queued.entries += entries
        queued.oldest = earlier(queued.oldest, entry.created)


def merged(tallies: Iterable[Tally]) -> Tally:
    """Put the numbers of the walks of one source together.

    The lists of a source do not share jobs; where a cloud ignores what we asked it to filter by they do,
    and then a group counts once (whoever calls sees the repeated keys and marks the source incomplete).
    """
    several = list(tallies) or [Tally(lookback=0.0)]
    whole = Tally(lookback=0.0, most=several[0].most, documented=several[0].documented)
    whole.shortlist = Shortlist.of(tally.shortlist for tally in several)
    whole.jobs.merge(tally.jobs for tally in several)
    whole.last_runs.merge(tally.last_runs for tally in several)
    whole.queue.merge(tally.queue for tally in several)
    for tally in several:
        whole.unknown.update(tally.unknown)
        whole.whole_types |= tally.whole_types
    return whole


def looked_up(row: Row, groups: Limited[Group, ValueT], of_row: dict[Row, ValueT]) -> ValueT:
    """Return the numbers to which a row counts, and remember those of its own by what is on the row."""
    workspace, dataset, job_type, status, phase = row
    place = fit(Place(workspace, dataset))
    group = Group(place, label(job_type), label(status), phase)
    evicted = groups.evicted
    numbers, own = groups.place(group)
    if groups.evicted != evicted:
        of_row.clear()
    # Of what does not fit, or is too long, there may be any number.
    if own and row == (place.workspace, place.dataset, group.job_type, group.status, phase):
        of_row[row] = numbers
    return numbers
