"""The dashboard *DataArts*: which schedules are on, how the last runs ended, who has not succeeded lately.

Its jobs are definitions that run again and again. The API tells of each the state of its schedule and its
newest run: no durations, no queue, no history of runs.
"""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import table, timeseries

from exporter.apis import dataarts_jobs
from exporter.model import Phase
from grafana import runs, trust
from grafana.colours import BAD, FEW_IS_FAIR, GOOD, NONE_IS_GOOD, NOTHING, PHASES, WARNING, of_statuses, steps
from grafana.expressions import FAILED, SUCCEEDED, ago
from grafana.pages import Page, Row
from grafana.panels import HALF, THIRD, bars, lines, number
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.scope import Scope
from grafana.single_jobs import INFO, NEEDS_PER_JOB, beside
from grafana.tables import Column, rows

SCOPE = Scope(apis=("dataarts_jobs",), by=("workspace", "job_type"))
STATUSES = dataarts_jobs.WORDS.statuses
RUNS = dataarts_jobs.WORDS.run_statuses
BATCH, STREAMS = 'job_type="BATCH"', 'job_type="REAL_TIME"'
SCHEDULED, OFF = 'phase="scheduled"', 'phase=~"paused|stopped"'
NOT_SUCCEEDED = 'phase!~"succeeded|running"'
LAST_RUN_FAILED = 'last_run_phase="failed"'
JOBS = "datajobs_jobs"
LAST_RUNS = SCOPE.of("datajobs_last_run_jobs")
LAST_RUNS_FAILED = SCOPE.of("datajobs_last_run_jobs", FAILED)
LAST_RUNS_ENDED = SCOPE.of("datajobs_last_run_jobs", 'phase=~"succeeded|failed"')
SUCCEEDED_AT = SCOPE.of("datajobs_last_run_finished_timestamp_seconds", SUCCEEDED)
FAILED_AT = SCOPE.of("datajobs_last_run_finished_timestamp_seconds", FAILED)
SILENCES = steps(GOOD, (86_400, WARNING), (93_600, BAD))
"""A day, after which a daily job is due, and the 26 hours of the alert."""
WIDTHS_OF_WORKSPACES = {
    "Workspace": 310,
    **dict.fromkeys(("Scheduled", "At work", "Failed", "Share failed"), 110),
    "Stopped or paused": 150,
    "No run known": 120,
}
TROUBLES: Mapping[float, tuple[str, str]] = {
    0: ("nothing wrong", PHASES[Phase.SUCCEEDED]),
    1: ("last run failed", WARNING),
    2: ("in exception", BAD),
}


def dataarts() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-dataarts",
        title="Data jobs / DataArts",
        description="Schedules and last runs of Huawei Cloud DataArts Factory, what has not succeeded lately",
        scope=SCOPE,
        rows=[needed(), trust.row(SCOPE), schedules(), last_runs(), not_lately(), single()],
    )


def needed() -> Row:
    """Return what to look at first."""
    newest = f"max by (source, workspace) ({SUCCEEDED_AT})"
    return Row(
        title="What needs me now?",
        panels=[
            number(
                "In exception",
                "Real-time jobs in exception: they process nothing until somebody starts them again.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of(JOBS, FAILED)})", legend="in exception"),
                thresholds=NONE_IS_GOOD,
            ),
            number(
                "Last run failed",
                "Batch jobs whose newest run failed. Each stays here until its next run ends well, paused "
                "and stopped ones for good.",
                unit=COUNT,
                query=Query(expr=f"sum({LAST_RUNS_FAILED})", legend="last run failed"),
                thresholds=FEW_IS_FAIR,
            ),
            number(
                "Share of failed runs",
                "Of the batch jobs whose newest run succeeded or failed, how many failed. No data where no "
                "run has ended.",
                unit=RATIO,
                query=Query(expr=f"sum({LAST_RUNS_FAILED}) / (sum({LAST_RUNS_ENDED}) > 0)", legend="failed"),
                thresholds=runs.FAILURE_RATIOS,
            ),
            number(
                "Since a success",
                "Of each workspace the time since the newest success among its jobs' last runs; of these "
                "the longest. Beyond a day not even a daily job has succeeded there. No data: no last run "
                "is a success.",
                unit=SECONDS,
                query=Query(expr=f"max({ago(newest)})", legend="since a success"),
                thresholds=SILENCES,
            ),
            number(
                "Schedules on",
                "Batch jobs that are scheduled. A number that drops: somebody paused or stopped them, or "
                "they were deleted.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of(JOBS, SCHEDULED)})", legend="scheduled"),
            ),
            number(
                "Off",
                "Jobs whose schedule is paused or that are stopped. They do not run by themselves, on "
                "purpose or forgotten: only people know.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of(JOBS, OFF)})", legend="off"),
            ),
        ],
    )


def schedules() -> Row:
    """Return which definitions are at work and which are not."""
    return Row(
        title="Which schedules are on?",
        panels=[
            by_state(
                "Batch jobs, by state",
                "Batch jobs by the state of their schedule. It tells nothing of their runs: a scheduled "
                "job whose every run fails is scheduled.",
                BATCH,
            ),
            by_state(
                "Real-time jobs, by state",
                "Real-time jobs: they run until somebody stops them. Red is in exception: it processes "
                "nothing.",
                STREAMS,
            ),
            bars(
                "Jobs by status",
                "Jobs of both types by the cloud's own status, in the colour of its phase.",
                unit=COUNT,
                query=Query(
                    expr=f"sort_desc(sum by (status) ({SCOPE.of(JOBS)}) > 0)",
                    legend="{{status}}",
                ),
                colours=of_statuses(STATUSES),
            ),
        ],
    )


def by_state(title: str, description: str, job_type: str) -> timeseries.Panel:
    """Return the jobs of a type by phase, one upon the other."""
    phases = dict.fromkeys(STATUSES.values())
    return lines(
        title,
        description,
        unit=COUNT,
        queries=[Query(expr=f"sum by (phase) ({SCOPE.of(JOBS, job_type)}) > 0", legend="{{phase}}")],
        colours={phase: PHASES[phase] for phase in phases},
        stacked=True,
        size=THIRD,
    )


def last_runs() -> Row:
    """Return how the newest runs ended."""
    phases = dict.fromkeys(RUNS.values())
    return Row(
        title="How did the last runs end?",
        panels=[
            lines(
                "Last runs, by result",
                "Batch jobs by the result of their newest run, running ones included; jobs that never ran "
                "are not in it. The API tells of no earlier runs.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (phase) ({LAST_RUNS}) > 0", legend="{{phase}}")],
                colours={phase: PHASES[phase] for phase in phases},
                stacked=True,
                size=THIRD,
            ),
            lines(
                "Share of failed runs, by workspace",
                "Of the batch jobs whose newest run succeeded or failed, how many failed. One workspace "
                "alone: look for what its jobs share, such as a connection. At most eight are drawn. "
                "Dashed: 5 and 20 percent.",
                unit=RATIO,
                queries=[Query(expr=f"topk(8, {failed_share('workspace')})", legend="{{workspace}}")],
                thresholds=runs.FAILURE_RATIOS,
                least_maximum=0.25,
                size=THIRD,
            ),
            bars(
                "Last runs that did not succeed",
                "Batch jobs whose newest run came to no success, or waits, by the cloud's own word. No "
                "data: all succeeded or are at work, or it is not known.",
                unit=COUNT,
                query=Query(
                    expr="sort_desc(sum by (status) "
                    f"({SCOPE.of('datajobs_last_run_jobs', NOT_SUCCEEDED)}) > 0)",
                    legend="{{status}}",
                ),
                colours=of_statuses(RUNS),
            ),
        ],
    )


def failed_share(*by: str) -> str:
    """Return which share of the last runs that ended has failed."""
    kept = ", ".join(by)
    return f"sum by ({kept}) ({LAST_RUNS_FAILED}) / (sum by ({kept}) ({LAST_RUNS_ENDED}) > 0)"


def not_lately() -> Row:
    """Return where no run has succeeded for long."""
    return Row(
        title="Who has not succeeded lately?",
        panels=[
            lines(
                "Since the newest success, by workspace",
                "How long ago the newest success among the last runs of each workspace ended. A saw is a "
                "workspace that works; a line that only climbs is one where nothing succeeds any more. A "
                "line is absent while no last run is a success. At most eight are drawn. Dashed: a day and "
                "26 hours.",
                unit=SECONDS,
                queries=[
                    Query(
                        expr=f"topk(8, {ago(f'max by (workspace) ({SUCCEEDED_AT})')})", legend="{{workspace}}"
                    )
                ],
                thresholds=SILENCES,
                size=HALF,
            ),
            lines(
                "Since the newest failure, by workspace",
                "How long ago the newest failure among the last runs of each workspace ended. Near zero "
                "again and again: runs fail now. A line that climbs: the failures are old, and their jobs "
                "have not run since, or run still. A line is absent while no last run is a failure. At "
                "most eight are drawn.",
                unit=SECONDS,
                queries=[
                    Query(
                        expr=f"bottomk(8, {ago(f'max by (workspace) ({FAILED_AT})')})", legend="{{workspace}}"
                    )
                ],
                size=HALF,
            ),
            workspaces(),
        ],
    )


def workspaces() -> table.Panel:
    """Return a line for each workspace."""
    kept = "workspace"
    never = f"sum by ({kept}) ({SCOPE.of(JOBS, BATCH)}) - sum by ({kept}) ({LAST_RUNS})"
    return rows(
        "Workspaces",
        "Batch jobs of each workspace: schedules that are on, newest runs that are at work, failed or were "
        "stopped, jobs of which no run is known, and how long ago the newest success and the newest "
        "failure ended. A failure newer than the newest success is not over. A dash: there is none among "
        "the last runs.",
        keys={"workspace": "Workspace"},
        columns=[
            Column(
                title="Scheduled", expr=f"sum by ({kept}) ({SCOPE.of(JOBS, BATCH, SCHEDULED)})", unit=COUNT
            ),
            Column(title="At work", expr=last_runs_in("queued|running"), unit=COUNT),
            Column(title="Failed", expr=last_runs_in("failed"), unit=COUNT, thresholds=runs.FAILURES),
            Column(
                title="Share failed",
                expr=failed_share(kept),
                unit=RATIO,
                thresholds=steps(NOTHING, (0.05, WARNING), (0.2, BAD)),
            ),
            Column(title="Stopped or paused", expr=last_runs_in("stopped|paused"), unit=COUNT),
            Column(title="No run known", expr=never, unit=COUNT),
            Column(
                title="Success, ago",
                expr=f"min by ({kept}) ({ago(SUCCEEDED_AT)})",
                unit=SECONDS,
                thresholds=steps(NOTHING, (86_400, WARNING), (93_600, BAD)),
            ),
            Column(title="Failure, ago", expr=f"min by ({kept}) ({ago(FAILED_AT)})", unit=SECONDS),
        ],
        widths=WIDTHS_OF_WORKSPACES,
        sort="Failed",
        size=Size(width=24, height=6),
    )


def last_runs_in(phases: str) -> str:
    """Return how many jobs of each workspace have a newest run in one of the phases."""
    matcher = f'phase=~"{phases}"'
    return f"sum by (workspace) ({SCOPE.of('datajobs_last_run_jobs', matcher)})"


def single() -> Row:
    """Return the jobs in trouble, where they have series of their own."""
    keys = {
        "job_name": "Job",
        "workspace": "Workspace",
        "job_type": "Job type",
        "status": "Status",
        "last_run_status": "Last run",
    }
    ended = beside(SCOPE, "datajobs_job_last_run_finished_timestamp_seconds", list(keys))
    return Row(
        title="Which jobs are they? (with per_job)",
        panels=[
            rows(
                "Jobs in trouble, then those whose last run is longest ago",
                f"{NEEDS_PER_JOB}The exporter takes those in exception or with a failed last run first, "
                "then those at work, then those whose last run ended longest ago. A dash: no end is told, "
                "as the run goes on or the job is a stream.",
                keys=keys,
                columns=[
                    Column(title="Trouble", expr=trouble(list(keys)), unit="none", meanings=TROUBLES),
                    Column(title="Last run ended, ago", expr=ago(ended), unit=SECONDS),
                ],
                widths={"Workspace": 310, "Job type": 110, "Status": 120, "Last run": 140, "Trouble": 130},
                sort="Trouble",
            )
        ],
    )


def trouble(by: list[str]) -> str:
    """Return what is wrong with each job, as a value of TROUBLES."""
    worst = f"2 * {SCOPE.of(INFO, FAILED)}"
    bad = f"1 * {SCOPE.of(INFO, LAST_RUN_FAILED)}"
    return f"max by ({', '.join(by)}) ({worst} or {bad} or 0 * {SCOPE.of(INFO)})"
