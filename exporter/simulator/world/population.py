"""Crowds of timelines: all at once, or made on demand for the time that is asked about."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from exporter.simulator.world.timeline import Listed

T_co = TypeVar("T_co", bound=Listed, covariant=True)


class Population(Protocol[T_co]):
    """Things of one list, whenever they live."""

    def between(self, start: float, end: float) -> Sequence[T_co]:
        """Return those that are listed at any moment of [start, end], in no promised order."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed(Generic[T_co]):
    """A crowd that is known from the start."""

    members: tuple[T_co, ...] = ()

    def between(self, start: float, end: float) -> Sequence[T_co]:
        """Return those that are listed at any moment of [start, end]."""
        return [member for member in self.members if member.timeline.within(start, end)]


@dataclass(frozen=True, slots=True)
class United(Generic[T_co]):
    """Several crowds in one list."""

    parts: tuple[Population[T_co], ...]

    def between(self, start: float, end: float) -> Sequence[T_co]:
        """Return those of all parts that are listed at any moment of [start, end]."""
        return [member for part in self.parts for member in part.between(start, end)]


class Endless(Generic[T_co]):
    """A crowd without beginning or end: ``make(n)`` gives those born in the n-th ``width`` seconds.

    Nobody may live longer than ``longest`` seconds. As many stretches are kept as were ever asked for at
    once, so memory stays flat however long the world is watched.
    """

    def __init__(self, make: Callable[[int], tuple[T_co, ...]], *, width: float, longest: float) -> None:
        self._make = make
        self._width = width
        self._longest = longest
        self._kept: OrderedDict[int, tuple[T_co, ...]] = OrderedDict()
        self._most = int(longest / width) + 8

    def between(self, start: float, end: float) -> Sequence[T_co]:
        """Return those that are listed at any moment of [start, end]."""
        first, last = int((start - self._longest) // self._width), int(end // self._width)
        self._most = max(self._most, last - first + 9)
        return [
            member
            for number in range(first, last + 1)
            for member in self._born(number)
            if member.timeline.within(start, end)
        ]

    def _born(self, number: int) -> tuple[T_co, ...]:
        """Return those of one stretch, made again if they were forgotten."""
        known = self._kept.get(number)
        if known is None:
            known = self._kept[number] = self._make(number)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return known
