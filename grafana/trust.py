"""Panels that tell whether the numbers beside them can be trusted: for every dashboard about jobs."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import stat, statetimeline

from grafana.colours import BAD, FEW_IS_FAIR, GOOD, NONE_IS_GOOD, WARNING, steps
from grafana.pages import Row
from grafana.panels import SMALL, number, states
from grafana.parts import COUNT, SECONDS, WHOLE_WIDTH, Query, Size
from grafana.scope import Scope

FRESHNESS: Mapping[float, tuple[str, str]] = {
    0: ("fresh and complete", GOOD),
    1: ("fresh, not complete", "dark-yellow"),
    2: ("not fresh, the last complete", WARNING),
    3: ("no numbers", BAD),
}
"""What :func:`freshness` comes to: the worse, the higher."""

AGES = steps(GOOD, (150, WARNING), (300, BAD))
"""How old numbers may be, in seconds: the exporter shows none beyond ``max_staleness``, usually 300."""


def freshness(scope: Scope) -> str:
    """Return the query for how far each source's numbers can be trusted, in the values of FRESHNESS."""
    success, complete = scope.of("datajobs_source_success"), scope.of("datajobs_source_list_complete")
    return f"2 * (1 - {success}) + (1 - {complete})"


def down(scope: Scope, size: Size = SMALL) -> stat.Panel:
    """Return how many targets Prometheus does not reach."""
    return number(
        "Targets down",
        "Targets of these scrape jobs that Prometheus does not reach. All numbers of a target that is down "
        "are gone until it is back.",
        unit=COUNT,
        query=Query(expr=f"sum({scope.of('up')} == bool 0)", legend="down"),
        thresholds=NONE_IS_GOOD,
        size=size,
    )


def failing(scope: Scope, size: Size = SMALL) -> stat.Panel:
    """Return how many sources the clouds do not answer."""
    return number(
        "Sources failing",
        "Sources whose cloud did not answer the last scrape. For some minutes (max_staleness) their last "
        "complete numbers are shown, then none: sums over all sources are too small by them.",
        unit=COUNT,
        query=Query(expr=f"sum({scope.of('datajobs_source_success')} == bool 0)", legend="failing"),
        thresholds=NONE_IS_GOOD,
        size=size,
        link="/d/datajobs-exporter?${__url_time_range}&${__all_variables}",
    )


def incomplete(scope: Scope, size: Size = SMALL) -> stat.Panel:
    """Return how many sources answered with lists that do not add up."""
    success, complete = scope.of("datajobs_source_success"), scope.of("datajobs_source_list_complete")
    return number(
        "Lists not complete",
        "Sources that answered, but with more or fewer jobs than their API counts, or with jobs that changed "
        "while they were read. Their numbers are near the truth, not exact.",
        unit=COUNT,
        query=Query(expr=f"sum(({complete} == bool 0) * {success})", legend="not complete"),
        thresholds=FEW_IS_FAIR,
        size=size,
        link="/d/datajobs-exporter?${__url_time_range}&${__all_variables}",
    )


def age(scope: Scope, size: Size = SMALL) -> stat.Panel:
    """Return how old the oldest numbers are."""
    told = scope.of("datajobs_source_last_success_timestamp_seconds")
    return number(
        "Oldest numbers",
        "How long ago the numbers of the source that is furthest behind were true. Up to Prometheus' scrape "
        "interval and a little more is usual.",
        unit=SECONDS,
        query=Query(expr=f"clamp_min(max(time() - {told}), 0)", legend="age"),
        thresholds=AGES,
        size=size,
    )


def timeline(scope: Scope, size: Size) -> statetimeline.Panel:
    """Return since when which source can be trusted how far."""
    return states(
        "How far each source can be trusted",
        "Green: the numbers are of the last scrape and of whole lists. Yellow: some list did not add up. "
        "Orange: the cloud did not answer, the last complete numbers are shown. Red: there are none to show. "
        "A gap: Prometheus did not reach the exporter.",
        query=Query(expr=freshness(scope), legend="{{source}}"),
        meanings=FRESHNESS,
        size=size,
    )


def row(scope: Scope, height: int = 4) -> Row:
    """Return all of them side by side."""
    small = Size(width=4, height=height)
    panels = [failing(scope, small), incomplete(scope, small), age(scope, small)]
    return Row(
        title="Can these numbers be trusted?",
        panels=[*panels, timeline(scope, Size(width=WHOLE_WIDTH - 3 * small.width, height=height))],
    )
