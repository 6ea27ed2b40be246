"""The catalogue: every metric family once, as data."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The types of OpenMetrics that we use."""

    GAUGE = "gauge"
    GAUGEHISTOGRAM = "gaugehistogram"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


class About(StrEnum):
    """What a family tells of."""

    JOBS = "jobs"
    """The cloud's jobs; absent while there is no snapshot that may be shown."""
    SOURCE = "source"
    """One source; there also when its cloud is not."""
    EXPORTER = "exporter"
    """This process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric family; ``labels`` is every label that a sample may carry, in this order."""

    name: str
    kind: Kind
    about: About
    help: str
    labels: tuple[str, ...] = ()


SOURCE_LABELS = ("api", "source")
PLACE_LABELS = (*SOURCE_LABELS, "workspace", "dataset")


def _jobs(name: str, kind: Kind, labels: str, text: str) -> Family:
    return Family(
        name=f"datajobs_{name}",
        kind=kind,
        about=About.JOBS,
        help=text,
        labels=(*PLACE_LABELS, *labels.split()),
    )


def _source(name: str, kind: Kind, text: str, labels: str = "") -> Family:
    return Family(
        name=f"datajobs_{name}",
        kind=kind,
        about=About.SOURCE,
        help=text,
        labels=(*SOURCE_LABELS, *labels.split()),
    )


JOBS = _jobs(
    "jobs",
    Kind.GAUGE,
    "job_type status phase",
    "Jobs that the API lists, by the cloud's own status and by phase, our word for it.",
)
QUEUE_DEPTH = Family(
    name="datajobs_queue_depth",
    kind=Kind.GAUGE,
    about=About.JOBS,
    help="Jobs that wait in a queue. An empty queue is one 0 with its queue_type only.",
    labels=(*SOURCE_LABELS, "workspace", "queue_type", "cluster_type", "job_type", "priority"),
)
QUEUE_OLDEST = Family(
    name="datajobs_queue_oldest_entry_timestamp_seconds",
    kind=Kind.GAUGE,
    about=About.JOBS,
    help="Ranking time of the entry that has waited longest; a change of position may rewrite it.",
    labels=(*SOURCE_LABELS, "workspace", "queue_type", "priority"),
)
SUBMITTING = _jobs(
    "submitting_duration_seconds",
    Kind.GAUGEHISTOGRAM,
    "job_type phase",
    "Time from creation to start, of jobs active or finished inside the lookback.",
)
RUNNING = _jobs(
    "running_duration_seconds",
    Kind.GAUGEHISTOGRAM,
    "job_type phase",
    "Time that jobs have run so far or ran, of jobs active or finished inside the lookback.",
)
TURNAROUND = _jobs(
    "turnaround_duration_seconds",
    Kind.GAUGEHISTOGRAM,
    "job_type phase",
    "Time from creation to end, of jobs finished inside the lookback.",
)
OLDEST_ACTIVE = _jobs(
    "oldest_active_job_timestamp_seconds",
    Kind.GAUGE,
    "job_type phase",
    "Creation time of the oldest job that is queued, starting, running or stopping.",
)
RECENTLY_FINISHED = _jobs(
    "recently_finished_jobs",
    Kind.GAUGE,
    "job_type status phase",
    "Jobs that finished inside the lookback, by the cloud's clock.",
)
LAST_FINISHED = _jobs(
    "last_finished_job_timestamp_seconds",
    Kind.GAUGE,
    "job_type status phase",
    "When the newest of the finished jobs ended.",
)
FILES_EXPECTED = _jobs(
    "files_expected",
    Kind.GAUGE,
    "job_type phase",
    "Files to be processed, of jobs active or finished inside the lookback.",
)
FILES_COMPLETED = _jobs(
    "files_completed",
    Kind.GAUGE,
    "job_type phase",
    "Files processed, of jobs active or finished inside the lookback.",
)
FILES_FAILED = _jobs(
    "files_failed",
    Kind.GAUGE,
    "job_type phase",
    "Files that failed, of jobs active or finished inside the lookback.",
)
FILE_COMPLETION = _jobs(
    "file_completion_ratio",
    Kind.GAUGE,
    "job_type phase",
    "Completed of expected files (0 to 1) over jobs that tell both; absent where nothing is expected.",
)
LAST_RUN_JOBS = _jobs(
    "last_run_jobs",
    Kind.GAUGE,
    "job_type status phase",
    "Scheduled jobs by the result of their newest run; jobs that never ran are not in it.",
)
LAST_RUN_FINISHED = _jobs(
    "last_run_finished_timestamp_seconds",
    Kind.GAUGE,
    "job_type status phase",
    "When the newest of those runs ended.",
)
JOB_INFO = _jobs(
    "job_info",
    Kind.GAUGE,
    "job_id job_name job_type status phase last_run_status last_run_phase",
    "Always 1, for each of up to per_job active jobs, the oldest first; the labels tell how it is.",
)
JOB_FILE_COMPLETION = _jobs(
    "job_file_completion_ratio",
    Kind.GAUGE,
    "job_id",
    "Completed of expected files (0 to 1) of one of those jobs; absent where nothing is expected.",
)
JOB_RUNNING = _jobs(
    "job_running_duration_seconds",
    Kind.GAUGE,
    "job_id",
    "Time that one of those jobs has run so far; absent where it has not begun.",
)
JOB_LAST_RUN_FINISHED = _jobs(
    "job_last_run_finished_timestamp_seconds",
    Kind.GAUGE,
    "job_name",
    "When the last run of one of those jobs ended.",
)

SUCCESS = _source(
    "source_success",
    Kind.GAUGE,
    "1 if this scrape's collection was answered by the cloud, 0 if it failed: see "
    "datajobs_api_request_failures_total for the reason and the log for the words.",
)
LAST_SUCCESS = _source(
    "source_last_success_timestamp_seconds",
    Kind.GAUGE,
    "The moment, by the cloud's clock, that the numbers shown are of. With source_success 0 they are the "
    "last complete ones, shown for max_staleness and then absent.",
)
DURATION = _source(
    "source_duration_seconds", Kind.GAUGE, "How long the last collection took, failed ones included."
)
LIST_COMPLETE = _source(
    "source_list_complete",
    Kind.GAUGE,
    "1 if the numbers shown are a whole list of one moment: as many different jobs as the API reports, and "
    "none seen to change between two pages. 0 if not, or if no numbers are shown.",
)
LISTED_ITEMS = _source(
    "source_listed_items", Kind.GAUGE, "Different jobs or queue entries that the numbers shown are made of."
)
REPORTED_ITEMS = _source(
    "source_reported_items", Kind.GAUGE, "Sum of the totals that the API reported for them."
)
JOB_SERIES_DROPPED = _source(
    "job_series_dropped",
    Kind.GAUGE,
    "Active jobs that have no series of their own because there are more than per_job; absent without it.",
)
SERIES_DROPPED = _source(
    "series_dropped",
    Kind.GAUGE,
    "Series that a family would have beyond max_series: what they count is in series whose labels say other, "
    "and zeros are left out. Told up to 10,000 for each list.",
    "family",
)
CLOCK_SKEW = _source(
    "source_clock_skew_seconds",
    Kind.GAUGE,
    "How far the exporter's clock is ahead of the cloud's (negative: behind), to a second. Beyond 15 minutes "
    "signatures are refused.",
)
CREDENTIALS_EXPIRY = _source(
    "source_credentials_expiry_timestamp_seconds",
    Kind.GAUGE,
    "When the credentials in use end; absent where they do not, or where it is not known.",
)
REQUESTS = _source(
    "api_requests_total",
    Kind.COUNTER,
    "Requests to list APIs, by HTTP status code (none: no answer).",
    "code",
)
FAILURES = _source(
    "api_request_failures_total",
    Kind.COUNTER,
    "Requests that failed, and collections that failed without one, by reason.",
    "reason",
)
REQUEST_DURATION = _source(
    "api_request_duration_seconds", Kind.HISTOGRAM, "How long requests to list APIs took."
)
RETRIES = _source(
    "api_retries_total", Kind.COUNTER, "Requests that were sent again after a failure that may pass."
)
THROTTLED = _source(
    "api_throttled_seconds_total", Kind.COUNTER, "Time that requests waited because the cloud said to."
)
UNKNOWN_VALUES = _source(
    "unknown_values_total",
    Kind.COUNTER,
    "Values that no document of the API has, each time they were seen: the exporter may need an update.",
    "field",
)
COALESCED = _source(
    "scrapes_coalesced_total",
    Kind.COUNTER,
    "Scrapes answered from a collection that another scrape had started.",
)
REFUSED = Family(
    name="datajobs_scrapes_refused_total",
    kind=Kind.COUNTER,
    about=About.EXPORTER,
    help="Scrapes answered with 503 because as many as --web.max-requests were being answered.",
)
RELOAD_SUCCESSFUL = Family(
    name="datajobs_config_last_reload_successful",
    kind=Kind.GAUGE,
    about=About.EXPORTER,
    help="1 if the configuration file was good when it was last read.",
)
RELOAD_TIME = Family(
    name="datajobs_config_last_reload_success_timestamp_seconds",
    kind=Kind.GAUGE,
    about=About.EXPORTER,
    help="When the configuration in use was read.",
)
BUILD_INFO = Family(
    name="datajobs_exporter_build_info",
    kind=Kind.GAUGE,
    about=About.EXPORTER,
    help="Always 1; the labels tell the version of the exporter and of Python.",
    labels=("version", "python_version"),
)

CATALOGUE: tuple[Family, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Family)
)
"""Every family, in the order of this file."""
