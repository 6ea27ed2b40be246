"""One colour for one meaning, on every dashboard. The names are Grafana's, which fits them to its theme."""

from collections.abc import Iterable, Mapping, Sequence

from grafana_foundation_sdk.models.dashboard import Threshold

from exporter.errors import Reason
from exporter.model import ACTIVE, FINISHED, Phase

GOOD = "green"
WARNING = "orange"
BAD = "red"
NEUTRAL = "blue"
NOTHING = "text"
LOWER_THAN_ANY = -1e12

PHASES: Mapping[str, str] = {
    Phase.QUEUED: "yellow",
    Phase.STARTING: "#00b8d9",
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

KINDS = ("#5794f2", "#b877d9", "#2fb5b5", "#c9a26b", "#e58fb5", "#8f9bb3", "#7b61c9", "#4d7fa8")
"""For things that are neither good nor bad, such as types of jobs: none looks like a failure or a success."""


def of_kinds(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name, the same wherever the names come in the same order."""
    return dict(zip(names, KINDS, strict=False))


REASONS: Mapping[str, str] = {
    Reason.TIMEOUT: "yellow",
    Reason.CONNECTION: "purple",
    Reason.TLS: "dark-purple",
    Reason.CREDENTIALS: "super-light-red",
    Reason.AUTHENTICATION: "light-red",
    Reason.PERMISSION: "dark-red",
    Reason.NOT_FOUND: "blue",
    Reason.BAD_REQUEST: "dark-blue",
    Reason.THROTTLED: "orange",
    Reason.SERVER: "red",
    Reason.BAD_RESPONSE: "#e24d9c",
    Reason.TOO_LARGE: "dark-yellow",
    Reason.INTERNAL: "#8e8e8e",
}
"""The colour of each reason of failure; none is green."""

CODES: Mapping[str, str] = {
    "200": GOOD,
    "400": "dark-blue",
    "401": "#e24d9c",
    "403": "light-purple",
    "404": "blue",
    "429": "orange",
    "500": "red",
    "502": "semi-dark-red",
    "503": "dark-red",
    "none": "purple",
}
"""The colours of HTTP status codes, near those of the reasons that they come to."""


def of_statuses(statuses: Mapping[str, Phase]) -> dict[str, str]:
    """Return the colours of an API's own statuses: those of the phases that they stand for."""
    return {status: PHASES[phase] for status, phase in statuses.items()}


def or_nothing(thresholds: Sequence[Threshold]) -> list[Threshold]:
    """Return thresholds with no colour for no value, to which Grafana else gives the lowest, often green."""
    lowest, *others = thresholds
    return [
        Threshold(value=None, color=NOTHING),
        Threshold(value=LOWER_THAN_ANY, color=lowest.color),
        *others,
    ]


def steps(base: str, *more: tuple[float, str]) -> list[Threshold]:
    """Return thresholds: ``base`` below the first value, then each colour from its value on."""
    return [Threshold(value=None, color=base), *(Threshold(value=value, color=name) for value, name in more)]


PLAIN = steps(NEUTRAL)
"""For numbers that are neither good nor bad."""
NONE_IS_GOOD = steps(GOOD, (1, BAD))
"""For counts of what should not be."""
FEW_IS_FAIR = steps(GOOD, (1, WARNING))
"""For counts of what is to be looked at when there is time."""
