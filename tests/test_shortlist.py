import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import ACTIVE, Job, LastRun, Phase
from exporter.shortlist import BROKEN, OFF, Shortlist
from exporter.tally import Tally, merged

TIMES = st.none() | st.integers(0, 5).map(float)
RUNS = st.none() | st.builds(LastRun, status=st.just("s"), phase=st.sampled_from(Phase), ended=TIMES)
JOBS = st.lists(
    st.builds(
        Job,
        key=st.integers(0, 30),
        workspace=st.just("0"),
        job_type=st.just("T"),
        status=st.just("s"),
        phase=st.sampled_from(Phase),
        created=TIMES,
        last_run=RUNS,
    ),
    unique_by=lambda job: job.key,
)


def a_job(key: int | str, phase: Phase = Phase.RUNNING, created: float | None = 0.0, **more: Any) -> Job:
    return Job(key=key, workspace="0", job_type="T", status="s", phase=phase, created=created, **more)


def a_definition(
    name: str, phase: Phase = Phase.SCHEDULED, run: Phase | None = None, ended: float | None = None
) -> Job:
    last_run = None if run is None else LastRun(status=run.value, phase=run, ended=ended)
    return a_job(f"w/{name}", phase, created=50.0, name=name, last_run=last_run)


def shortlist(jobs: Iterable[Job], most: int, *, standing: bool = False) -> Shortlist:
    """Return what a walk over these jobs keeps."""
    tally = Tally(lookback=0.0, standing=standing, per_job=most)
    for job in jobs:
        tally.take([job], 100.0)
    return tally.shortlist


def keys(shortlist: Shortlist) -> list[int | str]:
    return [job.key for job in shortlist.jobs]


@pytest.mark.parametrize("standing", [True, False])
def test_none_is_kept_or_counted_where_none_is_asked_for(standing: bool) -> None:
    found = shortlist([a_job(1), a_job(2)], most=0, standing=standing)
    assert (found.jobs, found.dropped) == ([], 0)


@pytest.mark.parametrize("phase", Phase)
def test_a_job_that_runs_once_is_kept_while_it_is_active(phase: Phase) -> None:
    found = shortlist([a_job(1, phase)], most=5)
    assert keys(found) == ([1] if phase in ACTIVE else [])


def test_the_oldest_come_first_and_those_of_unknown_age_last() -> None:
    found = shortlist([a_job(1, created=None), a_job(2, created=9.0), a_job(3, created=-1.0)], most=5)
    assert keys(found) == [3, 2, 1]
    assert keys(shortlist([a_job(1, created=None), a_job(2), a_job(3, created=1.0)], most=2)) == [2, 3]


def test_what_does_not_fit_is_counted_and_what_is_not_active_is_not() -> None:
    jobs = [a_job(number, created=100.0 - number) for number in range(10)]
    found = shortlist([*jobs, a_job(11, Phase.SUCCEEDED), a_job(12, Phase.UNKNOWN)], most=3)
    assert (keys(found), found.dropped) == ([9, 8, 7], 7)


@given(jobs=JOBS, most=st.integers(1, 8))
def test_it_is_the_first_of_all_active_jobs_sorted_whatever_their_order(jobs: list[Job], most: int) -> None:
    active = [job for job in jobs if job.phase in ACTIVE]
    age = [(math.inf if job.created is None else job.created, str(job.key)) for job in active]
    expected = [job.key for _, job in sorted(zip(age, active, strict=True), key=lambda pair: pair[0])]
    for order in (jobs, jobs[::-1]):
        found = shortlist(order, most)
        assert keys(found) == expected[:most]
        assert found.dropped == len(expected[most:])


@given(jobs=JOBS, most=st.integers(0, 8), cut=st.integers(0, 30), standing=st.booleans())
def test_lists_of_several_walks_come_to_the_same_as_one(
    jobs: list[Job], most: int, cut: int, standing: bool
) -> None:
    parts = []
    for part in (jobs[:cut], [], jobs[cut:]):
        tally = Tally(lookback=0.0, standing=standing, per_job=most)
        tally.take(part, 100.0)
        parts.append(tally)
    whole, expected = merged(parts).shortlist, shortlist(jobs, most, standing=standing)
    assert (keys(whole), whole.dropped) == (keys(expected), expected.dropped)


def test_no_more_jobs_than_the_cap_are_ever_held() -> None:
    tally = Tally(lookback=0.0, per_job=4)
    for number in range(1000):
        tally.take([a_job(number, created=float(number * 7919 % 1000))], 100.0)
        assert len(tally.shortlist.jobs) <= 4
    assert keys(tally.shortlist) == [0, 679, 358, 37]
    assert tally.shortlist.dropped == 996


def test_a_job_that_two_lists_share_is_kept_once_and_not_dropped() -> None:
    parts = [shortlist([a_job("w/a", name="a"), a_job(f"w/b{part}", name=f"b{part}")], 5) for part in "12"]
    whole = Shortlist.of(parts)
    assert (keys(whole), whole.dropped) == (["w/a", "w/b1", "w/b2"], 0)


def test_the_same_id_in_two_places_is_two_jobs() -> None:
    other = Job(key=1, workspace="7", job_type="T", status="s", phase=Phase.RUNNING)
    assert len(Shortlist.of([shortlist([a_job(1)], 5), shortlist([other], 5)]).jobs) == 2


def test_without_any_walk_there_is_nothing_to_choose_from() -> None:
    whole = merged([]).shortlist
    assert (whole.jobs, whole.dropped) == ([], 0)


def test_of_definitions_the_broken_come_first_then_those_at_work_then_the_overdue() -> None:
    found = shortlist(
        [
            a_definition("fine", run=Phase.SUCCEEDED, ended=90.0),
            a_definition("overdue", run=Phase.SUCCEEDED, ended=10.0),
            a_definition("never-ran"),
            a_definition("at-work", run=Phase.RUNNING),
            a_definition("waiting", run=Phase.QUEUED, ended=40.0),
            a_definition("real-time", Phase.RUNNING),
            a_definition("broken-now", run=Phase.FAILED, ended=99.0),
            a_definition("broken-long", run=Phase.FAILED, ended=1.0),
            a_definition("real-time-broken", Phase.FAILED),
        ],
        most=20,
        standing=True,
    )
    assert [job.name for job in found.jobs] == [
        *("broken-long", "real-time-broken", "broken-now"),
        *("waiting", "at-work", "real-time"),
        *("overdue", "never-ran", "fine"),
    ]


@pytest.mark.parametrize("phase", sorted(OFF))
def test_a_definition_that_is_off_is_left_out_unless_it_runs(phase: Phase) -> None:
    off = [a_definition("a", phase), a_definition("b", phase, run=Phase.FAILED, ended=1.0)]
    found = shortlist([*off, a_definition("c", phase, run=Phase.RUNNING)], most=5, standing=True)
    assert ([job.name for job in found.jobs], found.dropped) == (["c"], 0)


@given(jobs=JOBS, most=st.integers(1, 8))
def test_no_definition_that_is_not_broken_pushes_out_one_that_is(jobs: list[Job], most: int) -> None:
    def broken(job: Job) -> bool:
        return job.phase in BROKEN or (job.last_run is not None and job.last_run.phase in BROKEN)

    kept = shortlist(jobs, most, standing=True).jobs
    everything = shortlist(jobs, 1000, standing=True).jobs
    assert sum(map(broken, kept)) == min(most, sum(map(broken, everything)))
