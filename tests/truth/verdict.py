"""Whether what a scrape shows of a source is true, or marked, or absent, and nothing is lost without need."""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.scrape import Result
from exporter.simulator.world.world import World
from tests.truth import truth
from tests.truth.history import with_the_past
from tests.truth.judging import RUNNING, out_of_bounds
from tests.truth.lists import SOURCES, Shown
from tests.truth.truth import COUNTS, Key, Numbers

LOOKBACK = 3600.0
MAX_STALENESS = 300.0


class Ending(StrEnum):
    """What a scrape says of a source."""

    COMPLETE = "complete"
    MARKED = "marked"
    STALE = "stale"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last complete numbers of a source; ``began`` is by the clock of the event loop."""

    shown: Shown
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When a scrape began and ended, and when each list was asked, in seconds since 1970."""

    began: float
    ended: float
    asked: Mapping[str, Sequence[float]]
    slack: float
    """So many seconds the numbers may seem older: without a date an answer has that of an earlier one."""


@dataclass
class Judge:
    """Judges the scrapes of one source, one after the other."""

    source: str
    world: World
    """Without the jobs of the past."""
    past: str | None
    """The list that has them."""
    last: Last | None = None
    objections: list[str] = field(default_factory=list)

    @property
    def grows(self) -> bool:
        """Whether a number of the source grows between two changes."""
        return self.source == "octopus"

    def hear(self, result: Result, shown: Shown, moments: Moments, began: float) -> Ending:
        """Return how a scrape ended; what is wrong with it is added to ``objections``."""
        about = shown.about
        if about["success"]:
            if not about["list_complete"]:
                return Ending.MARKED
            self._fresh(result, shown, moments)
            self.last = Last(shown=shown, began=began)
            return Ending.COMPLETE
        return self._failed(shown)

    def believe(self, shown: Shown, began: float) -> None:
        """Remember what is shown without judging it."""
        if shown.about["success"] and shown.about["list_complete"]:
            self.last = Last(shown=shown, began=began)

    def _object(self, condition: bool, otherwise: str) -> None:
        if not condition:
            self.objections.append(f"{self.source}: {otherwise}")

    def _failed(self, shown: Shown) -> Ending:
        """What is shown after a failure is the last complete collection, as long as it is not too old."""
        now = asyncio.get_running_loop().time()
        age = math.inf if self.last is None else now - self.last.began
        if not any(shown.lists.values()):
            # An empty list shows nothing, whether it is fresh or not.
            was_empty = self.last is not None and not any(self.last.shown.lists.values())
            self._object(age >= MAX_STALENESS or was_empty, f"the numbers of {age:.0f} s ago are lost")
            return Ending.ABSENT
        self._object(age <= MAX_STALENESS + 1, f"shows numbers of {age:.0f} s ago")
        if self.last is not None:
            self._object(shown.lists == self.last.shown.lists, "stale numbers are not those of before")
            told = self.last.shown.about["last_success_timestamp_seconds"]
            self._object(
                shown.about["last_success_timestamp_seconds"] == told, "stale numbers have another time"
            )
        return Ending.STALE

    def _fresh(self, result: Result, shown: Shown, moments: Moments) -> None:
        """All is of the scrape, each list as it was at one moment of it."""
        at = shown.about["last_success_timestamp_seconds"]
        self._object(
            moments.began - 1.5 - moments.slack <= at <= moments.ended + 1e-3,
            f"is of {at - moments.began:+.3f} s",
        )
        names = SOURCES[self.source].names
        self._object(set(shown.lists) <= set(names), f"unknown lists {sorted(shown.lists)}")
        assert result.snapshot is not None
        pages = {walk.name.split()[-1]: walk.pages for walk in result.snapshot.walks}
        if self.source == "dataarts" and max(pages.values()) > 1:
            self._within_bounds(shown, moments)
            return
        for name in names:
            self._list(name, shown.lists.get(name, {}), at, moments)

    def _list(self, name: str, exported: Numbers, at: float, moments: Moments) -> None:
        asked = sorted(moments.asked.get(name, ()), key=lambda moment: abs(moment - at - 0.5))
        closest: Mapping[Key, tuple[float, float | None]] | None = None
        for truths in self._truths(name, asked, moments):
            wrong = differences(exported, truths)
            if self.source == "pai-vision" and name == self.past:
                # Where PAI is found not to sort by end, the newest end of what is only counted is not told.
                wrong = {key: found for key, found in wrong.items() if not is_missing_end(key, found)}
            if not wrong:
                return
            if closest is None or len(wrong) < len(closest):
                closest = wrong
        few = dict(list((closest or {}).items())[:4])
        self._object(False, f"{name}: is true at no moment of {len(asked)}: {few}")

    def _truths(self, name: str, asked: Sequence[float], moments: Moments) -> Iterator[Sequence[Numbers]]:
        """Yield what may be said of each moment: what runs is told a little before it, or after."""
        truth_of = SOURCES[self.source].truth
        for moment in asked:
            for border in sorted({moment, math.floor(moment)}, reverse=True):
                ages = (0.0, moments.ended - moment, moments.began - moment) if self.grows else (0.0,)
                variants = [truth_of(self.world, name, moment, border - LOOKBACK, age) for age in ages]
                yield [with_the_past(one, name) if name == self.past else one for one in variants]

    def _within_bounds(self, shown: Shown, moments: Moments) -> None:
        """No count is below what was so throughout, or above what was so at any moment.

        DataArts tells no time for the start of a run, so over several pages this is what can be promised.
        """
        always, ever = truth.dataarts_bounds(self.world, moments.began, moments.ended)
        wrong = out_of_bounds(truth.joined(shown.lists.values()), always, ever)
        self._object(not wrong, f"out of bounds: {dict(list(wrong.items())[:4])}")


def is_missing_end(key: Key, found: tuple[float, float | None]) -> bool:
    """Tell whether what is wrong with a sample is that it is not there, and it is of the newest end."""
    return key[0] == "datajobs_last_finished_job_timestamp_seconds" and math.isnan(found[0])


def differences(exported: Numbers, truths: Sequence[Numbers]) -> dict[Key, tuple[float, float | None]]:
    """Return what is exported and not true, or true and not exported; for counts, nothing is zero."""
    found: dict[Key, tuple[float, float | None]] = {}
    for key in exported.keys() | truths[0].keys():
        zero = 0.0 if key[0] in COUNTS or key[0].endswith("_bucket") else math.nan
        value = exported.get(key, zero)
        values = [one.get(key, zero) for one in truths]
        if key[0].startswith(RUNNING):
            is_true = min(values) - 1e-3 <= value <= max(values) + 1e-3
        else:
            is_true = math.isclose(value, values[0], rel_tol=1e-9, abs_tol=1e-6)
        if not is_true:
            found[key] = (value, values[0])
    return found
