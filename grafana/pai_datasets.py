"""The dashboard *PAI datasets*: jobs by dataset and action, how far the files are, what stands still."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import table, timeseries

from exporter.apis import pai_dataset_jobs
from grafana import runs, trust
from grafana.colours import BAD, FEW_IS_FAIR, GOOD, PHASES, WARNING, of_kinds, steps
from grafana.expressions import ACTIVE, FAILED, RUNNING, WAITING, ago
from grafana.pages import Page, Row
from grafana.panels import THIRD, bars, lines, number
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.scope import Scope
from grafana.single_jobs import beside, moving, single_jobs
from grafana.tables import Column, rows

SCOPE = Scope(apis=("pai_dataset_jobs",), by=("workspace", "dataset", "job_type"))
ACTIONS = pai_dataset_jobs.ACTIONS
FILES_FAILED = SCOPE.of("datajobs_files_failed")
FILES_EXPECTED = SCOPE.of("datajobs_files_expected")
FILE_FAILURE_RATIO = f"sum by (job_type) ({FILES_FAILED}) / (sum by (job_type) ({FILES_EXPECTED}) > 0)"
AT_WORK_SINCE = SCOPE.of("datajobs_oldest_active_job_timestamp_seconds", ACTIVE)
FAILED_LATELY = SCOPE.of("datajobs_recently_finished_jobs", FAILED)
FILE_FAILURES = steps(GOOD, (0.01, WARNING), (0.05, BAD))
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


def completion(phase: str, *by: str) -> str:
    """Return the completed share of the files of jobs in a phase.

    The ratios of groups are weighed by their files: sums over jobs that tell only one of both would lie.
    """
    ratio = SCOPE.of("datajobs_file_completion_ratio", phase)
    expected = SCOPE.of("datajobs_files_expected", phase)
    kept = f"by ({', '.join(by)}) " if by else ""
    return f"sum {kept}({ratio} * {expected}) / (sum {kept}({expected} and {ratio}) > 0)"


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
    moved = f"changes({SCOPE.of('datajobs_files_completed', RUNNING)}[{WHILE}])"
    before = f"{SCOPE.of('datajobs_files_completed', RUNNING)} offset {WHILE}"
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


def files() -> Row:
    """Return how far the files of running jobs are."""
    return Row(
        title="How far are the files?",
        panels=[
            lines(
                "Files of running jobs, by how they are",
                "Files that the running jobs are to process: done, failed, and still to do. It falls when "
                "jobs end and climbs when others start; a picture that does not change while jobs run is "
                "work that stands still.",
                unit=COUNT,
                queries=[
                    Query(expr=f"sum({SCOPE.of('datajobs_files_completed', RUNNING)})", legend="completed"),
                    Query(expr=f"sum({SCOPE.of('datajobs_files_failed', RUNNING)})", legend="failed"),
                    Query(expr=to_do(), legend="still to do"),
                ],
                colours={
                    "completed": PHASES["succeeded"],
                    "failed": PHASES["failed"],
                    "still to do": PHASES["running"],
                },
                stacked=True,
                size=THIRD,
            ),
            completed_by("action", "job_type"),
            completed_by("dataset", "dataset"),
        ],
    )


def to_do() -> str:
    """Return the files that are neither completed nor failed; a number that no job tells counts as none."""
    expected, completed, failed = (
        SCOPE.of(f"datajobs_files_{name}", RUNNING) for name in ("expected", "completed", "failed")
    )
    return f"clamp_min(sum({expected}) - sum({completed}) - sum({failed}), 0)"


def completed_by(word: str, label: str) -> timeseries.Panel:
    """Return how far the running jobs of each value of a label are."""
    return lines(
        f"Files completed, by {word}",
        f"Of the files that the running jobs of each {word} are to process, how many are done. It climbs to "
        "100 % and falls when the next job starts. A flat line below 100 % is work that stands still. At "
        "most eight are drawn, those that are least far.",
        unit=RATIO,
        queries=[Query(expr=f"bottomk(8, {completion(RUNNING, label)})", legend=f"{{{{{label}}}}}")],
        colours=of_kinds(ACTIONS) if label == "job_type" else None,
        maximum=1,
        size=THIRD,
    )


def failed_files() -> Row:
    """Return whose files fail."""
    return Row(
        title="Which files fail?",
        panels=[
            lines(
                "Failed files, by action",
                "Files that failed in jobs that are active or finished inside the lookback. It falls by "
                "itself as the jobs grow old; while it climbs, files fail now.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (job_type) ({FILES_FAILED})", legend="{{job_type}}")],
                colours=of_kinds(ACTIONS),
                size=THIRD,
            ),
            lines(
                "Share of failed files, by action",
                "Of the files of jobs that are active or finished inside the lookback, how many failed. "
                "One action that stands out: its own fault; all together: look for what they share. "
                "Dashed: 1 and 5 percent.",
                unit=RATIO,
                queries=[
                    Query(
                        expr=FILE_FAILURE_RATIO,
                        legend="{{job_type}}",
                    )
                ],
                colours=of_kinds(ACTIONS),
                thresholds=FILE_FAILURES,
                size=THIRD,
            ),
            bars(
                "Failed files, by dataset",
                "The datasets with most failed files now, and in which action. No data: none failed inside "
                "the lookback, or it is not known.",
                unit=COUNT,
                query=Query(
                    expr=f"topk(8, sum by (dataset, job_type) ({FILES_FAILED}) > 0)",
                    legend="{{dataset}}: {{job_type}}",
                ),
                long_names=True,
                thresholds=steps(BAD),
            ),
        ],
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
