from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.groups import (
    RUNNING_BOUNDS,
    SUBMITTING_BOUNDS,
    Distribution,
    Group,
    Numbers,
    QueueGroup,
)
from exporter.model import (
    ACTIVE,
    FINISHED,
    FileCounts,
    Item,
    Job,
    LastRun,
    Phase,
    Place,
    QueueEntry,
    earlier,
    later,
)
from exporter.tally import Tally, merged

NOW = 100_000.0
LOOKBACK = 3600.0

# Eighths add up exactly in any order, and lie on both sides of every bound.
TIMES = st.none() | st.integers(0, 8 * 120_000).map(lambda eighths: eighths / 8)
SPANS = st.none() | st.integers(-8, 8 * 700_000).map(lambda eighths: eighths / 8)
COUNTS = st.none() | st.integers(0, 1000)
RUNS = st.none() | st.builds(
    LastRun, status=st.sampled_from("sf"), phase=st.sampled_from((Phase.SUCCEEDED, Phase.FAILED)), ended=TIMES
)
JOBS = st.builds(
    Job,
    key=st.integers(),
    workspace=st.sampled_from(("0", "7")),
    dataset=st.just("d"),
    job_type=st.sampled_from("AB"),
    status=st.sampled_from("st"),
    phase=st.sampled_from(Phase),
    created=TIMES,
    ended=TIMES,
    submitting=SPANS,
    running=SPANS,
    files=st.none() | st.builds(FileCounts, expected=COUNTS, completed=COUNTS, failed=COUNTS),
    last_run=RUNS,
    unknown=st.sampled_from(((), ("status",), ("status", "job_type"))),
)
ENTRIES = st.builds(
    QueueEntry,
    key=st.integers(),
    workspace=st.sampled_from(("0", "7")),
    queue_type=st.sampled_from(("INTERNAL", "RESIM")),
    cluster_type=st.sampled_from(("", "CCE")),
    job_type=st.sampled_from("AB"),
    priority=st.none() | st.integers(0, 2),
    created=TIMES,
)
PAGES = st.lists(st.lists(JOBS | ENTRIES, max_size=8), max_size=8)
STANDING = st.booleans()


def fold(items: Iterable[Item], *, standing: bool = False, lookback: float = LOOKBACK) -> Tally:
    """Return the tally of a page."""
    tally = Tally(lookback=lookback, standing=standing)
    tally.take(tuple(items), NOW)
    return tally


def plain(value: object) -> object:
    """Return what can be compared."""
    if isinstance(value, Distribution):
        return (value.bounds, tuple(value.counts), value.sum)
    if hasattr(value, "__slots__"):
        return {name: plain(getattr(value, name)) for name in value.__slots__}
    return value


def all_of(tally: Tally) -> dict[str, Any]:
    """Return everything that a tally says."""
    return {
        "jobs": {group: plain(numbers) for group, numbers in tally.jobs.items()},
        "last_runs": {group: plain(runs) for group, runs in tally.last_runs.items()},
        "queue": {group: plain(queued) for group, queued in tally.queue.items()},
        "unknown": tally.unknown,
        "seen_types": tally.seen_types,
    }


@given(pages=PAGES, standing=STANDING, seed=st.integers())
def test_neither_order_nor_pages_change_a_number(pages: list[list[Item]], standing: bool, seed: int) -> None:
    rows = [item for page in pages for item in page]
    Random(seed).shuffle(rows)
    paged = Tally(lookback=LOOKBACK, standing=standing)
    for page in pages:
        paged.take(page, NOW)
    assert all_of(paged) == all_of(fold(rows, standing=standing))


@given(pages=PAGES, standing=STANDING)
def test_counts_add_up_to_the_rows(pages: list[list[Item]], standing: bool) -> None:
    rows = [item for page in pages for item in page]
    tally = fold(rows, standing=standing)
    jobs = [item for item in rows if isinstance(item, Job)]
    assert sum(numbers.jobs for numbers in tally.jobs.values()) == len(jobs)
    assert sum(queued.entries for queued in tally.queue.values()) == len(rows) - len(jobs)
    runs = sum(job.last_run is not None for job in jobs) if standing else 0
    assert sum(last.jobs for last in tally.last_runs.values()) == runs
    assert tally.seen_types == {(Place(job.workspace, job.dataset), job.job_type) for job in jobs}


def counted_by_hand(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that durations and files are told of."""
    recent = [job for job in jobs if job.phase in FINISHED and job.ended is not None]
    recent = [job for job in recent if job.ended is not None and job.ended >= NOW - LOOKBACK]
    return recent + [job for job in jobs if job.phase in ACTIVE]


@given(st.lists(JOBS))
def test_durations_and_files_are_of_active_and_recent_jobs_only(jobs: list[Job]) -> None:
    tally = fold(jobs)
    counted = counted_by_hand(jobs)
    for name in ("submitting", "running"):
        spans = [span for job in counted if (span := getattr(job, name)) is not None and span >= 0]
        found = [part for n in tally.jobs.values() if (part := getattr(n, name)) is not None]
        assert sum(sum(part.counts) for part in found) == len(spans)
        assert sum(part.sum for part in found) == sum(spans)
    for name in ("expected", "completed", "failed"):
        told = [count for job in counted if job.files and (count := getattr(job.files, name)) is not None]
        values = [value for n in tally.jobs.values() if (value := getattr(n, name)) is not None]
        assert sum(values) == sum(told)
        assert bool(values) == bool(told)


@given(st.lists(JOBS))
def test_a_ratio_is_over_jobs_that_tell_both_and_never_above_one(jobs: list[Job]) -> None:
    for numbers in fold(jobs).jobs.values():
        assert 0 <= numbers.measurable_completed <= numbers.measurable_expected


def a_job(phase: Phase = Phase.RUNNING, **changes: Any) -> Job:
    known: dict[str, Any] = {
        "key": 1,
        "workspace": "0",
        "job_type": "T",
        "status": phase.value,
        "phase": phase,
    }
    return Job(**(known | changes))


def the_numbers(*jobs: Job, lookback: float = LOOKBACK) -> Numbers:
    [numbers] = fold(jobs, lookback=lookback).jobs.values()
    return numbers


@pytest.mark.parametrize("phase", Phase)
def test_what_was_not_told_is_missing_and_not_zero(phase: Phase) -> None:
    numbers = the_numbers(a_job(phase), a_job(phase, files=FileCounts()))
    assert plain(numbers) == {
        "jobs": 2,
        "recent": 0,
        "newest_end": None,
        "oldest_created": None,
        "submitting": None,
        "running": None,
        "turnaround": None,
        "expected": None,
        "completed": None,
        "failed": None,
        "measurable_expected": 0,
        "measurable_completed": 0,
    }


def test_a_zero_that_was_told_is_one() -> None:
    numbers = the_numbers(a_job(running=0.0, files=FileCounts(expected=0, completed=0, failed=0)))
    assert numbers.running is not None
    assert (sum(numbers.running.counts), numbers.running.sum) == (1, 0.0)
    assert (numbers.expected, numbers.completed, numbers.failed) == (0, 0, 0)


@pytest.mark.parametrize("phase", sorted(FINISHED))
@pytest.mark.parametrize(("age", "recent"), [(0.0, 1), (3599.999, 1), (3600.0, 1), (3600.001, 0), (-5.0, 1)])
def test_the_lookback_includes_its_border(phase: Phase, age: float, recent: int) -> None:
    ended = NOW - age
    numbers = the_numbers(a_job(phase, created=1.0, ended=ended, running=5.0))
    assert (numbers.recent, numbers.newest_end) == (recent, ended)
    assert (numbers.turnaround is not None) is (numbers.running is not None) is bool(recent)


def test_without_a_lookback_only_what_ends_at_this_moment_is_recent() -> None:
    jobs = [a_job(Phase.FAILED, ended=ended) for ended in (NOW - 1, NOW)]
    assert the_numbers(*jobs, lookback=0.0).recent == 1


def test_a_finished_job_without_an_end_counts_as_a_job_and_nothing_else() -> None:
    numbers = the_numbers(a_job(Phase.DELETED, created=5.0, running=9.0, files=FileCounts(expected=5)))
    assert (numbers.jobs, numbers.recent, numbers.running, numbers.expected) == (1, 0, None, None)


@pytest.mark.parametrize("phase", [Phase.UNKNOWN, Phase.SCHEDULED, Phase.PAUSED])
def test_a_job_that_is_neither_active_nor_finished_is_only_counted(phase: Phase) -> None:
    numbers = the_numbers(a_job(phase, created=5.0, ended=NOW, running=9.0))
    assert (numbers.jobs, numbers.recent, numbers.running) == (1, 0, None)
    assert (numbers.oldest_created, numbers.newest_end) == (None, None)


def test_a_turnaround_needs_both_ends() -> None:
    numbers = the_numbers(
        a_job(Phase.SUCCEEDED, created=None, ended=NOW), a_job(Phase.SUCCEEDED, created=NOW - 10, ended=NOW)
    )
    assert numbers.turnaround is not None
    assert (sum(numbers.turnaround.counts), numbers.turnaround.sum) == (1, 10.0)


def test_a_duration_below_zero_is_told_and_not_observed() -> None:
    tally = fold([a_job(Phase.FAILED, created=NOW, ended=NOW - 1, submitting=-1.0, running=-2.0)])
    [numbers] = tally.jobs.values()
    assert (numbers.submitting, numbers.running, numbers.turnaround) == (None, None, None)
    assert tally.unknown == {"turnaround": 1, "submitting_duration": 1, "running_duration": 1}


def test_extremes_are_kept() -> None:
    active = the_numbers(a_job(created=7.0), a_job(created=3.0), a_job(created=None))
    ended = the_numbers(*(a_job(Phase.FAILED, ended=NOW - age) for age in (9e4, 5.0, 7.0)))
    assert (active.oldest_created, ended.newest_end) == (3.0, NOW - 5)


def test_a_definition_is_counted_with_its_last_run_and_has_no_durations() -> None:
    runs = [LastRun(status="fail", phase=Phase.FAILED, ended=ended) for ended in (None, 5.0, 3.0)]
    jobs = [a_job(Phase.STOPPED, ended=NOW, running=9.0, last_run=run) for run in (*runs, None)]
    tally = fold(jobs, standing=True)
    [numbers] = tally.jobs.values()
    assert (numbers.jobs, numbers.recent, numbers.newest_end, numbers.running) == (4, 0, None, None)
    [(group, last)] = tally.last_runs.items()
    assert group == Group(Place("0"), "T", "fail", Phase.FAILED)
    assert (last.jobs, last.newest_end) == (3, 5.0)


def test_queue_entries_are_counted_by_all_that_tells_them_apart() -> None:
    def entry(created: float | None, priority: int | None) -> QueueEntry:
        return QueueEntry(
            key=1,
            workspace="0",
            queue_type="RESIM",
            cluster_type="CCE",
            job_type="",
            priority=priority,
            created=created,
        )

    tally = fold([entry(5.0, 0), entry(3.0, 0), entry(None, None)])
    assert {group: (queued.entries, queued.oldest) for group, queued in tally.queue.items()} == {
        QueueGroup("0", "RESIM", "CCE", "", "0"): (2, 3.0),
        QueueGroup("0", "RESIM", "CCE", "", ""): (1, None),
    }


def test_unknown_values_are_counted_by_field() -> None:
    jobs = [a_job(unknown=("status",)), a_job(unknown=("status", "job_type")), a_job()]
    assert fold(jobs).unknown == Counter(status=2, job_type=1)


@given(st.lists(st.lists(JOBS | ENTRIES, max_size=6), max_size=4), STANDING)
def test_lists_that_share_nothing_are_put_together_whole(pages: list[list[Item]], standing: bool) -> None:
    apart = [
        [msgspec.structs.replace(item, workspace=str(number)) for item in page]
        for number, page in enumerate(pages)
    ]
    together = merged(fold(page, standing=standing) for page in apart)
    assert all_of(together) == all_of(fold((item for page in apart for item in page), standing=standing))


@pytest.mark.parametrize("bounds", [SUBMITTING_BOUNDS, RUNNING_BOUNDS])
def test_bounds_ascend(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))


@given(
    st.lists(st.integers(0, 8 * 700_000).map(lambda eighths: eighths / 8) | st.sampled_from(RUNNING_BOUNDS))
)
def test_buckets_are_cumulative_and_hold_their_upper_bound(values: list[float]) -> None:
    distribution = Distribution(RUNNING_BOUNDS)
    for value in values:
        distribution.observe(value)
    assert distribution.cumulative() == [
        *((str(bound), float(sum(value <= bound for value in values))) for bound in RUNNING_BOUNDS),
        ("+Inf", float(len(values))),
    ]
    assert distribution.sum == sum(values)


@given(st.lists(st.lists(st.integers(0, 10_000).map(float), max_size=9), min_size=1, max_size=5))
def test_distributions_add_up(parts: list[list[float]]) -> None:
    def of(values: Iterable[float]) -> Distribution:
        distribution = Distribution(RUNNING_BOUNDS)
        for value in values:
            distribution.observe(value)
        return distribution

    whole = of(value for part in parts for value in part)
    assert plain(Distribution.of([of(part) for part in parts])) == plain(whole)


@pytest.mark.parametrize("bound", [text for text, _ in Distribution((60.0, 0.5, 604800.0)).cumulative()])
def test_a_bound_is_written_as_prometheus_writes_it(bound: str) -> None:
    assert bound in {"60.0", "0.5", "604800.0", "+Inf"}


def test_of_two_times_one_may_not_be_known() -> None:
    assert [earlier(None, None), earlier(1.0, None), earlier(None, 2.0), earlier(1.0, 2.0)] == [None, 1, 2, 1]
    assert [later(None, None), later(1.0, None), later(None, 2.0), later(1.0, 2.0)] == [None, 1, 2, 2]
