"""States over time, and how the clouds write time down."""

import math
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Row = dict[str, Any]
"""One object of a list answer, as it goes over the wire."""

NEVER = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Which state a thing is in, from its birth until it vanishes.

    ``times`` are seconds since 1970, ascending, whole milliseconds; ``states[i]`` begins at ``times[i]``.
    From ``gone`` on the thing is no longer listed, whatever its state.
    """

    times: tuple[float, ...]
    states: tuple[str, ...]
    gone: float = NEVER

    @property
    def born(self) -> float:
        """The moment from which the thing is listed."""
        return self.times[0]

    def within(self, start: float, end: float) -> bool:
        """Tell whether the thing is listed at any moment of [start, end]."""
        return self.times[0] <= end and self.gone > start

    def state(self, t: float) -> str:
        """Return the state at ``t``, which must not be before the birth."""
        return self.states[bisect_right(self.times, t) - 1]

    def since(self, t: float) -> float:
        """Return when the state of moment ``t`` began."""
        return self.times[bisect_right(self.times, t) - 1]

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return every change in (start, end], birth and vanishing included."""
        return between(start, end, (*(moment for moment in self.times if moment < self.gone), self.gone))


class Listed(Protocol):
    """What every list answer is made of."""

    @property
    def key(self) -> str:
        """What tells it from all others of its list."""
        ...

    @property
    def timeline(self) -> Timeline:
        """When it is listed, and in which state."""
        ...

    def row(self, t: float) -> Row:
        """Return what the cloud tells about it at ``t``, a moment at which it is listed."""
        ...

    def moments(self, start: float, end: float) -> Iterable[float]:
        """Return the moments in (start, end] at which ``row`` changes but for a duration that grows."""
        ...


def between(start: float, end: float, times: Iterable[float]) -> Iterator[float]:
    """Return those of ``times`` that are in (start, end]."""
    return (moment for moment in times if start < moment <= end)


def milliseconds(t: float) -> int:
    """Huawei's form of a time."""
    return round(t * 1000)


def iso_seconds(t: float) -> str:
    """PAI's form of a job's time, ``2023-06-20T04:05:59Z``; fractions are cut."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def iso_milliseconds(t: float) -> str:
    """PAI's form of a dataset's or workspace's time, ``2021-01-21T17:12:35.232Z``."""
    seconds, rest = divmod(milliseconds(t), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z"
