"""Walks over paged lists that know whether what they brought is complete.

A list that takes several requests is not a photograph: jobs come, go and change between two pages,
rows move from one page to the next, totals lie. A walk therefore answers for one moment, that of its
first page (``as_of``, by the cloud's clock), and claims to be complete only where that can be shown:

- A job that was created after ``as_of`` is left out. What remains was on the list at ``as_of``, so if it is
  as many as the first page's total, it is the whole list of that moment, whatever the order of the rows.
- A job of a later page that has changed since ``as_of``, or may have without the API telling, has
  *moved*: its state at ``as_of`` is not known. Such a walk is taken again; if nothing is seen to move
  then, or both walks brought the very same, the second one is complete.

The cloud's clock often tells whole seconds. What falls into the second of ``as_of`` is taken for later.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from exporter.client import Answer, Request
from exporter.errors import SourceError
from exporter.model import Item, Place
from exporter.rows import Rows, keys_of, states_of

if TYPE_CHECKING:
    from exporter.apis.parts import Countable

MOST_STALE = 10
"""So many pages in a row without a new row end a list, as an empty one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page in our words: its rows, the cloud's total of the list, and the cloud's clock."""

    items: Sequence[Item]
    total: int
    now: float


Fetch = Callable[[Request], Awaitable[Answer]]


class Fold(Protocol):
    """Takes the rows of a walk, page by page, and keeps only what it makes of them."""

    def take(self, items: Sequence[Item], now: float) -> None:
        """Fold in rows as they were at ``now``, the same moment for the whole walk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One list to read.

    ``request(index, size)`` asks for the page ``index`` (from 0) of pages of ``size`` rows; ``decode``
    reads an answer, or raises SourceError(BAD_RESPONSE). ``learn`` is called after a first page that is
    not the whole list, ``forget`` when a walk did not add up. ``absent`` says of an error that it only
    means that there is no such list here, which fails nothing.
    """

    name: str
    page_size: int
    request: Callable[[int, int], Request]
    decode: Callable[[Answer], Page]
    learn: Callable[[Page, Fetch], Awaitable[None]] | None = None
    forget: Callable[[], None] | None = None
    absent: Callable[[SourceError], bool] = lambda _: False
    if_absent: str = ""
    """What to do where there is no such list."""
    zeros: tuple[tuple[Place, str], ...] = ()
    """Job types that the list is about, by place: there are none of them if it is empty."""
    queue_type: str | None = None
    """The queue that the list is about: nothing waits in it if the list is empty."""
    counting: "Countable | None" = None
    """How the list is counted where that takes fewer requests than reading it."""


class Way(StrEnum):
    """How a list was read."""

    WALK = "walk"
    COUNT = "count"


@dataclass(slots=True)
class Reading:
    """What one pass over a list has brought so far."""

    as_of: float
    total: int
    seen: set[int]
    listed: int = 0
    moved: bool = False
    fingerprint: int = 0
    requests: int = 0

    @property
    def adds_up(self) -> bool:
        """The rows are as many as the first page said."""
        return self.listed == self.total

    def sift(self, items: Sequence[Item], *, first: bool) -> Sequence[Item]:
        """Return the rows of a page that belong to the list at ``as_of``, each only once."""
        keys, states = keys_of(items), states_of(items)
        new = set(keys)
        if isinstance(items, Rows) and len(new) == len(keys) and self.seen.isdisjoint(new):
            moved = False if first else items.moved(self.as_of)
            if moved is not None:
                self.seen |= new
                self.moved |= moved
                self.fingerprint = reduce(xor, states, self.fingerprint)
                self.listed += len(keys)
                return items
        return self._each(zip(keys, states, items, strict=True), first=first)

    def _each(self, items: Iterable[tuple[int, int, Item]], *, first: bool) -> Sequence[Item]:
        """Look at each item, with the hashes of its key and its state."""
        kept, seen, as_of, fingerprint = [], self.seen, self.as_of, self.fingerprint
        for key, state, item in items:
            if key in seen:
                continue
            seen.add(key)
            # The first page is one moment: whatever is on it was so.
            if not first:
                created, changed = item.created, item.changed
                if created is not None and created >= as_of:
                    continue
                if not item.settled or (changed is not None and changed >= as_of):
                    self.moved = True
            fingerprint ^= state
            kept.append(item)
        self.fingerprint = fingerprint
        self.listed += len(kept)
        return kept


FoldT = TypeVar("FoldT", bound=Fold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[FoldT]):
    """What a walk came to: the fold of its rows and whether they are the whole list of one moment.

    ``steady`` is how many requests the list takes while it stays as it is, None where that is ``requests``.
    ``doubts`` say why a list that was counted is not complete.
    """

    fold: FoldT
    reading: Reading
    complete: bool
    requests: int
    way: Way = Way.WALK
    steady: int | None = None
    doubts: tuple[str, ...] = ()


async def read_surely(
    walk: Walk,
    fetch: Fetch,
    new_fold: Callable[[], FoldT],
    workers: int,
    time_left: Callable[[], float],
    *,
    first: Page | None = None,
    started: float | None = None,
) -> Listing[FoldT]:
    """Read a list, and once more where it did not add up or moved and there is time; raises SourceError.

    ``first`` is its first page, where that was read just now, and ``started`` the time that was left before.
    """
    started = time_left() if started is None else started
    fold = new_fold()
    reading = await read_list(walk, fetch, fold, workers, first)
    if reading.adds_up and not reading.moved:
        return Listing(fold=fold, reading=reading, complete=True, requests=reading.requests)
    if not reading.adds_up and walk.forget is not None:
        walk.forget()
    once = Listing(fold=fold, reading=reading, complete=False, requests=reading.requests)
    took = started - time_left()
    if time_left() <= 2 * took:
        return once
    try:
        # What is left after a repeat that hangs is for the other lists of the source.
        async with asyncio.timeout(0.8 * time_left()):
            return await _again(walk, fetch, new_fold, workers, once)
    except (SourceError, TimeoutError):
        return once  # these numbers are marked as incomplete; a failure would say less


async def _again(
    walk: Walk, fetch: Fetch, new_fold: Callable[[], FoldT], workers: int, first: Listing[FoldT]
) -> Listing[FoldT]:
    fold = new_fold()
    reading = await read_list(walk, fetch, fold, workers)
    same = reading.fingerprint == first.reading.fingerprint
    return Listing(
        fold=fold,
        reading=reading,
        complete=reading.adds_up and (same or not reading.moved),
        requests=first.requests + reading.requests,
    )


async def read_list(walk: Walk, fetch: Fetch, fold: Fold, workers: int, first: Page | None = None) -> Reading:
    """Read every page of ``walk`` once, with up to ``workers`` requests in flight; raises SourceError."""
    if first is None:
        first = await fetch_page(walk, fetch, 0, walk.page_size)
    reading = Reading(as_of=first.now, total=first.total, seen=set(), requests=1)
    fold.take(reading.sift(first.items, first=True), first.now)
    rows = len(first.items)
    if rows >= first.total and rows < walk.page_size:
        return reading
    if rows == 0:
        return reading
    if walk.learn is not None and first.total > rows:
        await walk.learn(first, fetch)
    # A cloud that allows fewer rows than we asked for goes on in steps of its own.
    size = rows if first.total > rows else walk.page_size
    await _Rest(walk, fetch, fold, reading, size).read(workers)
    return reading


async def fetch_page(walk: Walk, fetch: Fetch, index: int, size: int) -> Page:
    """Return page ``index`` in our words; raises SourceError."""
    return walk.decode(await fetch(walk.request(index, size)))


class _Rest:
    """The pages after the first: those that the total promises, then on until one is not full."""

    def __init__(self, walk: Walk, fetch: Fetch, fold: Fold, reading: Reading, size: int) -> None:
        self._walk = walk
        self._fetch = fetch
        self._fold = fold
        self._reading = reading
        self._size = size
        # One more where the last page is full: only a page that is not can show the end of the list.
        self._promised = reading.total // size + 1
        self._indexes: Iterator[int] = iter(range(1, self._promised))
        self._end = math.inf
        self._stale = 0
        self._last_rows = size

    async def read(self, workers: int) -> None:
        """Read the promised pages side by side, then any further ones in turn."""
        count = min(workers, self._promised - 1)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(self._work())
        except BaseExceptionGroup as group:
            raise first_of(group) from group
        index = self._promised
        while self._last_rows >= self._size and self._end == math.inf:
            known = len(self._reading.seen)
            self._last_rows = await self._page(index)
            # Mostly rows that we know: these are not the steps that the cloud counts in.
            if 2 * (len(self._reading.seen) - known) < self._last_rows:
                return
            index += 1

    async def _work(self) -> None:
        for index in self._indexes:
            if index > self._end:
                return
            rows = await self._page(index)
            if index == self._promised - 1:
                self._last_rows = rows

    async def _page(self, index: int) -> int:
        page = await fetch_page(self._walk, self._fetch, index, self._size)
        reading = self._reading
        reading.requests += 1
        known = len(reading.seen)
        self._fold.take(reading.sift(page.items, first=False), reading.as_of)
        self._stale = 0 if len(reading.seen) > known else self._stale + 1
        # Whatever the total says: a lie must not cost a million requests.
        if not page.items or self._stale >= MOST_STALE:
            self._end = min(self._end, index)
        return len(page.items)


def first_of(group: BaseExceptionGroup) -> BaseException:
    """Return what a task group failed of: a bug of ours before a SourceError, of those the first."""
    expected, bugs = group.split(SourceError)
    found: BaseException | None = bugs or expected
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert found is not None  # noqa: S101  a group is never empty
    return found
