"""Numbers by group, for no more groups than are wanted, whatever a cloud invents. Pure."""

import heapq
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

MOST_REMEMBERED = 10_000
"""So many groups that did not fit are told apart; those beyond are not counted."""


class Addable(Protocol):
    """Numbers of one group, to which those of another can be added."""

    def add(self, other: Any, /) -> None:
        """Add the numbers of another group."""


KeyT = TypeVar("KeyT", bound=Any)
ValueT = TypeVar("ValueT", bound=Addable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[KeyT, ValueT]):
    """Which groups come first, and what becomes of the last.

    ``rank`` orders the groups, no two alike. ``beyond`` names the group in which one that does not fit is
    counted, one of few.
    """

    new: Callable[[], ValueT]
    rank: Callable[[KeyT], Any]
    beyond: Callable[[KeyT], KeyT]


class Last(Generic[KeyT]):
    """A group and its place; of two, the *later* one is the smaller, as a heap has it on top."""

    __slots__ = ("key", "rank")

    def __init__(self, rank: Any, key: KeyT) -> None:
        self.rank = rank
        self.key = key

    def __lt__(self, other: "Last[KeyT]") -> bool:
        return bool(self.rank > other.rank)


class Limited(dict[KeyT, ValueT], Generic[KeyT, ValueT]):
    """The numbers of the first ``most`` groups by rank; those of all others are added up in a few.

    Which groups are kept does not depend on the order in which they come. ``collective`` are the groups that
    hold the others.
    """

    def __init__(self, rule: Rule[KeyT, ValueT], most: int) -> None:
        super().__init__()
        self._rule = rule
        self._most = most
        self._heap: list[Last[KeyT]] | None = None
        self._beyond: set[int] = set()
        self.collective: set[KeyT] = set()
        self.evicted = 0
        """How often a group that was kept had to go: whoever holds its numbers must look them up again."""

    @property
    def told_apart(self) -> Set[KeyT]:
        """The groups that have numbers of their own."""
        return self.keys() - self.collective

    @property
    def dropped(self) -> int:
        """How many groups are not told apart."""
        return len(self._beyond)

    def place(self, key: KeyT) -> tuple[ValueT, bool]:
        """Return the numbers to which a group counts, and whether they are its own."""
        numbers = self.get(key)
        if numbers is not None:
            return numbers, True
        if self._rule.beyond(key) == key:  # a cloud's own word for what it does not tell apart
            return self._together(key), True
        if not self._has_room(key):
            return self._leave_out(key), False
        numbers = self[key] = self._rule.new()
        return numbers, True

    def take(self, key: KeyT, numbers: ValueT) -> None:
        """Take in the numbers of a whole group, in place of what was known of it."""
        if key in self or self._has_room(key):
            self[key] = numbers
        else:
            self._leave_out(key).add(numbers)

    def merge(self, others: "Iterable[Limited[KeyT, ValueT]]") -> None:
        """Take in the groups of others; a group that several have is taken from the last of them."""
        for other in others:
            for key, numbers in other.items():
                if key in other.collective:
                    self._together(key).add(numbers)
                else:
                    self.take(key, numbers)
            self._remember(other._beyond)

    def _has_room(self, key: KeyT) -> bool:
        """Make room for a new group if there is none and it comes before one that is kept."""
        heap = self._heap
        if heap is None:
            if len(self) - len(self.collective) < self._most:
                return True
            heap = self._heap = [Last(self._rule.rank(known), known) for known in self.told_apart]
            heapq.heapify(heap)
        last = heapq.heappushpop(heap, Last(self._rule.rank(key), key)).key
        if last == key:
            return False
        self._leave_out(last).add(self.pop(last))
        self.evicted += 1
        return True

    def _leave_out(self, key: KeyT) -> ValueT:
        """Return the numbers in which a group is counted that does not fit."""
        self._remember((hash(key),))
        return self._together(self._rule.beyond(key))

    def _together(self, key: KeyT) -> ValueT:
        numbers = self.get(key)
        if numbers is None:
            numbers = self[key] = self._rule.new()
            self.collective.add(key)
        return numbers

    def _remember(self, hashes: Iterable[int]) -> None:
        if len(self._beyond) < MOST_REMEMBERED:
            self._beyond.update(hashes)
