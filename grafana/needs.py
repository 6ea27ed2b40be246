"""The first row of the dashboard *Overview*: what needs me now."""

from grafana_foundation_sdk.builders import table

from grafana.all_clouds import (
    DATAARTS_FAILED,
    FINISHED,
    FINISHED_BADLY,
    QUEUED_SINCE,
    RATIO_OF_FAILURES,
    SCOPE,
    WAITING,
)
from grafana.colours import BAD, FEW_IS_FAIR, GOOD, WARNING, steps
from grafana.expressions import ago
from grafana.pages import Row
from grafana.panels import number
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.tables import Column, rows

LONG_WAIT = steps(GOOD, (1800, WARNING), (3600, BAD))


def needed() -> Row:
    """Return what to look at first."""
    return Row(
        title="What needs me now?",
        panels=[
            alerts(),
            number(
                "Failed lately",
                "Jobs that ended in failure, wholly or partly, inside the lookback of their source (an hour "
                "unless configured). It falls by itself as the failures grow old.",
                unit=COUNT,
                query=Query(expr=f"sum({FINISHED_BADLY})", legend="failed"),
                thresholds=FEW_IS_FAIR,
            ),
            number(
                "Failure ratio",
                "Of the jobs that finished inside the lookback, how many failed, wholly or partly. No data "
                "where none finished.",
                unit=RATIO,
                query=Query(expr=f"sum({FINISHED_BADLY}) / (sum({FINISHED}) > 0)", legend="failure ratio"),
                thresholds=RATIO_OF_FAILURES,
            ),
            number(
                "Schedules in trouble",
                "Jobs of DataArts whose newest run failed, and real-time jobs that are in exception. No "
                "data without a source of dataarts_jobs.",
                unit=COUNT,
                query=Query(expr=f"sum{DATAARTS_FAILED}", legend="in trouble"),
                thresholds=FEW_IS_FAIR,
            ),
            number(
                "Waiting",
                "Entries in the queues of Octopus, and jobs of other lists that are queued. Where both "
                "lists of Octopus are sources, one job may be in both.",
                unit=COUNT,
                query=Query(expr=f"sum{WAITING}", legend="waiting"),
            ),
            number(
                "Longest wait",
                "How long the entry that has waited longest has been in its queue. A change of its position "
                "may begin the time anew.",
                unit=SECONDS,
                query=Query(expr=f"max({ago(QUEUED_SINCE)})", legend="longest wait"),
                thresholds=LONG_WAIT,
            ),
            number(
                "Files failed",
                "Files that failed in jobs of PAI that are active or finished inside the lookback.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of('datajobs_files_failed')})", legend="failed files"),
                thresholds=FEW_IS_FAIR,
            ),
        ],
    )


def alerts() -> table.Panel:
    """Return the alerts that fire."""
    firing = (
        'ALERTS{alertname=~"Datajobs.+",alertstate="firing",severity=~"critical|warning",'
        'job=~"$job|",source=~"$source"}'
    )
    since = 'ALERTS_FOR_STATE{alertname=~"Datajobs.+",job=~"$job|",source=~"$source"}'
    by = "severity, alertname, source"
    return rows(
        "Alerts",
        "Critical alerts and warnings of prometheus/rules that fire now: how many of a kind, and for how "
        "long the oldest has been so. An empty table is good news only where Prometheus has loaded the "
        "rules.",
        keys={"severity": "Severity", "alertname": "Alert", "source": "Source"},
        columns=[
            Column(title="Alerts", expr=f"count by ({by}) ({firing})", unit=COUNT),
            Column(
                title="For",
                expr=f"max by ({by}) ({ago(since)} and ignoring (alertstate) {firing})",
                unit=SECONDS,
            ),
        ],
        size=Size(width=24, height=7),
        widths={"Severity": 120, "Alert": 320, "Alerts": 120, "For": 160},
        paint={"Severity": {"critical": BAD, "warning": WARNING}},
        nothing="no alert fires, or Prometheus has no rules",
        sort="Severity",
        descending=False,
    )
