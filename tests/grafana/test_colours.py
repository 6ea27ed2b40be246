from collections.abc import Mapping

import pytest

from exporter.errors import Reason
from exporter.model import ACTIVE, FINISHED, Phase
from grafana.colours import AT_WORK, CODES, ENDED, GOOD, PHASES, REASONS, of_statuses, steps


@pytest.mark.parametrize("colours", [PHASES, REASONS, CODES])
def test_no_two_meanings_share_a_colour(colours: Mapping[str, str]) -> None:
    assert len(set(colours.values())) == len(colours)


def test_every_phase_and_every_reason_has_a_colour() -> None:
    assert set(PHASES) == set(Phase)
    assert set(REASONS) == set(Reason)
    assert set(AT_WORK) == ACTIVE
    assert set(ENDED) == FINISHED


def test_green_is_success_and_nothing_else() -> None:
    for colours in (PHASES, REASONS, CODES):
        green = {name for name, colour in colours.items() if "green" in colour}
        assert green <= {Phase.SUCCEEDED, "200"}
    assert PHASES[Phase.SUCCEEDED] == CODES["200"] == GOOD


def test_a_status_has_the_colour_of_its_phase() -> None:
    assert of_statuses({"RUN_FAILED": Phase.FAILED}) == {"RUN_FAILED": PHASES[Phase.FAILED]}


def test_thresholds_begin_at_the_bottom_and_climb() -> None:
    made = [(step.value, step.color) for step in steps("green", (1, "orange"), (2, "red"))]
    assert made == [(None, "green"), (1, "orange"), (2, "red")]
