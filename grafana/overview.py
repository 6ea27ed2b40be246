"""The dashboard *Overview*: what needs me now, over all clouds."""

from grafana import trust
from grafana.all_clouds import (
    ACTIVE_SINCE,
    DATAARTS_FAILED,
    FINISHED,
    FINISHED_BADLY,
    QUEUED_SINCE,
    RATIO_OF_FAILURES,
    SCOPE,
    WAITING,
)
from grafana.colours import AT_WORK, ENDED, NOTHING, WARNING, steps
from grafana.expressions import ACTIVE, FAILED, RUNNING, ago
from grafana.needs import needed
from grafana.pages import Page, Row
from grafana.panels import lines
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.tables import Column, rows

COUNTS = ("Waiting", "Running", "Finished lately", "Failed lately", "Last run failed", "Numbers of")


def overview() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-overview",
        title="Data jobs / Overview",
        description="What needs me now, over all clouds",
        scope=SCOPE,
        rows=[needed(), trusted(), sources(), jobs(), failures(), waiting()],
    )


def trusted() -> Row:
    """Return how far what is above and below is to be believed."""
    small = Size(width=4, height=6)
    return Row(
        title="Can these numbers be trusted?",
        panels=[
            trust.down(SCOPE, small),
            trust.failing(SCOPE, small),
            trust.incomplete(SCOPE, small),
            trust.age(SCOPE, small),
            trust.timeline(SCOPE, Size(width=8, height=6)),
        ],
    )


def sources() -> Row:
    """Return a line for each source."""
    return Row(
        title="Where is it?",
        panels=[
            rows(
                "Sources",
                "One line for each source. A dash says that the source has no such number: a "
                "queue has no failures, and a source whose cloud has not answered for long has nothing but "
                "its state. Click a source to see how it is asked.",
                keys={"source": "Source", "api": "API"},
                columns=[
                    Column(
                        title="State",
                        expr=by_source("max", f"({trust.freshness(SCOPE)})"),
                        unit="none",
                        meanings=trust.FRESHNESS,
                    ),
                    Column(title="Waiting", expr=by_source("sum", WAITING), unit=COUNT),
                    Column(
                        title="Running",
                        expr=by_source("sum", f"({SCOPE.of('datajobs_jobs', RUNNING)})"),
                        unit=COUNT,
                    ),
                    Column(title="Finished lately", expr=by_source("sum", f"({FINISHED})"), unit=COUNT),
                    Column(
                        title="Failed lately",
                        expr=by_source("sum", f"({FINISHED_BADLY})"),
                        unit=COUNT,
                        thresholds=steps(NOTHING, (1, WARNING)),
                    ),
                    Column(
                        title="Last run failed",
                        expr=by_source("sum", f"({SCOPE.of('datajobs_last_run_jobs', FAILED)})"),
                        unit=COUNT,
                        thresholds=steps(NOTHING, (1, WARNING)),
                    ),
                    Column(
                        title="Oldest at work", expr=by_source("max", f"({ago(ACTIVE_SINCE)})"), unit=SECONDS
                    ),
                    Column(
                        title="Numbers of",
                        expr=by_source(
                            "max", f"({ago(SCOPE.of('datajobs_source_last_success_timestamp_seconds'))})"
                        ),
                        unit=SECONDS,
                        thresholds=trust.AGES,
                    ),
                ],
                size=Size(width=24, height=7),
                widths={"Source": 150, "API": 175, "State": 205, **dict.fromkeys(COUNTS, 107)},
                links={
                    "Source": (
                        "How it is asked",
                        "/d/datajobs-exporter?var-source=${__value.text}&${__url_time_range}",
                    )
                },
            ),
        ],
    )


def by_source(how: str, of: str) -> str:
    """Return an aggregation that keeps the source and its API."""
    return f"{how} by (source, api) {of}"


def jobs() -> Row:
    """Return how the jobs come and go."""
    return Row(
        title="How are the jobs?",
        panels=[
            lines(
                "At work, by phase",
                "Jobs that are going to change by themselves, over all sources, one upon the other. What "
                "leaves this picture appears on the right. A source that is down for long is missing in the "
                "sum.",
                unit=COUNT,
                queries=[
                    Query(expr=f"sum by (phase) ({SCOPE.of('datajobs_jobs', ACTIVE)})", legend="{{phase}}")
                ],
                colours=AT_WORK,
                stacked=True,
            ),
            lines(
                "Finished lately, by phase",
                "Jobs that finished inside the lookback, by how they ended. It is a window that moves with "
                "time: a hill goes when its jobs are older than the lookback.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (phase) ({FINISHED})", legend="{{phase}}")],
                colours=ENDED,
            ),
        ],
    )


def failures() -> Row:
    """Return what fails."""
    kinds = "source, workspace, job_type, status"
    failed_now = f"({FINISHED_BADLY} or {DATAARTS_FAILED}) > 0"
    ended = (
        f"({SCOPE.of('datajobs_last_finished_job_timestamp_seconds', FAILED)}"
        f" or {SCOPE.of('datajobs_last_run_finished_timestamp_seconds', FAILED)})"
    )
    return Row(
        title="What fails?",
        panels=[
            lines(
                "Failure ratio, by source",
                "Of the jobs that finished inside the lookback, how many failed, wholly or partly. A line "
                "is absent while no job has finished. Dashed: 5 and 20 percent.",
                unit=RATIO,
                queries=[
                    Query(
                        expr=f"sum by (source) ({FINISHED_BADLY}) / (sum by (source) ({FINISHED}) > 0)",
                        legend="{{source}}",
                    )
                ],
                thresholds=RATIO_OF_FAILURES,
                maximum=1,
                size=Size(width=10),
            ),
            rows(
                "What failed",
                "Kinds of jobs of which some failed inside the lookback or, of DataArts, whose newest run "
                "failed or that are in exception: how many, and how long ago the newest of them ended.",
                keys={
                    "source": "Source",
                    "workspace": "Workspace",
                    "job_type": "Job type",
                    "status": "Status",
                },
                columns=[
                    Column(title="Jobs", expr=f"sum by ({kinds}) ({failed_now})", unit=COUNT),
                    Column(
                        title="Newest, ago",
                        expr=f"min by ({kinds}) ({ago(ended)}) and sum by ({kinds}) ({failed_now})",
                        unit=SECONDS,
                    ),
                ],
                size=Size(width=14, height=8),
                widths={"Source": 110, "Job type": 200, "Status": 140, "Jobs": 70, "Newest, ago": 110},
                sort="Jobs",
                nothing="nothing has failed, or there are no numbers",
            ),
        ],
    )


def waiting() -> Row:
    """Return what waits and for how long."""
    return Row(
        title="What waits, and for how long?",
        panels=[
            lines(
                "Waiting, by source",
                "Entries in the queues of Octopus, and jobs of other lists that are queued. A line that "
                "only climbs is a queue that nothing takes from.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (source) {WAITING}", legend="{{source}}")],
            ),
            lines(
                "Oldest, by source",
                "How long the entry that has waited longest has been in its queue, and how long ago the "
                "oldest job that is still queued or at work was created. A line that climbs second by "
                "second is one job that is stuck.",
                unit=SECONDS,
                queries=[
                    Query(expr=f"max by (source) ({ago(QUEUED_SINCE)})", legend="{{source}}: in a queue"),
                    Query(expr=f"max by (source) ({ago(ACTIVE_SINCE)})", legend="{{source}}: at work"),
                ],
            ),
        ],
    )
