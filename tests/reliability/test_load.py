"""The trial under load in short; by hand it takes ten minutes: ``python -m tests.reliability load``."""

import asyncio

import pytest

from exporter.commands.options import MOST_REQUESTS
from tests.reliability.figures import Load, Outcome
from tests.reliability.load import ALONE, CONCURRENCY, CROWD, OVERLOAD, SOURCES, trial

PHASE = 1.2
PATIENCE = 3.0


@pytest.fixture(scope="module")
def load() -> Load:
    return asyncio.run(trial(PHASE, PATIENCE))


def of(load: Load, name: str) -> Outcome:
    return next(phase for phase in load.phases if phase.name == name)


def test_every_scrape_is_answered_or_refused_whatever_others_do(load: Load) -> None:
    for phase in load.phases:
        assert phase.wrong == {}
        assert phase.answered > 0
    assert load.status == 200


def test_the_clouds_are_asked_no_more_often_for_many_than_for_one(load: Load) -> None:
    crowd, alone = of(load, CROWD), of(load, ALONE)
    assert crowd.answered / crowd.seconds > 3 * alone.answered / alone.seconds
    assert crowd.asked < 2 * alone.asked
    assert max(phase.at_once for phase in load.phases) <= CONCURRENCY * len(SOURCES)


def test_who_is_too_many_is_refused_early_and_the_others_are_answered(load: Load) -> None:
    phase = of(load, OVERLOAD)
    assert phase.refused > 0
    assert phase.refused_p99 is not None
    assert max(phase.refused_p99, phase.health_p99) < phase.slowest  # on a busy machine all take long
    assert phase.answered > 0
    assert of(load, ALONE).refused == 0


def test_nothing_is_left_of_the_crowd(load: Load) -> None:
    kept = CONCURRENCY * len(SOURCES)  # connections to the clouds, for the next scrape
    assert load.left <= load.idle + kept
    assert max(phase.descriptors for phase in load.phases) > MOST_REQUESTS


def test_memory_stays_within_bounds(load: Load) -> None:
    assert max(phase.memory for phase in load.phases) < load.phases[0].memory + 64
