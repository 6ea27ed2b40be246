"""What a benchmark came to: figures, some with a target."""

from collections.abc import Sequence

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. ``target`` is the most that it should be, with ``at_least`` the least, if there is one."""

    what: str
    value: float
    unit: str = ""
    target: float | None = None
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether it is where it should be; None where that is not said."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one benchmark. ``seconds`` is how long it took, ``load`` what else the machine did."""

    name: str
    figures: Sequence[Figure]
    rounds: int
    date: str
    machine: str
    seconds: float
    load: float
