"""The soak in short; by hand it is a day with a scrape a minute: ``python -m tests.reliability soak``."""

from collections.abc import Sequence

import pytest

from tests.reliability.figures import Sample, Soak
from tests.reliability.soak import soak

SOURCES = 5
"""In the configuration of each hour; one of them has a new name in each."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Soak:
    return soak(tmp_path_factory.mktemp("soak"), hours=7, interval=2400, every=3600, jobs=8)


@pytest.fixture
def later(lived: Soak) -> Sequence[Sample]:
    """What there is when all has been there for a while."""
    return [sample for sample in lived.samples if sample.hour >= 2]


def test_much_has_happened(lived: Soak) -> None:
    assert lived.scrapes >= 20
    assert lived.reloads == 7
    assert lived.rejected == 2
    assert lived.failed > 0
    assert lived.requests > 200


def test_nothing_is_left_of_sources_that_are_gone(later: Sequence[Sample]) -> None:
    assert {sample.sources for sample in later} == {SOURCES}


def test_tasks_descriptors_and_threads_are_as_many_as_ever(later: Sequence[Sample]) -> None:
    for counted in ("tasks", "descriptors", "threads"):
        assert len({getattr(sample, counted) for sample in later}) == 1


def test_series_go_with_what_they_tell_of(later: Sequence[Sample]) -> None:
    assert max(sample.series for sample in later) < 1500
    assert min(sample.series for sample in later) > 100


def test_memory_does_not_grow(later: Sequence[Sample]) -> None:
    middle = len(later) // 2
    early, late = (min(sample.memory for sample in part) for part in (later[:middle], later[middle:]))
    assert late < early + 0.5
