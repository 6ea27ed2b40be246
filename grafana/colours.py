"""One colour for one meaning, on every dashboard. The names are Grafana's, which fits them to its theme."""

from collections.abc import Mapping

from grafana_foundation_sdk.models.dashboard import Threshold

from exporter.model import ACTIVE, FINISHED, Phase

GOOD = "green"
WARNING = "orange"
BAD = "red"
NEUTRAL = "blue"
NOTHING = "text"

PHASES: Mapping[str, str] = {
    Phase.QUEUED: "yellow",
    Phase.STARTING: "light-blue",
    Phase.RUNNING: "blue",
    Phase.STOPPING: "purple",
    Phase.SUCCEEDED: "green",
    Phase.PARTIALLY_FAILED: "orange",
    Phase.FAILED: "red",
    Phase.STOPPED: "#8e8e8e",
    Phase.SCHEDULED: "dark-blue",
    Phase.PAUSED: "light-purple",
    Phase.DELETED: "#5c5c5c",
    Phase.UNKNOWN: "#e24d9c",
}
"""The colour of each phase, wherever it is drawn."""
AT_WORK: Mapping[str, str] = {phase: PHASES[phase] for phase in Phase if phase in ACTIVE}
ENDED: Mapping[str, str] = {phase: PHASES[phase] for phase in Phase if phase in FINISHED}


def of_statuses(statuses: Mapping[str, Phase]) -> dict[str, str]:
    """Return the colours of an API's own statuses: those of the phases that they stand for."""
    return {status: PHASES[phase] for status, phase in statuses.items()}


def steps(base: str, *more: tuple[float, str]) -> list[Threshold]:
    """Return thresholds: ``base`` below the first value, then each colour from its value on."""
    return [Threshold(value=None, color=base), *(Threshold(value=value, color=name) for value, name in more)]


PLAIN = steps(NEUTRAL)
"""For numbers that are neither good nor bad."""
NONE_IS_GOOD = steps(GOOD, (1, BAD))
"""For counts of what should not be."""
FEW_IS_FAIR = steps(GOOD, (1, WARNING))
"""For counts of what is to be looked at when there is time."""
