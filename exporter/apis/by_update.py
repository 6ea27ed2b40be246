"""Counts a list that comes by its last change, newest first: exact, also while jobs change.

The list is cut in two at a moment ``cut``, a little before the lookback begins. NEW is what has changed
since, OLD is the rest. A job that changes goes to the top of NEW, so nothing ever comes to OLD.

- The first page, of a moment t0 with the total T0, and those after it until a row is of OLD: these are
  NEW. Each page begins with rows that ended the one before: where two pages share a row that has not
  changed, no job that has not changed is between them, however many others came or went meanwhile.
- The active jobs of OLD, status by status, read whole: a total that does not move is of the same jobs.
- The other jobs of OLD, counted by type and status.
- The first page again, of a moment t1 with the total T1. Its rows that changed since t0, the *delta*,
  take the place of what was known of them.

The numbers are of t1. They are complete if no job vanished (T0 and those born since are T1), and all that
is known, with the counts, is T1 jobs. That is a proof: what did not change since t0 is in NEW, among the
active of OLD, or in one count. What did change is in the delta, and is counted as well only if it was
counted before it changed. Such a job is in the delta and was not known before, a *stranger*: the counts
of its type are taken again, and one that it has left is smaller now.

Counts are remembered with their cut, as nothing comes to OLD: while all adds up, none of its jobs has
changed or vanished, and nothing of it is counted again. They are taken anew once the pages that an old
cut costs are as many as the counts.

Times are the cloud's: what may have changed since t0 is what changed later than all rows of the first
page but for a second, for clocks that tell whole seconds and writers that are not one.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from exporter.apis.asking import Asking, together
from exporter.apis.paging import Fetch, Page, first_of
from exporter.apis.parts import (
    Count,
    Countable,
    Counts,
    Found,
    Jobs,
    Kind,
    Order,
    Part,
    RefusedError,
    Terms,
    UnfitError,
    jobs_of,
)
from exporter.model import FINISHED, Job

OVERLAP = 5
"""So many rows two pages share."""

SECOND = 1.0
QUIET = 30.0
"""Clocks of one cloud are not further apart."""

MOST_END_PAGES = 5
"""So many pages are read for the newest end of jobs that changed after they had ended."""


class ByUpdate:
    """One attempt at a list."""

    def __init__(self, countable: Countable, fetch: Fetch, terms: Terms) -> None:
        self._list = countable
        self._memory = countable.memory
        self._lookback = terms.lookback
        self._ask = Asking(countable, fetch)
        self._extra_pages = 0

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._ask.requests

    async def read(self) -> Found:
        """Count the list; raises SourceError, and UnfitError where it must, or should, be read whole."""
        clock, ask = asyncio.get_running_loop().time, self._ask
        began = clock()
        top = await self._top()
        if len(top.items) >= top.total:
            return ask.found(keyed(jobs_of(top)), {}, top, top)
        rows = in_order(top)
        ask.size = len(rows)
        kept = self._kept(top)
        counts = kept or Counts(cut=math.floor(top.now - self._lookback - SECOND), kinds={})
        # What is older than the cut is counted, and has not changed.
        since = max(counts.cut, changed_since(top.now - (clock() - began), rows))
        ask.demand(changed(rows[-1]) < since, "more jobs changed at once than a page has")
        await self._must_be_worth_it(top, rows, counts)
        await self._prove_order(rows)
        counts, known = await self._parts(top, rows, counts)
        end = await self._top()
        delta, born = self._delta(top, end, since)
        if kept is None:
            await self._recount(counts, [delta[key] for key in delta.keys() - known.keys() - born])
        known |= delta
        ask.demand(top.total + len(born) == end.total, "jobs vanished")
        ask.demand(len(known) + counts.jobs == end.total, "the parts do not add up to the total")
        self._remember(counts, adds_up=len(known) + counts.jobs == end.total)
        spent = len(counts.kinds) if kept is None else 0
        return ask.found(known, counts.kinds, top, end, spent_once=spent)

    async def _top(self) -> Page:
        try:
            return await self._ask.page(Part(order=Order.NEWEST_CHANGE, size=self._list.page_size))
        except RefusedError as exc:
            raise UnfitError("the cloud knows no order by last change", math.inf) from exc

    def _kept(self, top: Page) -> Counts | None:
        """Return the counts that are remembered, if all that is recent has changed since their cut."""
        counts = self._memory.counts
        return counts if counts and counts.cut <= top.now - self._lookback - SECOND else None

    async def _must_be_worth_it(self, top: Page, rows: Sequence[Job], counts: Counts) -> None:
        """Raise UnfitError where reading the list takes no more requests than counting it."""
        new = 0
        if changed(rows[-1]) >= counts.cut:
            new = top.total - (counts.jobs or await self._total(counts.cut))
        cost = new // len(rows) + 1 + self._list.overhead + (0 if counts.kinds else len(self._list.kinds))
        if cost >= top.total // len(rows) + 1:
            raise UnfitError("reading it takes no more requests", 0.0)
        if len(rows) <= 2 * OVERLAP:
            raise UnfitError("its pages are too small")

    async def _total(self, cut: int) -> int:
        """Return how many jobs OLD has."""
        return (await self._ask.page(Part(before=cut, order=Order.NEWEST_CHANGE))).total

    async def _prove_order(self, rows: Sequence[Job]) -> None:
        """Ask for the other end of the order, once: an order that comes by chance has none."""
        if self._memory.is_order_proven:
            return
        page = await self._ask.page(Part(order=Order.OLDEST_CHANGE))
        keys = {job.key for job in rows}
        if not any(job.key not in keys and changed(job) <= changed(rows[-1]) for job in jobs_of(page)):
            raise UnfitError("the cloud overlooks the order")
        self._memory.is_order_proven = True

    async def _parts(self, top: Page, rows: Sequence[Job], counts: Counts) -> tuple[Counts, Jobs]:
        """Return the counts of OLD, taken where they are not known, and its active jobs with NEW."""
        part = Part(before=counts.cut, order=Order.NEWEST_CHANGE)
        kinds = [] if counts.kinds else self._list.kinds
        try:
            async with asyncio.TaskGroup() as group:
                newer = group.create_task(self._newer(top, rows, counts.cut))
                actives = [
                    group.create_task(self._ask.whole(replace(part, status=status)))
                    for status in self._list.active
                ]
                taken = group.create_task(together(self._count(kind, part) for kind in kinds))
        except BaseExceptionGroup as failures:
            raise first_of(failures) from failures
        known: Jobs = {}
        for jobs in actives:
            known |= jobs.result()
        if kinds:
            counts = Counts(cut=counts.cut, kinds=dict(zip(kinds, taken.result(), strict=True)))
        return counts, known | newer.result()

    async def _newer(self, top: Page, rows: Sequence[Job], cut: float) -> Jobs:
        """Return what changed at or after ``cut``: page by page, each with a part of the one before."""
        known, total, first = keyed(rows), top.total, 0
        recent = top.now - self._lookback - SECOND
        while changed(rows[-1]) >= cut and first + len(rows) < total:
            first += len(rows) - OVERLAP
            page = await self._ask.page(Part(order=Order.NEWEST_CHANGE, first=first, size=self._ask.size))
            following, total = in_order(page), page.total
            if not sightings(rows) & sightings(following) or len(following) <= OVERLAP:
                self._ask.demand(False, "rows moved from page to page")
                break
            self._extra_pages += changed(following[0]) < recent
            rows = following
            known |= keyed(rows)
        return {key: job for key, job in known.items() if changed(job) >= cut}

    async def _count(self, kind: Kind, part: Part) -> Count:
        """Return how many jobs of a kind are in a part, and when the newest of them ended."""
        part = replace(part, job_type=kind[0], status=kind[1])
        try:
            page = await self._ask.page(part)
        except RefusedError:
            self._memory.refused.add(kind)
            return Count(jobs=0)
        self._ask.demand(len(page.items) == min(1, page.total), "a total without rows")
        if self._list.words.phase(kind[1]) not in FINISHED:
            return Count(jobs=page.total)
        return Count(jobs=page.total, newest_end=await self._newest_end(part, page))

    async def _newest_end(self, part: Part, page: Page) -> float | None:
        """Return the newest end; None where it is not found within a few pages.

        No job ends after its last change but for a second, so what changed before an end ended before it.
        """
        best, first, rows = -math.inf, 0, jobs_of(page)
        for _ in range(MOST_END_PAGES):
            for job in rows:
                lead = 0.0 if job.ended is None else job.ended - changed(job)
                if lead > SECOND:
                    raise UnfitError("jobs end after their last change")
                best = best if job.ended is None else max(best, job.ended)
                if changed(job) + (SECOND if lead > 0 else 0.0) <= best:
                    return best
            first += len(rows)
            if first >= page.total:
                return None if best == -math.inf else best
            following = await self._ask.page(replace(part, first=first, size=self._ask.size))
            self._ask.demand(following.total == page.total and bool(following.items), "a count changed")
            rows = in_order(following)
        return None

    def _delta(self, top: Page, end: Page, since: float) -> tuple[Jobs, set[str | int]]:
        """Return what changed since the first page, and which of it was born since."""
        rows = in_order(end)
        whole = len(rows) >= end.total or changed(rows[-1]) < since
        self._ask.demand(whole, "more jobs changed meanwhile than a page has")
        delta = keyed(job for job in rows if changed(job) >= since)
        before = keyed(jobs_of(top)).keys()
        born = {key for key, job in delta.items() if job.created is not None and job.created >= since}
        return delta, born - before

    async def _recount(self, counts: Counts, strangers: Sequence[Job]) -> None:
        """Count again what a stranger may have been counted in before it changed."""
        types = {job.job_type for job in strangers}
        kinds = [kind for kind in counts.kinds if kind[0] in types]
        part = Part(before=counts.cut, order=Order.NEWEST_CHANGE)
        again = await together(self._count(kind, part) for kind in kinds)
        same = [count.jobs for count in again] == [counts.kinds[kind].jobs for kind in kinds]
        self._ask.demand(same, "jobs changed after they had been counted")

    def _remember(self, counts: Counts, *, adds_up: bool) -> None:
        memory = self._memory
        if counts is not memory.counts and not self._ask.doubts:
            memory.counts, memory.extra_pages = counts, 0
        memory.extra_pages += self._extra_pages
        if not adds_up or memory.extra_pages >= len(counts.kinds):
            memory.counts = None


def changed(job: Job) -> float:
    """Return when a job of a list that tells it changed last."""
    if job.changed is None:
        raise UnfitError("a job does not tell its last change")
    return job.changed


def in_order(page: Page) -> list[Job]:
    """Return the rows of a page; raises UnfitError where they are not by last change, the newest first."""
    jobs = jobs_of(page)
    if any(changed(later) > changed(earlier) for earlier, later in pairwise(jobs)):
        raise UnfitError("the list does not come by last change")
    return jobs


def changed_since(moment: float, rows: Sequence[Job]) -> float:
    """Return when what changes after ``moment`` will have changed at the earliest, by the clock of changes.

    That is later than the first row but for a second, whatever the clock of ``moment``. Only where a whole
    page changed at once is it taken from there.
    """
    since = min(moment, changed(rows[0])) - SECOND
    return max(since, moment - QUIET) if changed(rows[-1]) >= since else since


def keyed(jobs: Iterable[Job]) -> Jobs:
    """Return jobs by key."""
    return {job.key: job for job in jobs}


def sightings(jobs: Iterable[Job]) -> set[tuple[str | int, float | None]]:
    """Return what is the same in two pages where a job has not changed in between."""
    return {(job.key, job.changed) for job in jobs}
