"""What the series of a single job say: its labels and values. Pure."""

from collections.abc import Callable, Mapping

from exporter import metrics
from exporter.labels import label
from exporter.metrics import Family
from exporter.model import Job
from exporter.shortlist import name_of


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
