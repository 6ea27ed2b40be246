"""Whether exported numbers are true: each of them, at some moment of the scrape."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tests.truth.truth import COUNTS, Key, Numbers

RUNNING = "datajobs_running_duration_seconds"
"""Grows while the pages are being read, so it is between two variants; all else changes at moments only."""

Variants = Sequence[Numbers]
"""What may be said of one moment: the truth, and the truth with what a scrape cannot know better."""


def untrue(exported: Mapping[Key, float], truths: Iterable[Variants]) -> dict[Key, float]:
    """Return what is exported and was true at no moment; empty is the good answer.

    ``truths`` are looked at one by one, and no further than it takes.
    """
    doubtful = dict(exported)
    for variants in truths:
        for key in list(doubtful):
            if _true(key, doubtful[key], variants):
                del doubtful[key]
        if not doubtful:
            break
    return doubtful


def _true(key: Key, exported: float, variants: Variants) -> bool:
    family = key[0]
    counts = family in COUNTS or family.endswith("_bucket")
    values = [truth.get(key, 0.0 if counts else math.nan) for truth in variants]
    if family.startswith(RUNNING):
        return min(values) - 1e-3 <= exported <= max(values) + 1e-3
    return any(math.isclose(exported, value, rel_tol=1e-9, abs_tol=1e-6) for value in values)


def missing(exported: Mapping[Key, float], truths: Iterable[Variants]) -> set[Key]:
    """Return what was there at every given moment and is not exported; looks no further than it takes."""
    suspects: set[Key] | None = None
    for variants in truths:
        for truth in variants:
            present = {key for key, value in truth.items() if value or key[0] not in COUNTS}
            suspects = present - set(exported) if suspects is None else suspects & present
        if not suspects:
            break
    return suspects or set()


def out_of_bounds(exported: Mapping[Key, float], always: Numbers, ever: Numbers) -> dict[Key, float]:
    """Return the counts that are below what was so throughout, or above what was so at any moment."""
    keys = {key for key in (*exported, *always) if key[0] in COUNTS}
    return {
        key: exported.get(key, 0.0)
        for key in keys
        if not always.get(key, 0.0) <= exported.get(key, 0.0) <= ever.get(key, 0.0)
    }


class TruthAt(Protocol):
    """The numbers of a moment."""

    def __call__(self, t: float, *, since: float, age: float) -> Numbers:
        """Count as recent what ended after ``since``; let what runs have run ``age`` seconds longer."""


def over_time(truth: TruthAt, moments: Iterable[float], lookback: float, span: float) -> Iterable[Variants]:
    """Yield the variants of each moment.

    A cloud that tells whole seconds has an earlier border of the lookback, and what runs is read up to
    ``span`` seconds later.
    """
    for moment in moments:
        borders = (moment - lookback, math.floor(moment) - lookback)
        yield [truth(moment, since=since, age=age) for since in borders for age in (0.0, span)]
