"""The dashboard *PAI datasets*: jobs by dataset and action, how far the files are, what stands still."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import table

from grafana import runs, trust
from grafana.colours import BAD, FEW_IS_FAIR, GOOD, WARNING, steps
from grafana.expressions import ACTIVE, FAILED, RUNNING, WAITING, ago
from grafana.pages import Page, Row
from grafana.pai_files import (
    ACTIONS,
    FILE_FAILURES,
    FILES_EXPECTED,
    FILES_FAILED,
    SCOPE,
    completion,
    failed_files,
    files,
)
from grafana.panels import THIRD, bars, number
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.single_jobs import beside, moving, single_jobs
from grafana.tables import Column, rows

AT_WORK_SINCE = SCOPE.of("datajobs_oldest_active_job_timestamp_seconds", ACTIVE)
FAILED_LATELY = SCOPE.of("datajobs_recently_finished_jobs", FAILED)
AGES = steps(GOOD, (6 * 3600, WARNING), (24 * 3600, BAD))
STALLED: Mapping[float, tuple[str, str]] = {0: ("stands still", BAD), 1: ("moves", GOOD)}
"""Whether the number of completed files has changed."""
WHILE = "15m"


def pai_datasets() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-pai",
        title="Data jobs / PAI datasets",
        description="Dataset jobs of Alibaba Cloud PAI: how far the files are, what fails, what stalls",
        scope=SCOPE,
        rows=[needed(), trust.row(SCOPE), jobs(), files(), failed_files(), ends(), durations(), single()],
    )


def needed() -> Row:
    """Return what to look at first."""
    finished = SCOPE.of("datajobs_recently_finished_jobs")
    return Row(
        title="What needs me now?",
        panels=[
            number(
                "At work",
                "Dataset jobs that are pending, starting, running or being deleted. The number alone is "
                "neither good nor bad.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of('datajobs_jobs', ACTIVE)})", legend="at work"),
            ),
            number(
                "Oldest at work",
                "How long ago the oldest job was created that is still at work. Whether that is long for "
                "its action, the table of durations below tells. No data: nothing is at work, or it is not "
                "known.",
                unit=SECONDS,
                query=Query(expr=f"max({ago(AT_WORK_SINCE)})", legend="oldest"),
                thresholds=AGES,
            ),
            number(
                "Failed lately",
                "Jobs that failed, wholly or partly, inside the lookback of their source (an hour unless "
                "configured).",
                unit=COUNT,
                query=Query(expr=f"sum({FAILED_LATELY})", legend="failed"),
                thresholds=FEW_IS_FAIR,
            ),
            number(
                "Failure ratio",
                "Of the jobs that finished inside the lookback, how many failed, wholly or partly. No data "
                "where none finished.",
                unit=RATIO,
                query=Query(expr=f"sum({FAILED_LATELY}) / (sum({finished}) > 0)", legend="failure ratio"),
                thresholds=runs.FAILURE_RATIOS,
            ),
            number(
                "Files completed",
                "Of the files that running jobs are to process, how many are done. No data: no running job "
                "tells.",
                unit=RATIO,
                query=Query(expr=completion(RUNNING), legend="completed"),
            ),
            number(
                "Failed files",
                "Of the files of jobs that are active or finished inside the lookback, how many failed. A "
                "job goes on while some of its files fail, and ends as PartialFailed.",
                unit=RATIO,
                query=Query(expr=f"sum({FILES_FAILED}) / (sum({FILES_EXPECTED}) > 0)", legend="failed files"),
                thresholds=FILE_FAILURES,
            ),
        ],
    )


def jobs() -> Row:
    """Return how the jobs come and go, by dataset and action."""
    return Row(
        title="What is at work, on which datasets?",
        panels=[
            runs.at_work_by_phase(SCOPE, THIRD),
            runs.at_work_by_kind(SCOPE, ACTIONS, "action", THIRD),
            bars(
                "At work, by dataset",
                "The ten datasets with most jobs that wait or run.",
                unit=COUNT,
                query=Query(
                    expr=f"topk(10, sum by (dataset) ({SCOPE.of('datajobs_jobs', ACTIVE)}) > 0)",
                    legend="{{dataset}}",
                ),
                long_names=True,
            ),
            datasets(),
        ],
    )


def datasets() -> table.Panel:
    """Return a line for each dataset and action."""
    keys = {"dataset": "Dataset", "job_type": "Action"}
    kind = ", ".join(keys)
    moved = f"changes({SCOPE.each('datajobs_files_completed', RUNNING)}[{WHILE}])"
    before = f"{SCOPE.each('datajobs_files_completed', RUNNING)} offset {WHILE}"
    return rows(
        "Datasets and actions",
        "Jobs at work and how far they are. Progress tells whether the number of completed files of the "
        f"running jobs has changed within {WHILE}; a dash: none ran {WHILE} ago. Where several jobs of a "
        "line run, one that moves hides one that stands still.",
        keys=keys,
        columns=[
            Column(
                title="Waiting",
                expr=f"sum by ({kind}) ({SCOPE.of('datajobs_jobs', WAITING)})",
                unit=COUNT,
            ),
            Column(
                title="Running", expr=f"sum by ({kind}) ({SCOPE.of('datajobs_jobs', RUNNING)})", unit=COUNT
            ),
            Column(
                title="Oldest at work",
                expr=f"max by ({kind}) ({ago(AT_WORK_SINCE)})",
                unit=SECONDS,
            ),
            Column(title="Files completed", expr=completion(RUNNING, *keys), unit=RATIO),
            Column(
                title="Progress",
                expr=f"max by ({kind}) (({moved} > bool 0) and {before})",
                unit="none",
                meanings=STALLED,
            ),
            Column(
                title="Files failed",
                expr=f"sum by ({kind}) ({FILES_FAILED})",
                unit=COUNT,
                thresholds=runs.FAILURES,
            ),
        ],
        sort="Oldest at work",
        widths={"Dataset": 240, "Action": 180, "Waiting": 90, "Running": 90, "Progress": 110},
    )


def ends() -> Row:
    """Return how jobs end, and which fail."""
    return Row(
        title="Which jobs fail?",
        panels=[
            runs.ended_by_phase(SCOPE, THIRD),
            runs.failure_ratio(SCOPE, ACTIONS, "action", THIRD),
            bars(
                "Failed lately, by dataset and status",
                "Jobs that failed inside the lookback. PartialFailed: some of the files failed; Failed: "
                "the job as a whole. No data: none failed, or it is not known.",
                unit=COUNT,
                query=Query(
                    expr=f"topk(8, sum by (dataset, status) ({FAILED_LATELY}) > 0)",
                    legend="{{dataset}}: {{status}}",
                ),
                long_names=True,
                thresholds=steps(BAD),
            ),
            runs.outcomes(SCOPE, {"dataset": "Dataset", "job_type": "Action"}),
        ],
    )


def durations() -> Row:
    """Return how long jobs take; PAI tells of no start, so that waiting and running are one."""
    bucket = SCOPE.of("datajobs_turnaround_duration_seconds_bucket")
    about = (
        "Time from creation to end, of jobs that finished inside the lookback, waiting included: PAI does "
        "not tell when a job started."
    )
    return Row(
        title="How long do jobs take?",
        panels=[
            runs.quantiles("From creation to end", about, bucket=bucket),
            runs.spread("From creation to end, how many jobs", bucket=bucket),
            runs.slowest("From creation to end, p90 by action", about, bucket=bucket, kinds=ACTIONS),
            runs.against_usual(SCOPE, {"job_type": "Action"}, Size(width=24, height=7)),
        ],
    )


def single() -> Row:
    """Return the jobs that are longest at work, where they have series of their own."""
    keys = {"job_id": "Job", "dataset": "Dataset", "job_type": "Action", "status": "Status"}
    ratio = "datajobs_job_file_completion_ratio"
    return Row(
        title="Which jobs are stuck? (with per_job)",
        panels=[
            single_jobs(
                "Oldest jobs at work",
                "The oldest jobs at work of each source, those that are least far first. Stuck is what has "
                f"not moved within {WHILE} and is not complete. Look up the id in the console. A dash: it "
                "tells no files, or is too young.",
                scope=SCOPE,
                keys=keys,
                columns=[
                    Column(title="Files completed", expr=beside(SCOPE, ratio, list(keys)), unit=RATIO),
                    Column(
                        title="Progress",
                        expr=moving(SCOPE, ratio, list(keys), WHILE),
                        unit="none",
                        meanings=STALLED,
                    ),
                ],
                sort="Files completed",
                descending=False,
            )
        ],
    )
