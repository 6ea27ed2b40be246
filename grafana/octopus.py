"""The dashboard *Octopus*: its queues, how long jobs wait, are submitted and run, and which types fail."""

from grafana_foundation_sdk.builders import bargauge, table

from exporter.apis import octopus_queuing_jobs, octopus_system_jobs
from grafana import runs, trust
from grafana.colours import BAD, FEW_IS_FAIR, GOOD, WARNING, of_kinds, steps
from grafana.expressions import FAILED, RUNNING, WAITING, ago
from grafana.pages import Page, Row
from grafana.panels import THIRD, bars, lines, number
from grafana.parts import COUNT, RATIO, SECONDS, Query, Size
from grafana.scope import Scope
from grafana.single_jobs import beside, single_jobs
from grafana.tables import Column, rows

QUEUE = "octopus_queuing_jobs"
JOBS = "octopus_system_jobs"
SCOPE = Scope(
    apis=(JOBS, QUEUE),
    by=("workspace", "queue_type", "job_type"),
    families=("datajobs_jobs", "datajobs_queue_depth"),
)
TYPES = octopus_system_jobs.JOB_TYPES
QUEUES = octopus_queuing_jobs.Options(project_id="any").queue_types
STATUSES_OF_FAILURE = {"SUBMIT_FAILED": "light-red", "RUN_FAILED": "red", "UPLOAD_FAILED": "dark-red"}
PRIORITIES = {
    str(priority): shade
    for priority, shade in enumerate(("#c6d4ee", "#9db8e8", "#7298dd", "#4a79cf", "#3563b8", "#264c94"))
}
"""One hue, as they are of one kind and in an order. Whether 0 goes first is not documented."""
WAITS = steps(GOOD, (1800, WARNING), (3600, BAD))
DEPTH = SCOPE.of("datajobs_queue_depth")
SINCE = SCOPE.of("datajobs_queue_oldest_entry_timestamp_seconds")
"""When the entries of a queue took their place."""


def octopus() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-octopus",
        title="Data jobs / Octopus",
        description="Queues, waiting and running times, and failures of Huawei Cloud Octopus",
        scope=SCOPE,
        rows=[needed(), trust.row(SCOPE), queues(), jobs(), submitting(), running(), failures(), single()],
    )


def needed() -> Row:
    """Return what to look at first."""
    failed = SCOPE.of("datajobs_recently_finished_jobs", FAILED)
    oldest = SCOPE.of("datajobs_oldest_active_job_timestamp_seconds", WAITING)
    return Row(
        title="What needs me now?",
        panels=[
            number(
                "In the queues",
                "Entries in all queues. The number alone is neither good nor bad: see how long they wait.",
                unit=COUNT,
                query=Query(expr=f"sum({DEPTH})", legend="waiting"),
            ),
            number(
                "Longest wait",
                "How long the entry that has waited longest has been in its queue. A change of its "
                "position may begin the time anew. No data: nothing waits, or the queues are not known.",
                unit=SECONDS,
                query=Query(expr=f"max({ago(SINCE)})", legend="longest wait"),
                thresholds=WAITS,
            ),
            number(
                "Oldest unstarted",
                "How long ago the oldest internal job was created that is still queued or starting. No "
                "data: there is none, or it is not known.",
                unit=SECONDS,
                query=Query(expr=f"max({ago(oldest)})", legend="not yet running"),
                thresholds=WAITS,
            ),
            number(
                "Running",
                "Internal jobs that run or upload their results. None while jobs wait: nothing takes them "
                "up.",
                unit=COUNT,
                query=Query(expr=f"sum({SCOPE.of('datajobs_jobs', RUNNING)})", legend="running"),
            ),
            number(
                "Failed lately",
                "Internal jobs that failed inside the lookback of their source (an hour unless "
                "configured): at submission, in the run, or while uploading.",
                unit=COUNT,
                query=Query(expr=f"sum({failed})", legend="failed"),
                thresholds=FEW_IS_FAIR,
            ),
            number(
                "Failure ratio",
                "Of the internal jobs that finished inside the lookback, how many failed. No data where "
                "none finished.",
                unit=RATIO,
                query=Query(
                    expr=f"sum({failed}) / (sum({SCOPE.of('datajobs_recently_finished_jobs')}) > 0)",
                    legend="failure ratio",
                ),
                thresholds=runs.FAILURE_RATIOS,
            ),
        ],
    )


def queues() -> Row:
    """Return what waits, and for how long."""
    return Row(
        title="What waits in the queues, and for how long?",
        panels=[
            lines(
                "Entries, by queue type",
                "Jobs of operators (PROCESSOR), internal jobs (INTERNAL) and replay simulations (RESIM) "
                "that wait. A line that only climbs is a queue that nothing takes from.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (queue_type) ({DEPTH})", legend="{{queue_type}}")],
                colours=of_kinds(QUEUES),
                size=THIRD,
            ),
            lines(
                "Longest wait, by queue type",
                "How long the entry that has waited longest has been in each queue. A line that climbs "
                "second by second is an entry that is not taken; a saw is a queue that moves. A line is "
                "absent while its queue is empty. Dashed: half an hour and an hour.",
                unit=SECONDS,
                queries=[Query(expr=f"max by (queue_type) ({ago(SINCE)})", legend="{{queue_type}}")],
                colours=of_kinds(QUEUES),
                thresholds=WAITS,
                size=THIRD,
            ),
            lines(
                "Entries, by priority",
                "Entries of all queues by priority. The vendor does not document the scale: compare with "
                "the longest waits in the table below to see which goes first. At most eight are drawn; "
                "empty queues have none.",
                unit=COUNT,
                queries=[
                    Query(expr=f"topk(8, sum by (priority) ({with_priority()}))", legend="{{priority}}")
                ],
                colours=PRIORITIES,
                stacked=True,
                size=THIRD,
            ),
            waiting_by_priority(),
            waiting_by_type(),
        ],
    )


def with_priority() -> str:
    """Return a selector of the entries whose priority is told."""
    return SCOPE.of("datajobs_queue_depth", 'priority!=""')


def waiting_by_priority() -> table.Panel:
    """Return a line for each queue and priority."""
    keys = "queue_type, priority"
    return rows(
        "Queues by priority",
        "Entries of each queue and priority, and how long the one that has waited longest is there. A low "
        "priority that waits for long behind a high one is starved. An empty queue is one line without a "
        "priority.",
        keys={"queue_type": "Queue type", "priority": "Priority"},
        columns=[
            Column(title="Entries", expr=f"sum by ({keys}) ({DEPTH})", unit=COUNT),
            Column(
                title="Longest wait", expr=f"max by ({keys}) ({ago(SINCE)})", unit=SECONDS, thresholds=WAITS
            ),
        ],
        size=Size(width=12),
        sort="Longest wait",
    )


def waiting_by_type() -> bargauge.Panel:
    """Return a bar for each kind of entry."""
    named = f'label_replace({DEPTH}, "kind", "$1", "job_type", "(.+)")'
    named = f'label_replace({named}, "kind", "on $1", "cluster_type", "(.+)")'
    return bars(
        "Entries, by type",
        "What waits most: internal jobs by job type, the entries of the other queues, which tell none, by "
        "the type of cluster that they wait for.",
        unit=COUNT,
        query=Query(
            expr=f"topk(10, sum by (queue_type, kind) ({named}) > 0)", legend="{{queue_type}}: {{kind}}"
        ),
        size=Size(width=12),
    )


def jobs() -> Row:
    """Return how the internal jobs come and go."""
    return Row(
        title="What is at work?",
        panels=[
            runs.at_work_by_phase(SCOPE, THIRD),
            runs.at_work_by_kind(SCOPE, TYPES, "job type", THIRD),
            runs.ended_by_phase(SCOPE, THIRD),
        ],
    )


def submitting() -> Row:
    """Return how long jobs take to start."""
    bucket = SCOPE.of("datajobs_submitting_duration_seconds_bucket")
    about = (
        "Time from creation to start on the cluster, of internal jobs that have started and are active or "
        "finished inside the lookback. Jobs that still wait are not in it."
    )
    return Row(
        title="How long do jobs take to start?",
        panels=[
            runs.quantiles("Time to start", about, bucket=bucket),
            runs.spread("Time to start, how many jobs", bucket=bucket),
            runs.slowest("Time to start, p90 by job type", about, bucket=bucket, kinds=TYPES),
        ],
    )


def running() -> Row:
    """Return how long jobs run."""
    family = "datajobs_running_duration_seconds_bucket"
    done, still = SCOPE.of(family, 'phase!="running"'), SCOPE.of(family, RUNNING)
    about = "Running time of internal jobs that finished inside the lookback."
    return Row(
        title="How long do jobs run?",
        panels=[
            runs.quantiles("Running time of finished jobs", about, bucket=done),
            runs.spread("Running time of finished jobs, how many", bucket=done),
            runs.slowest("Running time of finished jobs, p90 by job type", about, bucket=done, kinds=TYPES),
            runs.spread("Running so far, how many", bucket=still),
            runs.against_usual(SCOPE, {"job_type": "Job type"}, Size(width=16)),
        ],
    )


def failures() -> Row:
    """Return which types fail, and where on their way."""
    failed = SCOPE.of("datajobs_recently_finished_jobs", FAILED)
    return Row(
        title="What fails?",
        panels=[
            runs.failure_ratio(SCOPE, TYPES, "job type", THIRD),
            lines(
                "Failed lately, by status",
                "Internal jobs that failed inside the lookback, by where on their way: SUBMIT_FAILED never "
                "started (images, resources), RUN_FAILED failed at work, UPLOAD_FAILED could not deliver "
                "results.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (status) ({failed})", legend="{{status}}")],
                colours=STATUSES_OF_FAILURE,
                stacked=True,
                size=THIRD,
            ),
            bars(
                "Failed lately, by job type",
                "Which types fail most now, and where on their way. No data: none failed inside the "
                "lookback, or it is not known.",
                unit=COUNT,
                query=Query(
                    expr=f"topk(8, sum by (job_type, status) ({failed}) > 0)",
                    legend="{{job_type}}: {{status}}",
                ),
                long_names=True,
                thresholds=steps(BAD),
            ),
            runs.outcomes(SCOPE, {"job_type": "Job type", "workspace": "Workspace"}),
        ],
    )


def single() -> Row:
    """Return the jobs that are longest at work, where they have series of their own."""
    keys = {"job_id": "Job", "workspace": "Workspace", "job_type": "Job type", "status": "Status"}
    return Row(
        title="Which jobs are stuck? (with per_job)",
        panels=[
            single_jobs(
                "Oldest jobs at work",
                "Internal jobs that are queued, starting or running, the oldest of each source. Look up "
                "the id in the console. A dash: it has not begun to run.",
                scope=SCOPE,
                keys=keys,
                columns=[
                    Column(
                        title="Running for",
                        expr=beside(SCOPE, "datajobs_job_running_duration_seconds", list(keys)),
                        unit=SECONDS,
                    )
                ],
                sort="Running for",
            )
        ],
    )
