"""Snapshots to metric families, each built anew from the catalogue; no I/O."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporter import job_series, metrics
from exporter.apis.words import Words
from exporter.metrics import Family
from exporter.model import FINISHED, Job, Phase, Place
from exporter.scrape import Result
from exporter.source import Snapshot
from exporter.tally import Distribution, Group, Numbers, Tally

Labels = Mapping[str, str]
Row = tuple[Labels, float]
PhaseKey = tuple[Place, str, Phase]
Vocabulary = Callable[[Words, str], Iterable[tuple[str, Phase]]]


class Shown(NamedTuple):
    """A snapshot that may be shown, with the labels of its source."""

    labels: Labels
    snapshot: Snapshot
    words: Words

    @property
    def tally(self) -> Tally:
        """The numbers."""
        return self.snapshot.tally


def families(results: Sequence[Result]) -> Iterator[Metric]:
    """Yield every family of the catalogue that has something to say of these sources."""
    shown = [
        Shown(source_labels(result), result.snapshot, result.source.words)
        for result in results
        if result.snapshot is not None
    ]
    for family, job_rows in JOB_ROWS.items():
        yield from built(family, [row for one in shown for row in job_rows(one)])
    for family, attribute in DISTRIBUTIONS.items():
        yield from built_histogram(family, [row for one in shown for row in distributions(one, attribute)])
    for family, value in SOURCE_VALUES.items():
        known = [(source_labels(result), value(result)) for result in results]
        yield from built(family, [(labels, number) for labels, number in known if number is not None])


def source_labels(result: Result) -> Labels:
    """Return the labels that every series of a source carries."""
    return {"api": result.source.settings.api, "source": result.source.settings.name}


def place_labels(one: Shown, place: Place) -> Labels:
    """Return the labels of where a job belongs; only PAI has datasets."""
    labels = {**one.labels, "workspace": place.workspace}
    return labels if place.dataset is None else {**labels, "dataset": place.dataset}


def status_labels(one: Shown, group: Group) -> Labels:
    """Return the labels of a group."""
    mine = {"job_type": group.job_type, "status": group.status, "phase": group.phase.value}
    return {**place_labels(one, group.place), **mine}


def phase_labels(one: Shown, key: PhaseKey) -> Labels:
    """Return the labels of all groups of a phase."""
    place, job_type, phase = key
    return {**place_labels(one, place), "job_type": job_type, "phase": phase.value}


def with_zeros(one: Shown, known: Mapping[Group, float], vocabulary: Vocabulary) -> Iterator[Row]:
    """Yield what is known and, of a whole list, a zero for each other status that its job types can have."""
    every = dict(known)
    if one.snapshot.complete:
        for place, job_type in one.tally.seen_types:
            for status, phase in vocabulary(one.words, job_type):
                every.setdefault(Group(place, job_type, status, phase), 0.0)
    for group in sorted(every):
        yield status_labels(one, group), every[group]


def jobs(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_jobs."""
    known = {group: float(numbers.jobs) for group, numbers in one.tally.jobs.items()}
    return with_zeros(one, known, Words.statuses_of)


def recently_finished(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_recently_finished_jobs: runs only, a definition does not finish."""
    if one.words.standing:
        return iter(())
    finished = {group: n for group, n in one.tally.jobs.items() if group.phase in FINISHED}
    return with_zeros(
        one, {group: float(numbers.recent) for group, numbers in finished.items()}, Words.ends_of
    )


def last_finished(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_last_finished_job_timestamp_seconds."""
    for group, numbers in sorted(one.tally.jobs.items()):
        if numbers.newest_end is not None:
            yield status_labels(one, group), numbers.newest_end


def last_run_jobs(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_last_run_jobs."""
    known = {group: float(runs.jobs) for group, runs in one.tally.last_runs.items()}
    return with_zeros(one, known, Words.runs_of)


def last_run_finished(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_last_run_finished_timestamp_seconds."""
    for group, runs in sorted(one.tally.last_runs.items()):
        if runs.newest_end is not None:
            yield status_labels(one, group), runs.newest_end


def by_phase(tally: Tally) -> dict[PhaseKey, list[Numbers]]:
    """Put the groups of a phase together, in order."""
    together: dict[PhaseKey, list[Numbers]] = {}
    for group in sorted(tally.jobs):
        key = (group.place, group.job_type, group.phase)
        together.setdefault(key, []).append(tally.jobs[group])
    return together


def reduced(reduce: Callable[[Sequence[Numbers]], float | None]) -> Callable[[Shown], Iterator[Row]]:
    """Return what yields one row a phase, where there is something to say."""

    def rows(one: Shown) -> Iterator[Row]:
        for key, several in by_phase(one.tally).items():
            value = reduce(several)
            if value is not None:
                yield phase_labels(one, key), value

    return rows


def oldest_created(several: Sequence[Numbers]) -> float | None:
    """Return the earliest creation time."""
    return min((n.oldest_created for n in several if n.oldest_created is not None), default=None)


def total(several: Sequence[Numbers], attribute: str) -> float | None:
    """Return the sum of a counter of files, None where no job tells it."""
    values = [value for n in several if (value := getattr(n, attribute)) is not None]
    return float(sum(values)) if values else None


def completion(several: Sequence[Numbers]) -> float | None:
    """Return the completed share of the expected files, None where nothing is expected."""
    expected = sum(n.measurable_expected for n in several)
    return sum(n.measurable_completed for n in several) / expected if expected else None


def distributions(one: Shown, attribute: str) -> Iterator[tuple[Labels, Distribution]]:
    """Yield one distribution a phase, where something was observed."""
    for key, several in by_phase(one.tally).items():
        parts = [part for n in several if (part := getattr(n, attribute)) is not None]
        if parts:
            yield phase_labels(one, key), Distribution.of(parts)


def queue_depth(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_queue_depth."""
    for group, queued in sorted(one.tally.queue.items()):
        # An empty queue has a queue type and nothing else to be told apart by.
        told = {name: text for name in QUEUE_LABELS if (text := getattr(group, name)) or queued.entries}
        yield {**one.labels, **told}, float(queued.entries)


def queue_oldest(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_queue_oldest_entry_timestamp_seconds."""
    oldest: dict[tuple[str, str, str], float] = {}
    for group, queued in sorted(one.tally.queue.items()):
        if queued.oldest is not None:
            key = (group.workspace, group.queue_type, group.priority)
            oldest[key] = min(oldest.get(key, queued.oldest), queued.oldest)
    for (workspace, queue_type, priority), value in oldest.items():
        yield {**one.labels, "workspace": workspace, "queue_type": queue_type, "priority": priority}, value


def job_labels(one: Shown, job: Job) -> Labels:
    """Return the labels that tell one job from all others."""
    return {**place_labels(one, Place(job.workspace, job.dataset)), **job_series.identity(job)}


def job_info(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_job_info."""
    for job in one.tally.shortlist.jobs:
        yield {**job_labels(one, job), **job_series.info(job)}, 1.0


def of_each_job(read: Callable[[Job], float | None]) -> Callable[[Shown], Iterator[Row]]:
    """Return what yields one row a job, where it tells something."""

    def rows(one: Shown) -> Iterator[Row]:
        for job in one.tally.shortlist.jobs:
            value = read(job)
            if value is not None:
                yield job_labels(one, job), value

    return rows


def series_dropped(result: Result) -> float | None:
    """Return how many active jobs have no series of their own, None where none is to have one."""
    source = result.source
    if result.snapshot is None or not source.settings.per_job or not source.words.statuses:
        return None
    return float(result.snapshot.tally.shortlist.dropped)


def built(family: Family, rows: Sequence[Row]) -> Iterator[Metric]:
    """Yield the family with these samples; none at all where there are none."""
    if not rows:
        return
    metric = Metric(family.name, family.help, family.kind.value)
    for labels, value in rows:
        metric.samples.append(Sample(family.name, checked(family, labels), value))
    yield metric


def built_histogram(family: Family, rows: Sequence[tuple[Labels, Distribution]]) -> Iterator[Metric]:
    """Yield the family with a gauge histogram a row."""
    if not rows:
        return
    metric = Metric(family.name, family.help, family.kind.value)
    for labels, distribution in rows:
        mine = checked(family, labels)
        pairs = distribution.cumulative()
        for bound, count in pairs:
            metric.samples.append(Sample(f"{family.name}_bucket", {**mine, "le": bound}, count))
        metric.samples.append(Sample(f"{family.name}_gcount", mine, pairs[-1][1]))
        metric.samples.append(Sample(f"{family.name}_gsum", mine, distribution.sum))
    yield metric


def checked(family: Family, labels: Labels) -> dict[str, str]:
    """Return the labels in the catalogue's order; one that the catalogue does not have is a bug."""
    ordered = {name: labels[name] for name in family.labels if name in labels}
    if len(ordered) != len(labels):
        raise ValueError(f"{family.name}: labels {sorted(labels)} are not those of the catalogue")
    return ordered


QUEUE_LABELS = ("workspace", "queue_type", "cluster_type", "job_type", "priority")

JOB_ROWS: dict[Family, Callable[[Shown], Iterable[Row]]] = {
    metrics.JOBS: jobs,
    metrics.QUEUE_DEPTH: queue_depth,
    metrics.QUEUE_OLDEST: queue_oldest,
    metrics.OLDEST_ACTIVE: reduced(oldest_created),
    metrics.RECENTLY_FINISHED: recently_finished,
    metrics.LAST_FINISHED: last_finished,
    metrics.FILES_EXPECTED: reduced(partial(total, attribute="expected")),
    metrics.FILES_COMPLETED: reduced(partial(total, attribute="completed")),
    metrics.FILES_FAILED: reduced(partial(total, attribute="failed")),
    metrics.FILE_COMPLETION: reduced(completion),
    metrics.LAST_RUN_JOBS: last_run_jobs,
    metrics.LAST_RUN_FINISHED: last_run_finished,
    metrics.JOB_INFO: job_info,
    **{family: of_each_job(read) for family, read in job_series.VALUES.items()},
}
DISTRIBUTIONS = {
    metrics.SUBMITTING: "submitting",
    metrics.RUNNING: "running",
    metrics.TURNAROUND: "turnaround",
}
SOURCE_VALUES: dict[Family, Callable[[Result], float | None]] = {
    metrics.SUCCESS: lambda result: float(result.error is None),
    metrics.LAST_SUCCESS: lambda result: result.last_success,
    metrics.DURATION: lambda result: result.duration,
    metrics.LIST_COMPLETE: lambda result: float(result.snapshot is not None and result.snapshot.complete),
    metrics.LISTED_ITEMS: lambda result: float(result.snapshot.listed) if result.snapshot else None,
    metrics.REPORTED_ITEMS: lambda result: float(result.snapshot.reported) if result.snapshot else None,
    metrics.JOB_SERIES_DROPPED: series_dropped,
    metrics.CLOCK_SKEW: lambda result: result.source.skew,
    metrics.CREDENTIALS_EXPIRY: lambda result: result.source.credentials_expire_at,
}
"""Each family about a source, and how its value is read off a result; None makes no sample."""
