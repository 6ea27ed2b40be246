"""What the makers of worlds have in common."""

from collections.abc import Collection
from random import Random

from exporter.simulator.world.timeline import NEVER, Timeline

FAR = 3.0
"""Nothing lasts longer than this many times the usual."""


def lasting(random: Random, usual: float) -> float:
    """Draw a length of time: mostly about ``usual``, now and then much more, never beyond three times."""
    return min(usual * random.lognormvariate(-0.1, 0.5), FAR * usual)


def entering(timeline: Timeline, states: Collection[str]) -> float:
    """Return when the first of ``states`` begins, NEVER if none does."""
    pairs = zip(timeline.times, timeline.states, strict=True)
    return next((moment for moment, state in pairs if state in states), NEVER)


def thousandth(moment: float) -> float:
    """Return ``moment`` on the grid of milliseconds, the one the wire has."""
    return moment if moment == NEVER else round(moment * 1000) / 1000
