"""Very many jobs in columns, and what filters leave of them."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from zlib import crc32

from exporter.simulator.world.order import ListingOrder

HOUR = 3600
LIVES = tuple(round(45 * 1.22**step) for step in range(31))
"""How long jobs take, in seconds: from a minute to five hours."""

LONG_LIFE = 20 * HOUR
ONE_IN = 211
"""One in so many takes the long life: it was created a day before its neighbours in the order of ends."""

KEPT_SELECTIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many jobs a list has. The finished ones ended at a steady rate, the last one a moment ago.

    So a longer history goes further back, and as many ended in the last hour as in a shorter one.
    """

    finished: int = 0
    active: int = 0
    finished_per_hour: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What a list tells jobs apart by. Statuses repeat among those that ended as often as they are named."""

    ended: Sequence[str]
    active: Sequence[str]
    types: Sequence[str]

    def table(self) -> list[tuple[str, str]]:
        """Return status and type by number of kind."""
        statuses = dict.fromkeys((*self.ended, *self.active))
        return [(status, job_type) for status in statuses for job_type in self.types]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: created at ``since`` or later, last changed at ``until`` or before, in seconds."""

    statuses: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    since: float | None = None
    until: float | None = None
    order: ListingOrder = ListingOrder.CREATED_DESCENDING


@dataclass(slots=True)
class Columns:
    """Jobs before they are put in order: creation and last change in whole seconds, number of the kind."""

    created: "array[int]" = field(default_factory=lambda: array("q"))
    changed: "array[int]" = field(default_factory=lambda: array("q"))
    kind: "array[int]" = field(default_factory=lambda: array("H"))

    def add(self, created: int, changed: int, kind: int) -> None:
        """Add one job."""
        self.created.append(created)
        self.changed.append(changed)
        self.kind.append(kind)

    def in_order(self) -> "Columns":
        """Return the same jobs by creation, the oldest first."""
        order = sorted(range(len(self.created)), key=self.created.__getitem__)
        columns = (self.created, self.changed, self.kind)
        return Columns(*(array(one.typecode, map(one.__getitem__, order)) for one in columns))


class Crowd:
    """The jobs of one list; a job is its place by creation, from 0."""

    def __init__(self, kinds: Kinds, size: Size, at: int) -> None:
        self.kinds = kinds.table()
        columns = Columns()
        number = {kind: index for index, kind in enumerate(self.kinds)}
        for created, changed, kind in chain(_finished(kinds, size, at), _active(kinds, size, at)):
            columns.add(created, changed, number[kind])
        columns = columns.in_order()
        self.created, self.changed, self.kind = columns.created, columns.changed, columns.kind
        self._of_kind: list[array[int]] = [array("L") for _ in self.kinds]
        for place, kind_number in enumerate(self.kind):
            self._of_kind[kind_number].append(place)
        self.select: Callable[[Wanted], Sequence[int]] = lru_cache(maxsize=KEPT_SELECTIONS)(self._select)
        """The places of what is wanted, in the order that is wanted."""

    def __len__(self) -> int:
        return len(self.created)

    def status(self, place: int) -> str:
        """Return the status of a job."""
        return self.kinds[self.kind[place]][0]

    def job_type(self, place: int) -> str:
        """Return the type of a job."""
        return self.kinds[self.kind[place]][1]

    def _select(self, wanted: Wanted) -> Sequence[int]:
        first = 0 if wanted.since is None else bisect_left(self.created, wanted.since)
        places: Sequence[int] = range(first, len(self))
        if wanted.statuses or wanted.types:
            places = sorted(chain.from_iterable(self._from(first, wanted)))
        if wanted.until is not None:
            places = [place for place in places if self.changed[place] <= wanted.until]
        return self._sorted(places, wanted.order)

    def _from(self, first: int, wanted: Wanted) -> Iterator[Iterable[int]]:
        """Yield the places from ``first`` on of each kind that is wanted."""
        for (status, job_type), places in zip(self.kinds, self._of_kind, strict=True):
            if (not wanted.statuses or status in wanted.statuses) and (
                not wanted.types or job_type in wanted.types
            ):
                yield places[bisect_left(places, first) :]

    def _sorted(self, places: Sequence[int], order: ListingOrder) -> Sequence[int]:
        """Return places, which come by creation, in another order."""
        if order is ListingOrder.HASH:
            return array("L", sorted(places, key=lambda place: crc32(b"%d" % place)))
        if order in (ListingOrder.UPDATED_ASCENDING, ListingOrder.UPDATED_DESCENDING):
            places = array("L", sorted(places, key=self.changed.__getitem__))
        descending = order in (ListingOrder.CREATED_DESCENDING, ListingOrder.UPDATED_DESCENDING)
        return places[::-1] if descending else places


def _finished(kinds: Kinds, size: Size, at: int) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """Yield creation, end and kind of those that ended, the newest end first."""
    for number in range(size.finished):
        ended = at - round((number + 0.5) * HOUR / size.finished_per_hour)
        life = LONG_LIFE if number % ONE_IN == 0 else LIVES[number % len(LIVES)]
        kind = (kinds.ended[number % len(kinds.ended)], kinds.types[number // 5 % len(kinds.types)])
        yield ended - life, ended, kind


def _active(kinds: Kinds, size: Size, at: int) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """Yield creation, last change and kind of those that wait or run: some for hours, most for minutes."""
    for number in range(size.active):
        age = LIVES[number % len(LIVES)] + number % 60
        kind = (kinds.active[number % len(kinds.active)], kinds.types[number // 5 % len(kinds.types)])
        yield at - age, at - age // 3, kind
