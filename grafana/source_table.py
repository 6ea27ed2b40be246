"""The table of sources on the dashboard *Exporter*."""

from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.dashboard import Threshold

from grafana.colours import BAD, NOTHING, WARNING, steps
from grafana.expressions import ago
from grafana.parts import COUNT, SECONDS, Size
from grafana.scope import Scope
from grafana.tables import Column, rows
from grafana.trust import AGES, FRESHNESS, freshness

SKEWED = steps(BAD, (-900, WARNING), (-300, NOTHING), (300, WARNING), (900, BAD))
"""Beyond 15 minutes the clouds refuse signatures."""
ENDING = steps(BAD, (0, WARNING), (900, NOTHING))

WIDTHS = {
    "Source": 150,
    "API": 175,
    "State": 205,
    **dict.fromkeys(("Numbers of", "Took", "Listed", "API counts", "Series left out", "Clock ahead"), 110),
}


def source_table(scope: Scope) -> table.Panel:
    """Return a line for each source."""
    return rows(
        "Sources",
        "One line for each source: how far its numbers can be trusted, how many jobs or queue entries it has "
        "and its API counts, how old they are, how long the last collection took, how far our clock is ahead "
        "of the cloud's, and when the credentials end. A dash: not known, or there is none.",
        keys={"source": "Source", "api": "API"},
        columns=list(columns(scope)),
        size=Size(width=24, height=7),
        widths=WIDTHS,
    )


def columns(scope: Scope) -> Iterator[Column]:
    """Yield what is told of each source."""
    state = f"max by (source, api) ({freshness(scope)})"
    yield Column(title="State", expr=state, unit="none", meanings=FRESHNESS)
    for title, family in COUNTS.items():
        yield Column(title=title, expr=f"max by (source, api) ({scope.of(family)})", unit=COUNT)
    for title, expr, limits in times(scope):
        yield Column(title=title, expr=f"max by (source, api) ({expr})", unit=SECONDS, thresholds=limits)
    ends = scope.of("datajobs_source_credentials_expiry_timestamp_seconds")
    left = f"min by (source, api) ({ends} - time())"
    yield Column(title="Credentials end in", expr=left, unit=SECONDS, thresholds=ENDING)


COUNTS = {
    "Listed": "datajobs_source_listed_items",
    "API counts": "datajobs_source_reported_items",
    "Series left out": "datajobs_job_series_dropped",
}


def times(scope: Scope) -> list[tuple[str, str, Sequence[Threshold]]]:
    """Return the columns of seconds: heading, query, thresholds."""
    return [
        ("Numbers of", ago(scope.of("datajobs_source_last_success_timestamp_seconds")), AGES),
        ("Took", scope.of("datajobs_source_duration_seconds"), steps(NOTHING)),
        ("Clock ahead", scope.of("datajobs_source_clock_skew_seconds"), SKEWED),
    ]
