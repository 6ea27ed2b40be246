"""Panels about jobs that run once, for Octopus and PAI: what is at work, how it ends, how long it takes."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import heatmap, table, timeseries

from grafana.colours import AT_WORK, BAD, ENDED, GOOD, NOTHING, WARNING, of_kinds, steps
from grafana.expressions import ACTIVE, FAILED, RUNNING, SUCCEEDED, ago, quantile
from grafana.panels import HALF, THIRD, WHOLE, distribution, lines
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.scope import Scope
from grafana.tables import Column, rows

FAILURE_RATIOS = steps(GOOD, (0.05, WARNING), (0.2, BAD))
FAILURES = steps(NOTHING, (1, WARNING))
TIMES_USUAL = steps(NOTHING, (1.5, WARNING), (3, BAD))
NAMES = {"Job type": 210, "Action": 180, "Dataset": 240}
USUAL = {"Running": 90, "Usual, p50": 110, "Usual, p90": 110}
"""Widths of columns, so that nothing is cut on a narrow screen."""
QUANTILES = {"p50": (0.5, "#8ab8ff"), "p90": (0.9, "#3274d9"), "p99": (0.99, "#7b61c9")}
"""Each with its rank and its colour."""


def at_work_by_phase(scope: Scope, size: Size = HALF) -> timeseries.Panel:
    """Return what is at work, one phase upon the other."""
    return lines(
        "At work, by phase",
        "Jobs that are going to change by themselves, one phase upon the other. Much queued and little "
        "running: nothing takes the jobs up. Much running for long: see below whether they take longer "
        "than usual.",
        unit=COUNT,
        queries=[Query(expr=f"sum by (phase) ({scope.of('datajobs_jobs', ACTIVE)})", legend="{{phase}}")],
        colours=AT_WORK,
        stacked=True,
        size=size,
    )


def at_work_by_kind(scope: Scope, kinds: Sequence[str], word: str, size: Size = HALF) -> timeseries.Panel:
    """Return what is at work, by type; ``word`` is what the API calls a type."""
    return lines(
        f"At work, by {word}",
        f"Jobs that wait or run, by {word}. The colours tell the types apart and nothing else.",
        unit=COUNT,
        queries=[
            Query(expr=f"sum by (job_type) ({scope.of('datajobs_jobs', ACTIVE)})", legend="{{job_type}}")
        ],
        colours=of_kinds(kinds),
        size=size,
    )


def ended_by_phase(scope: Scope, size: Size = HALF) -> timeseries.Panel:
    """Return what finished lately, one end upon the other."""
    return lines(
        "Finished lately, by phase",
        "Jobs that finished inside the lookback of their source (an hour unless configured), by how they "
        "ended. It is a window that moves with time: a failure leaves it when it is older than the "
        "lookback.",
        unit=COUNT,
        queries=[
            Query(expr=f"sum by (phase) ({scope.of('datajobs_recently_finished_jobs')})", legend="{{phase}}")
        ],
        colours=ENDED,
        stacked=True,
        size=size,
    )


def failure_ratio(scope: Scope, kinds: Sequence[str], word: str, size: Size = HALF) -> timeseries.Panel:
    """Return which share of each type fails."""
    failed = scope.of("datajobs_recently_finished_jobs", FAILED)
    finished = scope.of("datajobs_recently_finished_jobs")
    return lines(
        f"Failure ratio, by {word}",
        f"Of the jobs of each {word} that finished inside the lookback, how many failed, wholly or partly. "
        "One type that stands out fails for a reason of its own; all together, look for what they share. A "
        "line is absent while no job of its type has finished. Dashed: 5 and 20 percent.",
        unit=RATIO,
        queries=[
            Query(
                expr=f"sum by (job_type) ({failed}) / (sum by (job_type) ({finished}) > 0)",
                legend="{{job_type}}",
            )
        ],
        colours=of_kinds(kinds),
        thresholds=FAILURE_RATIOS,
        least_maximum=0.25,
        size=size,
    )


def outcomes(scope: Scope, keys: Mapping[str, str], size: Size = WHOLE) -> table.Panel:
    """Return how the jobs of each kind ended; ``keys`` are the labels of a kind, with their headings."""
    kind = ", ".join(keys)
    finished = scope.of("datajobs_recently_finished_jobs")
    failed = scope.of("datajobs_recently_finished_jobs", FAILED)
    ended = "datajobs_last_finished_job_timestamp_seconds"
    return rows(
        "How they ended",
        "Jobs that finished inside the lookback, and how long ago the newest failure and the newest "
        "success were, however long ago. A failure that is newer than the newest success is not over. A "
        "dash: there is none.",
        keys=keys,
        columns=[
            Column(title="Finished", expr=f"sum by ({kind}) ({finished})", unit=COUNT),
            Column(title="Failed", expr=f"sum by ({kind}) ({failed})", unit=COUNT, thresholds=FAILURES),
            Column(
                title="Failure ratio",
                expr=f"sum by ({kind}) ({failed}) / (sum by ({kind}) ({finished}) > 0)",
                unit=RATIO,
                thresholds=steps(NOTHING, (0.05, WARNING), (0.2, BAD)),
            ),
            Column(
                title="Newest failure, ago",
                expr=f"min by ({kind}) ({ago(scope.of(ended, FAILED))})",
                unit=SECONDS,
            ),
            Column(
                title="Newest success, ago",
                expr=f"min by ({kind}) ({ago(scope.of(ended, SUCCEEDED))})",
                unit=SECONDS,
            ),
        ],
        sort="Failed",
        widths=of_names(keys),
        size=size,
    )


def against_usual(scope: Scope, keys: Mapping[str, str], size: Size = HALF) -> table.Panel:
    """Return how old the oldest job at work of each kind is, against how long such jobs take."""
    kind = ", ".join(keys)
    oldest = f"max by ({kind}) ({ago(scope.of('datajobs_oldest_active_job_timestamp_seconds', RUNNING))})"
    took = scope.of("datajobs_turnaround_duration_seconds_bucket", SUCCEEDED)
    return rows(
        "Do they take longer than usual?",
        "The running job that was created first, against the time from creation to end of those that "
        "succeeded inside the lookback: half of them took no longer than p50, nine of ten no longer than "
        "p90. Three times p90 and more: the job is probably stuck. A dash: none runs, or none has "
        "succeeded lately.",
        keys=keys,
        columns=[
            Column(
                title="Running", expr=f"sum by ({kind}) ({scope.of('datajobs_jobs', RUNNING)})", unit=COUNT
            ),
            Column(title="Usual, p50", expr=quantile(0.5, took, *keys), unit=SECONDS),
            Column(title="Usual, p90", expr=quantile(0.9, took, *keys), unit=SECONDS),
            Column(title="Oldest running", expr=oldest, unit=SECONDS),
            Column(
                title="Times p90",
                expr=f"{oldest} / {quantile(0.9, took, *keys)}",
                unit="suffix:×",
                thresholds=TIMES_USUAL,
            ),
        ],
        sort="Times p90",
        widths=of_names(keys) | USUAL,
        size=size,
    )


def of_names(keys: Mapping[str, str]) -> dict[str, int]:
    """Return the widths of the columns of names."""
    return {heading: NAMES[heading] for heading in keys.values() if heading in NAMES}


def quantiles(title: str, description: str, *, bucket: str, size: Size = THIRD) -> timeseries.Panel:
    """Return the quantiles of a gauge histogram; ``bucket`` selects its series."""
    return lines(
        title,
        f"{description} Half of the jobs took no longer than p50, nine of ten no longer than p90, 99 of 100 "
        "no longer than p99. They are estimated within the bounds of the heat map's rows; a line that lies "
        "flat on the topmost bound may be beyond it.",
        unit=SECONDS,
        queries=[Query(expr=quantile(rank, bucket), legend=name) for name, (rank, _) in QUANTILES.items()],
        colours={name: colour for name, (_, colour) in QUANTILES.items()},
        size=size,
    )


def spread(title: str, *, bucket: str, size: Size = THIRD) -> heatmap.Panel:
    """Return the heat map of a gauge histogram; ``bucket`` selects its series."""
    return distribution(
        title,
        "Each column is a moment, each row a span of durations up to the number beside it; the further its "
        "colour is from the background, the more jobs. A band that climbs: all jobs get slower. A second "
        "band above the first: some of them do.",
        unit=SECONDS,
        bucket=bucket,
        size=size,
    )


def slowest(
    title: str, description: str, *, bucket: str, kinds: Sequence[str], size: Size = THIRD
) -> timeseries.Panel:
    """Return the p90 of a gauge histogram for each type; ``bucket`` selects its series."""
    return lines(
        title,
        f"{description} Nine of ten jobs of the type took no longer. A line is absent while there is no "
        "such job.",
        unit=SECONDS,
        queries=[Query(expr=quantile(0.9, bucket, "job_type"), legend="{{job_type}}")],
        colours=of_kinds(kinds),
        size=size,
    )
