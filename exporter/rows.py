"""The rows of a page, and what can be told of many of them at once. Pure.

A row becomes an item of ours when it is looked at, and most never are: of a list of a hundred thousand jobs
nearly all have ended long ago, or differ in their names alone. What an item means is said once, by
``translate``; all else here only saves to ask, and falls back on it.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

import msgspec

from exporter.model import ACTIVE, FINISHED, Counted, Item, Job, Place, Sum

RowT = TypeVar("RowT")
Key = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns(Generic[RowT]):
    """What an API's rows tell as they are.

    ``kind`` is all that decides on an item but its key and its times. ``state`` is the same where the state
    of the item is. ``newest`` makes one moment of what ``created`` tells of several, in seconds since 1970.
    ``newest_change`` is when one of the rows changed last, or later; infinite where one is not settled,
    and only there. ``together`` says what rows of one kind come to, given an item of one of them and the
    moment from which on an end matters; None where each must be looked at.
    """

    key: Callable[[RowT], Key]
    kind: Callable[[RowT], Hashable]
    state: Callable[[RowT], Hashable]
    created: Callable[[RowT], Any]
    newest: Callable[[Iterable[Any]], float | None]
    newest_change: Callable[[Sequence[RowT]], float | None]
    together: Callable[[Item, Sequence[RowT], float], Sum | None]


class Rows(Sequence[Item], Generic[RowT]):
    """The items of a page, each made anew when it is looked at.

    ``prefix`` is what stands before the key of a row where it is not unique in a source.
    """

    __slots__ = ("_columns", "_prefix", "_rows", "_translate")

    def __init__(
        self,
        rows: Sequence[RowT],
        columns: Columns[RowT],
        translate: Callable[[RowT], Item],
        prefix: str | None = None,
    ) -> None:
        self._rows = rows
        self._columns = columns
        self._translate = translate
        self._prefix = prefix

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Item]:
        return map(self._translate, self._rows)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self._translate(row) for row in self._rows[index]]
        return self._translate(self._rows[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as of all that is compared by what it holds

    def moved(self, as_of: float) -> bool | None:
        """Tell whether one is not settled, so that it may have changed since ``as_of``.

        None where one may have been created or changed since, and each must be looked at.
        """
        if not self._rows:
            return False
        created = self._columns.newest(map(self._columns.created, self._rows))
        if created is not None and created >= as_of:
            return None
        changed = self._columns.newest_change(self._rows)
        if changed is None or changed < as_of:
            return False
        return True if changed == math.inf else None

    def keys(self) -> list[int]:
        """Return the hashes of the keys, in order."""
        keys = map(self._columns.key, self._rows)
        return list(map(hash, keys if self._prefix is None else map(self._prefix.__add__, keys)))  # type: ignore[arg-type]  # those are texts

    def states(self) -> list[int]:
        """Return the hashes of the states, in order."""
        return list(map(hash, map(self._columns.state, self._rows)))

    def samples(self) -> Iterable[Item]:
        """Return an item of each kind."""
        of_kind = dict(zip(map(self._columns.kind, self._rows), self._rows, strict=True))
        return map(self._translate, of_kind.values())

    def summed(self, since: float) -> tuple[Sequence[Sum], Sequence[Item]]:
        """Return what rows come to that need not be told apart, and the items of the others.

        Items that are active or ended at ``since`` or later are among the others.
        """
        kinds: defaultdict[Hashable, list[RowT]] = defaultdict(list)
        for kind, row in zip(map(self._columns.kind, self._rows), self._rows, strict=True):
            kinds[kind].append(row)
        sums: list[Sum] = []
        others: list[Item] = []
        for rows in kinds.values():
            several = self._columns.together(self._translate(rows[0]), rows, since)
            if several is None:
                others += map(self._translate, rows)
            else:
                sums.append(several)
        return sums, others


def ended_before(
    newest_end: Callable[[Sequence[RowT]], float | None], sample: Item, rows: Sequence[RowT], since: float
) -> Counted | None:
    """Return what jobs of a kind come to; None where they are active, or one ended at ``since`` or later."""
    assert isinstance(sample, Job)  # noqa: S101 - of a list of jobs
    if sample.phase in ACTIVE:
        return None
    ended = newest_end(rows) if sample.phase in FINISHED else None
    return None if ended is not None and ended >= since else counted(sample, len(rows), newest_end=ended)


def counted(
    sample: Item, jobs: int, *, newest_end: float | None = None, last_run_ended: float | None = None
) -> Counted:
    """Return so many jobs of the kind of ``sample``."""
    assert isinstance(sample, Job)  # noqa: S101 - of a list of jobs
    run = sample.last_run
    return Counted(
        place=Place(sample.workspace, sample.dataset),
        job_type=sample.job_type,
        status=sample.status,
        phase=sample.phase,
        jobs=jobs,
        newest_end=newest_end,
        last_run=None if run is None else msgspec.structs.replace(run, ended=last_run_ended),
        unknown=sample.unknown,
    )


def keys_of(items: Sequence[Item]) -> list[int]:
    """Return what tells items apart: hashes of 64 bits, as the keys of a long list take more memory.

    That two of a hundred thousand keys have the same one has a chance of three in ten thousand million.
    """
    return items.keys() if isinstance(items, Rows) else [hash(item.key) for item in items]


def states_of(items: Sequence[Item]) -> list[int]:
    """Return what is the same, for the pages of one list, where the state of an item is."""
    return items.states() if isinstance(items, Rows) else [hash(item.state) for item in items]
