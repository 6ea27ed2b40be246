"""What the series of a single job say: its labels and values. Pure."""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b

from exporter import metrics
from exporter.metrics import Family
from exporter.model import Job
from exporter.shortlist import name_of

LONGEST = 200
"""Characters of a label's value that a cloud has chosen."""
MARK = "~"
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, ends of lines, and halves of pairs that no UTF-8 has."""


def identity(job: Job) -> Mapping[str, str]:
    """Return the label that tells a job from the others of its place."""
    return {"job_id" if job.name is None else "job_name": label(name_of(job))}


def info(job: Job) -> Mapping[str, str]:
    """Return the labels that tell how a job is and, of one that runs again and again, how its last run is."""
    told = {"job_type": job.job_type, "status": job.status, "phase": job.phase.value}
    if job.last_run is not None:
        told |= {"last_run_status": job.last_run.status, "last_run_phase": job.last_run.phase.value}
    return {name: label(text) for name, text in told.items()}


def completion(job: Job) -> float | None:
    """Return the completed share of its files, None where nothing is expected."""
    files = job.files
    if files is None or not files.expected or files.completed is None:
        return None
    return min(files.completed, files.expected) / files.expected


def running(job: Job) -> float | None:
    """Return for how long it has run; a time below zero tells nothing."""
    return None if job.running is None or job.running < 0 else job.running


def last_run_finished(job: Job) -> float | None:
    """Return when its last run ended."""
    return None if job.last_run is None else job.last_run.ended


VALUES: dict[Family, Callable[[Job], float | None]] = {
    metrics.JOB_FILE_COMPLETION: completion,
    metrics.JOB_RUNNING: running,
    metrics.JOB_LAST_RUN_FINISHED: last_run_finished,
}
"""Each family of one sample a job, and how its value is read off the job; None makes no sample."""


def label(text: str) -> str:
    """Return a text as a label's value: one line of UTF-8, at most ``LONGEST`` characters.

    One that had to be changed ends in a digest, so that two texts never become the same value.
    """
    fit = UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:LONGEST])
    if fit == text:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{fit[: LONGEST - len(digest) - len(MARK)]}{MARK}{digest}"
