"""What the dashboard *Overview* looks at: the jobs of every cloud at once."""

from grafana.colours import BAD, GOOD, WARNING, steps
from grafana.expressions import ACTIVE, DATAARTS, FAILED, QUEUED
from grafana.scope import Scope

SCOPE = Scope(by=("workspace", "job_type"), families=("datajobs_jobs", "datajobs_queue_depth"))

DATAARTS_FAILED = (
    f"({SCOPE.of('datajobs_last_run_jobs', FAILED)} or {SCOPE.of('datajobs_jobs', DATAARTS, FAILED)})"
)
"""Jobs that run again and again, and are in failure."""
WAITING = f"({SCOPE.of('datajobs_queue_depth')} or {SCOPE.of('datajobs_jobs', QUEUED)})"
FINISHED = SCOPE.of("datajobs_recently_finished_jobs")
FINISHED_BADLY = SCOPE.of("datajobs_recently_finished_jobs", FAILED)
QUEUED_SINCE = SCOPE.of("datajobs_queue_oldest_entry_timestamp_seconds")
ACTIVE_SINCE = SCOPE.of("datajobs_oldest_active_job_timestamp_seconds", ACTIVE)
RATIO_OF_FAILURES = steps(GOOD, (0.05, WARNING), (0.2, BAD))
