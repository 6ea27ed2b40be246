"""Snapshots to the samples of each family of the catalogue; no I/O."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import TypeVar

from exporter import job_series, metrics, series_limit, writer
from exporter.apis.words import Words
from exporter.groups import Distribution, Group, Numbers, QueueGroup
from exporter.labels import label
from exporter.metrics import Family, Kind
from exporter.model import FINISHED, Job, Phase, Place
from exporter.scrape import Result
from exporter.series_limit import Vocabulary
from exporter.source import Snapshot
from exporter.tally import Tally
from exporter.writer import Block, Form, Labels

Named = Mapping[str, str]
"""Labels by name."""
Row = tuple[Labels, float]
PhaseKey = tuple[Place, str, Phase]
Key = TypeVar("Key", bound=Hashable)


class Shown:
    """A snapshot that may be shown, with the labels of its source.

    ``before`` is what was shown of that source before: labels that it had are not written again.
    """

    def __init__(self, result: Result, snapshot: Snapshot, before: "Shown | None" = None) -> None:
        self.labels = source_labels(result)
        self.snapshot = snapshot
        self.words: Words = result.source.words
        self._written: dict[tuple[object, Hashable], Labels] = {}
        self._written_before = {} if before is None else before._written

    @property
    def tally(self) -> Tally:
        """The numbers."""
        return self.snapshot.tally

    @cached_property
    def groups(self) -> Sequence[tuple[Group, Numbers]]:
        """The numbers by group, in order."""
        return sorted(self.tally.jobs.items())

    @cached_property
    def phases(self) -> Mapping[PhaseKey, Sequence[Numbers]]:
        """The groups of each phase together, in order."""
        together: dict[PhaseKey, list[Numbers]] = {}
        for group, numbers in self.groups:
            together.setdefault((group.place, group.job_type, group.phase), []).append(numbers)
        return together

    def written(self, labels: "Callable[[Shown, Key], Named]", key: Key) -> Labels:
        """Return the labels of what ``key`` tells apart."""
        place = (labels, key)
        known = self._written.get(place)
        if known is None:
            known = self._written_before.get(place) or Labels.of(labels(self, key))
            self._written[place] = known
        return known


def about_jobs(family: Family, one: Shown, form: Form) -> Block:
    """Write what a family says of the jobs of a source."""
    if family.kind is Kind.GAUGEHISTOGRAM:
        return distributions(family, one, form)
    return gauges(family, list(JOB_ROWS[family](one)))


def about_sources(family: Family, results: Sequence[Result]) -> Block:
    """Write what a family says of the sources themselves."""
    told = [(source_labels(result), SOURCE_ROWS[family](result)) for result in results]
    return gauges(
        family, [(Labels.of({**mine, **more}), value) for mine, rows in told for more, value in rows]
    )


def gauges(family: Family, rows: Sequence[Row]) -> Block:
    """Write these samples of a family."""
    for names in {labels.names for labels, _ in rows}:
        check(family, names)
    return writer.gauges(family.name, rows)


def source_labels(result: Result) -> Named:
    """Return the labels that every series of a source carries."""
    return {"api": result.source.settings.api, "source": result.source.settings.name}


def place_labels(one: Shown, place: Place) -> Named:
    """Return the labels of where a job belongs; only PAI has datasets."""
    labels = {**one.labels, "workspace": place.workspace}
    return labels if place.dataset is None else {**labels, "dataset": place.dataset}


def status_labels(one: Shown, group: Group) -> Named:
    """Return the labels of a group."""
    mine = {"job_type": group.job_type, "status": group.status, "phase": group.phase.value}
    return {**place_labels(one, group.place), **mine}


def phase_labels(one: Shown, key: PhaseKey) -> Named:
    """Return the labels of all groups of a phase."""
    place, job_type, phase = key
    return {**place_labels(one, place), "job_type": job_type, "phase": phase.value}


def with_zeros(one: Shown, known: Mapping[Group, float], vocabulary: Vocabulary) -> Iterator[Row]:
    """Yield what is known and, of a whole list, a zero for each other status that its job types can have."""
    added = series_limit.shown_zeros(one.snapshot, one.words, known.keys(), vocabulary)
    every = {**known, **dict.fromkeys(added, 0.0)}
    for group in sorted(every):
        yield one.written(status_labels, group), every[group]


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
    for group, numbers in one.groups:
        if numbers.newest_end is not None:
            yield one.written(status_labels, group), numbers.newest_end


def last_run_jobs(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_last_run_jobs."""
    known = {group: float(runs.jobs) for group, runs in one.tally.last_runs.items()}
    return with_zeros(one, known, Words.runs_of)


def last_run_finished(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_last_run_finished_timestamp_seconds."""
    for group, runs in sorted(one.tally.last_runs.items()):
        if runs.newest_end is not None:
            yield one.written(status_labels, group), runs.newest_end


def reduced(reduce: Callable[[Sequence[Numbers]], float | None]) -> Callable[[Shown], Iterator[Row]]:
    """Return what yields one row a phase, where there is something to say."""

    def rows(one: Shown) -> Iterator[Row]:
        for key, several in one.phases.items():
            value = reduce(several)
            if value is not None:
                yield one.written(phase_labels, key), value

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


def distributions(family: Family, one: Shown, form: Form) -> Block:
    """Write one distribution a phase, where something was observed."""
    attribute, several = DISTRIBUTIONS[family], []
    for key, groups in one.phases.items():
        parts: list[Distribution] = [part for n in groups if (part := getattr(n, attribute)) is not None]
        if parts:
            whole, labels = Distribution.of(parts), one.written(phase_labels, key)
            check(family, labels.names)
            several.append(writer.histogram(family.name, labels, whole.cumulative(), whole.sum))
    return writer.histograms(form, several)


def queue_labels(one: Shown, key: tuple[QueueGroup, bool]) -> Named:
    """Return the labels of a group of entries; an empty queue has what tells it apart and nothing else."""
    group, empty = key
    told = {name: text for name in QUEUE_LABELS if (text := getattr(group, name)) or not empty}
    return {**one.labels, **told}


def queue_depth(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_queue_depth."""
    for group, queued in sorted(one.tally.queue.items()):
        yield one.written(queue_labels, (group, not queued.entries)), float(queued.entries)


def queue_oldest(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_queue_oldest_entry_timestamp_seconds."""
    oldest: dict[tuple[str, str, str], float] = {}
    for group, queued in sorted(one.tally.queue.items()):
        if queued.oldest is not None:
            key = (group.workspace, group.queue_type, group.priority)
            oldest[key] = min(oldest.get(key, queued.oldest), queued.oldest)
    for (workspace, queue_type, priority), value in oldest.items():
        labels = {**one.labels, "workspace": workspace, "queue_type": queue_type, "priority": priority}
        yield Labels.of(labels), value


def job_labels(one: Shown, job: Job) -> Named:
    """Return the labels that tell one job from all others."""
    place = Place(label(job.workspace), None if job.dataset is None else label(job.dataset))
    return {**place_labels(one, place), **job_series.identity(job)}


def job_info(one: Shown) -> Iterator[Row]:
    """Yield the rows of datajobs_job_info."""
    for job in one.tally.shortlist.jobs:
        yield Labels.of({**job_labels(one, job), **job_series.info(job)}), 1.0


def of_each_job(read: Callable[[Job], float | None]) -> Callable[[Shown], Iterator[Row]]:
    """Return what yields one row a job, where it tells something."""

    def rows(one: Shown) -> Iterator[Row]:
        for job in one.tally.shortlist.jobs:
            value = read(job)
            if value is not None:
                yield Labels.of(job_labels(one, job)), value

    return rows


def alone(read: Callable[[Result], float | None]) -> Callable[[Result], Iterator[tuple[Named, float]]]:
    """Return what yields the one row of a source, where there is something to say."""

    def rows(result: Result) -> Iterator[tuple[Named, float]]:
        value = read(result)
        if value is not None:
            yield {}, value

    return rows


def series_dropped(result: Result) -> Iterator[tuple[Named, float]]:
    """Yield a row for each family that is limited by itself."""
    for family, number in series_limit.dropped(result):
        yield {"family": family.name}, float(number)


def job_series_dropped(result: Result) -> float | None:
    """Return how many active jobs have no series of their own, None where none is to have one."""
    source = result.source
    if result.snapshot is None or not source.settings.per_job or not source.words.statuses:
        return None
    return float(result.snapshot.tally.shortlist.dropped)


@cache
def check(family: Family, names: frozenset[str]) -> None:
    """Raise ValueError where the catalogue does not have these labels for a family."""
    if not names <= set(family.labels):
        raise ValueError(f"{family.name}: labels {sorted(names)} are not those of the catalogue")


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
JOB_FAMILIES = (*JOB_ROWS, *DISTRIBUTIONS)
"""The families about jobs, in the order in which they are shown."""
SOURCE_VALUES: dict[Family, Callable[[Result], float | None]] = {
    metrics.SUCCESS: lambda result: float(result.error is None),
    metrics.LAST_SUCCESS: lambda result: result.last_success,
    metrics.DURATION: lambda result: result.duration,
    metrics.LIST_COMPLETE: lambda result: float(result.snapshot is not None and result.snapshot.complete),
    metrics.LISTED_ITEMS: lambda result: float(result.snapshot.listed) if result.snapshot else None,
    metrics.REPORTED_ITEMS: lambda result: float(result.snapshot.reported) if result.snapshot else None,
    metrics.JOB_SERIES_DROPPED: job_series_dropped,
    metrics.CLOCK_SKEW: lambda result: result.source.skew,
    metrics.CREDENTIALS_EXPIRY: lambda result: result.source.credentials_expire_at,
}
"""Each family about a source, and how its value is read off a result; None makes no sample."""
SOURCE_ROWS = {
    **{family: alone(read) for family, read in SOURCE_VALUES.items()},
    metrics.SERIES_DROPPED: series_dropped,
}
"""Each family about a source, and its rows: labels beside those of the source, and values."""
