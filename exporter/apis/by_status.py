"""Counts a list that tells no last change, status by status: strict, nothing may change meanwhile.

The first page; the active jobs, read whole; of each status of jobs that are over those that ended inside the
lookback and the total, and the total of each job type; the totals of the statuses, the active jobs and the
first page again.

The numbers are complete if both readings of the active jobs brought the very same, all totals are the same
at both ends, no job was born, those of the types add up to that of their status, and those of the statuses to
that of the list. That is a proof: a job leaves the active ones or comes to them before the eyes of the two
readings, the jobs that are over can then only vanish or be deleted, and totals that only shrink and stay the
same are of the same jobs.

What ended recently is found by the order of ends. Where that is seen not to hold, all jobs are read that were
created inside lookback and ``longest_job``: one that took longer and ended recently is only counted then, and
when the newest job of a group ended is told only if it is among these.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from exporter.apis.asking import Asking, together
from exporter.apis.paging import Fetch, Page
from exporter.apis.parts import (
    Count,
    Countable,
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

SECOND = 1.0
"""Times come in whole seconds."""


class DisorderError(UnfitError):
    """A list does not come in the order that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The total of a status, and its jobs that may be recent."""

    total: int
    recent: Jobs


class ByStatus:
    """One attempt at a list."""

    def __init__(self, countable: Countable, fetch: Fetch, terms: Terms) -> None:
        self._list = countable
        self._memory = countable.memory
        self._terms = terms
        self._ask = Asking(countable, fetch)
        self._part = Part()

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._ask.requests

    async def read(self) -> Found:
        """Count the list; raises SourceError, and UnfitError where it must, or should, be read whole."""
        ask, counted = self._ask, self._list.counted
        top = await self._top()
        if len(top.items) >= top.total:
            return ask.found({job.key: job for job in jobs_of(top)}, {}, top, top)
        ask.size = len(top.items)
        self._part = Part(workspace=the_workspace(top))
        active = await self._active()
        ended = dict(
            zip(counted, await together(self._ended(status, top) for status in counted), strict=True)
        )
        counts = await self._counts([status for status in counted if ended[status].total])
        again = await together(self._total(status) for status in counted)
        still_active = await self._active()
        end = await self._top()
        ask.demand(states(active) == states(still_active), "active jobs changed")
        ask.demand(again == [one.total for one in ended.values()], "totals changed")
        ask.demand(
            end.total == top.total and keys(jobs_of(end)) == keys(jobs_of(top)), "jobs were born or vanished"
        )
        recent: Jobs = {}
        for one in ended.values():
            recent |= one.recent
        self._demand_sums(ended, counts)
        listed = sum(one.total for one in ended.values()) + len(still_active)
        ask.demand(listed == end.total, "the parts do not add up to the total")
        ask.demand(still_active.keys().isdisjoint(recent), "a job is in two parts")
        rest = {kind: less(count, kind, recent.values()) for kind, count in counts.items()}
        ask.demand(all(count.jobs >= 0 for count in rest.values()), "a part has more rows than its total")
        return ask.found(still_active | recent, rest, top, end, workspace=self._part.workspace)

    async def _top(self) -> Page:
        page = await self._ask.page(Part(order=Order.NEWEST_CREATION, size=self._list.page_size))
        demand_order([job.created for job in jobs_of(page)])
        return page

    async def _active(self) -> Jobs:
        parts = await together(
            self._ask.whole(replace(self._part, status=status, order=Order.NEWEST_CREATION))
            for status in self._list.active
        )
        jobs = {key: job for part in parts for key, job in part.items()}
        self._ask.demand(len(jobs) == sum(map(len, parts)), "a job is in two parts")
        return jobs

    async def _ended(self, status: str, top: Page) -> Ended:
        """Return the total of a status, and what of it may have ended inside the lookback."""
        recent = top.now - self._terms.lookback - SECOND
        if not self._memory.are_ends_in_disorder:
            try:
                return await self._until(status, Order.NEWEST_END, recent)
            except (DisorderError, RefusedError):
                self._memory.are_ends_in_disorder = True
        return await self._until(status, Order.NEWEST_CREATION, recent - self._terms.longest_job)

    @property
    def _ends_first(self) -> Order:
        """The order that begins with the newest end, as long as the cloud has it."""
        return Order.NEWEST_CREATION if self._memory.are_ends_in_disorder else Order.NEWEST_END

    async def _until(self, status: str, order: Order, moment: float) -> Ended:
        """Return the jobs of a status in an order, page by page until one is of before ``moment``."""
        part = replace(self._part, status=status, order=order)
        found: Jobs = {}
        first, total = 0, math.inf
        newest = math.inf
        while first < total:
            page = await self._ask.page(replace(part, first=first, size=self._ask.size))
            rows = jobs_of(page)
            times = [job.ended if order is Order.NEWEST_END else job.created for job in rows]
            demand_order([newest, *times])
            self._ask.demand(
                total in (math.inf, page.total) and (bool(rows) or not page.total), "totals changed"
            )
            found |= {job.key: job for job in rows}
            newest = min((time for time in (newest, *times) if time is not None), default=newest)
            total, first = page.total, first + self._ask.size
            if newest < moment or not rows:
                break
        return Ended(total=0 if total is math.inf else int(total), recent=found)

    async def _counts(self, statuses: Sequence[str]) -> dict[Kind, Count]:
        kinds = [kind for kind in self._list.kinds if kind[1] in statuses]
        return dict(zip(kinds, await together(self._count(kind) for kind in kinds), strict=True))

    async def _count(self, kind: Kind) -> Count:
        """Return how many jobs of a kind there are, and when the newest of them ended, if the order tells."""
        job_type, status = kind
        part = replace(self._part, job_type=job_type, status=status, order=self._ends_first)
        page = await self._ask.page(part)
        rows = jobs_of(page)
        self._ask.demand(len(rows) == min(1, page.total), "a total without rows")
        is_told = rows and self._list.phase(status) in FINISHED and not self._memory.are_ends_in_disorder
        return Count(jobs=page.total, newest_end=rows[0].ended if is_told else None)

    async def _total(self, status: str) -> int:
        return (await self._ask.page(replace(self._part, status=status, order=self._ends_first))).total

    def _demand_sums(self, ended: dict[str, Ended], counts: dict[Kind, Count]) -> None:
        """Note where the totals of the types are not that of their status."""
        for status, one in ended.items():
            parts = sum(count.jobs for kind, count in counts.items() if kind[1] == status)
            self._ask.demand(parts == one.total, "the parts do not add up to the total")


def the_workspace(page: Page) -> str | None:
    """Return the workspace of all rows: a count tells no other."""
    workspaces = {job.workspace for job in jobs_of(page)}
    if len(workspaces) != 1:
        raise UnfitError("jobs of several workspaces")
    return workspaces.pop() or None


def demand_order(times: Sequence[float | None]) -> None:
    """Raise UnfitError where times do not descend; what tells none may stand anywhere."""
    told = [time for time in times if time is not None]
    if any(later > earlier for earlier, later in pairwise(told)):
        raise DisorderError("the cloud overlooks the order")


def states(jobs: Jobs) -> set[tuple[object, ...]]:
    """Return what is the same in two readings between which nothing has changed."""
    return {job.state for job in jobs.values()}


def keys(jobs: Iterable[Job]) -> set[str | int]:
    """Return the keys of jobs."""
    return {job.key for job in jobs}


def less(count: Count, kind: Kind, listed: Iterable[Job]) -> Count:
    """Return a count without those of its jobs that are listed."""
    known = sum((job.job_type, job.status) == kind for job in listed)
    return Count(jobs=count.jobs - known, newest_end=count.newest_end)
