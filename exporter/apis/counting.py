"""Reads a list, or counts it: whichever takes fewer requests.

Which one is chosen by the first page: its total tells what reading takes, and what counting takes is known.
Where counting does not come out even, the list is counted once more, or read if there is time for that: so
are words learnt that are in no document. A cloud that overlooks a filter is not asked so again for ten
minutes, one that knows no order not while the source lives.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from exporter.apis.paging import Fetch, Fold, Listing, Page, Reading, Walk, Way, fetch_page, read_surely
from exporter.apis.parts import Countable, Found, Terms, UnfitError
from exporter.errors import SourceError
from exporter.model import Counted, Place


class CountingFold(Fold, Protocol):
    """Takes counts beside rows."""

    def count(self, counted: Counted) -> None:
        """Add jobs that are only counted."""


FoldT = TypeVar("FoldT", bound=CountingFold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a list may be read with."""

    fetch: Fetch
    workers: int
    time_left: Callable[[], float]
    requests_per_second: float
    terms: Terms


async def read_well(walk: Walk, means: Means, new_fold: Callable[[], FoldT]) -> Listing[FoldT]:
    """Read or count a list, and once more where it does not add up and there is time; raises SourceError."""
    if walk.counting is None:
        return await read_surely(walk, means.fetch, new_fold, means.workers, means.time_left)
    return await _Choice(walk, walk.counting, means, new_fold).read()


class _Choice(Generic[FoldT]):
    """One list that can be counted, in one collection."""

    def __init__(self, walk: Walk, countable: Countable, means: Means, new_fold: Callable[[], FoldT]) -> None:
        self._walk = walk
        self._list = countable
        self._memory = countable.memory
        self._means = means
        self._new_fold = new_fold
        self._spent = 0

    async def read(self) -> Listing[FoldT]:
        """Choose; raises SourceError."""
        if asyncio.get_running_loop().time() < self._memory.unfit_until:
            return await self._read_whole()
        if not self._memory.counted_last:
            started = self._means.time_left()
            first = await fetch_page(self._walk, self._means.fetch, 0, self._walk.page_size)
            if not self._pays(first):
                return await self._read_whole(first, started)
            self._spent += 1
        return await self._counted_surely()

    def _pays(self, first: Page) -> bool:
        """Tell whether counting is worth an attempt: what is recent may still make it dearer than reading."""
        rows = len(first.items)
        kinds = 0 if self._memory.counts else len(self._list.kinds)
        return rows > 0 and first.total // rows + 1 > kinds + self._list.overhead

    async def _counted_surely(self) -> Listing[FoldT]:
        """Count the list, and once more where that does not come out even; read it where it cannot be."""
        time_left = self._means.time_left
        started, before = time_left(), self._spent
        try:
            found = await self._attempt()
        except UnfitError:
            return await self._read_whole()
        listing = self._listing(found)
        took = started - time_left()
        if listing.complete or time_left() <= 2 * took:
            return listing
        seconds_each = max(took / (self._spent - before), 1 / self._means.requests_per_second)
        try:
            # What is left after a repeat that hangs is for the other lists of the source.
            async with asyncio.timeout(0.8 * time_left()):
                return await self._again(found, seconds_each)
        except (SourceError, TimeoutError):
            return replace(listing, requests=self._spent)

    async def _again(self, found: Found, seconds_each: float) -> Listing[FoldT]:
        """Read the list where it has words that were not counted and there is time, else count it again."""
        pages = found.total // self._walk.page_size + 1
        if found.listed < found.total and pages * seconds_each < 0.4 * self._means.time_left():
            return await self._read_whole()
        try:
            return self._listing(await self._attempt())
        except UnfitError:
            return await self._read_whole()

    async def _attempt(self) -> Found:
        attempt = self._list.method(self._list, self._means.fetch, self._means.terms)
        try:
            found = await attempt.read()
        except UnfitError as exc:
            self._memory.unfit_until = asyncio.get_running_loop().time() + exc.seconds
            self._memory.counted_last = False
            raise
        finally:
            self._spent += attempt.requests
        self._memory.counted_last = True
        return found

    async def _read_whole(self, first: Page | None = None, started: float | None = None) -> Listing[FoldT]:
        means = self._means
        listing = await read_surely(
            self._walk,
            means.fetch,
            self._new_fold,
            means.workers,
            means.time_left,
            first=first,
            started=started,
        )
        return replace(listing, requests=listing.requests + self._spent, steady=listing.requests)

    def _listing(self, found: Found) -> Listing[FoldT]:
        """Fold what was found."""
        fold = self._new_fold()
        fold.take(list(found.jobs.values()), found.now)
        words, place = self._list.words, Place(found.workspace or self._list.workspace, self._list.dataset)
        for (job_type, status), count in found.counts.items():
            if count.jobs:
                fold.count(
                    Counted(
                        place=place,
                        job_type=job_type,
                        status=status,
                        phase=words.phase(status),
                        jobs=count.jobs,
                        newest_end=count.newest_end,
                        unknown=words.unknown(job_type, status),
                    )
                )
        reading = Reading(as_of=found.now, total=found.total, seen=found.seen, listed=found.listed)
        return Listing(
            fold=fold,
            reading=reading,
            complete=not found.doubts,
            requests=self._spent,
            way=Way.COUNT,
            steady=found.steady,
            doubts=found.doubts,
        )
