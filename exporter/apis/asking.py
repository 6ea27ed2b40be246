"""Asks for parts of a list, and does not believe all that it is told."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from exporter.apis.paging import Fetch, Page, first_of
from exporter.apis.parts import Count, Countable, Found, Jobs, Kind, Part, RefusedError, UnfitError, jobs_of
from exporter.errors import Reason, SourceError
from exporter.rows import keys_of

TRIES = 3
"""So often a part that shrank while it was read is read."""

MOST_PAGES = 1000
"""A part that is read whole has no more pages."""

ResultT = TypeVar("ResultT")


class Asking:
    """The requests of one attempt to count a list, and the doubts that came up.

    ``size`` is how many rows a page has: the cloud may give fewer than it was asked for.
    """

    def __init__(self, countable: Countable, fetch: Fetch) -> None:
        self._countable = countable
        self._fetch = fetch
        self.size = countable.page_size
        self.requests = 0
        self.doubts: list[str] = []

    def demand(self, condition: bool, otherwise: str) -> None:
        """Note what would make the numbers wrong."""
        if not condition:
            self.doubts.append(otherwise)

    async def page(self, part: Part) -> Page:
        """Return a page of a part; raises SourceError.

        Raises UnfitError where the cloud overlooks a filter, and RefusedError where it answers 400: then
        reading the list tells whether that is about more than counting.
        """
        self.requests += 1
        try:
            answer = await self._fetch(self._countable.ask(part))
        except SourceError as exc:
            if exc.reason is Reason.BAD_REQUEST:
                raise RefusedError("the cloud refuses a parameter") from exc
            raise
        page = self._countable.noting(answer)
        jobs = jobs_of(page)
        if not all(part.admits(job) for job in jobs):
            raise UnfitError("the cloud overlooks a filter")
        self.demand(len(jobs) == len(page.items) <= page.total, "more rows than the total")
        return page

    async def whole(self, part: Part) -> Jobs:
        """Return all rows of a part to which nothing can come, by key.

        It only shrinks: where the first and the last answer give the same total, it was the same all the
        while, and as many different rows are all of it.
        """
        jobs: Jobs = {}
        for _ in range(TRIES):
            pages = await self._pages(part)
            jobs = {job.key: job for page in pages for job in jobs_of(page)}
            if {page.total for page in pages} == {len(jobs)}:
                return jobs
        self.demand(False, "a part of the list changed whenever it was read")
        return jobs

    def found(
        self,
        jobs: Jobs,
        counts: dict[Kind, Count],
        top: Page,
        end: Page,
        *,
        spent_once: int = 0,
        workspace: str | None = None,
    ) -> Found:
        """Return what was brought between the first page and the last."""
        return Found(
            jobs=jobs,
            counts=counts,
            seen={*map(hash, jobs), *keys_of(top.items)},
            total=end.total,
            now=end.now,
            requests=self.requests,
            steady=self.requests - spent_once,
            doubts=tuple(self.doubts),
            workspace=workspace,
        )

    async def _pages(self, part: Part) -> Sequence[Page]:
        first = await self.page(replace(part, first=0, size=self.size))
        step = min(self.size, len(first.items)) or self.size
        if first.total > MOST_PAGES * step:
            raise UnfitError("most of the list is active, or totals lie")
        rest = [replace(part, first=start, size=step) for start in range(step, first.total, step)]
        return [first, *await together(self.page(following) for following in rest)]


async def together(work: Iterable[Coroutine[Any, Any, ResultT]]) -> list[ResultT]:
    """Do everything side by side; raises what the first failure was."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as failures:
        raise first_of(failures) from failures
    return [task.result() for task in tasks]
