"""No more series than are wanted, whatever a cloud invents; and sums that are right all the same."""

import logging
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import limited
from exporter.apis import octopus_system_jobs
from exporter.apis.octopus_system_jobs import STATUSES
from exporter.groups import JOBS_BEYOND, Group, beyond
from exporter.instruments import Instruments
from exporter.labels import LONGEST, OTHER
from exporter.model import Job, LastRun, Phase, QueueEntry
from exporter.scrape import Result, Standby
from exporter.source import Source
from exporter.tally import Tally, merged
from tests.apis.cases import CASES
from tests.fakes import a_source, dated, the_settings, within
from tests.showing import NOW, families, nothing, shown, system_job, text
from tests.turned import TURNED, Backend, now

OCTOPUS = CASES["octopus_system_jobs"]

MOST = JOBS_BEYOND + 3
TYPES = octopus_system_jobs.WORDS.documented

FLOODS = st.lists(
    st.builds(
        system_job,
        status=st.sampled_from((*STATUSES, *"abcdef", OTHER)),
        workspace=st.sampled_from(("0", "1", OTHER)),
        job_type=st.sampled_from(("FRAME_EXTRACT", "new", OTHER)),
        created=st.none() | st.integers(0, 9),
        ended=st.none() | st.integers(int(NOW) - 9, int(NOW)),
        running=st.none() | st.integers(0, 99),
    ),
    max_size=60,
)


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def fold(jobs: Sequence[Job | QueueEntry], most: int = MOST, **options: bool) -> Tally:
    tally = Tally(lookback=3600.0, most=most, documented=TYPES, **options)
    tally.take(jobs, NOW)
    return tally


def numbers_of(tally: Tally) -> dict[Group, tuple[object, ...]]:
    """Return what can be compared."""
    return {
        group: (n.jobs, n.recent, n.newest_end, n.oldest_created, n.running and tuple(n.running.counts))
        for group, n in tally.jobs.items()
    }


def by_phase(tally: Tally) -> Counter[Phase]:
    counts: Counter[Phase] = Counter()
    for group, numbers in tally.jobs.items():
        counts[group.phase] += numbers.jobs
    return counts


@given(FLOODS, st.integers())
def test_neither_order_nor_lists_change_what_is_told_apart(jobs: list[Job], seed: int) -> None:
    shuffled = list(jobs)
    Random(seed).shuffle(shuffled)
    assert numbers_of(fold(jobs)) == numbers_of(fold(shuffled))
    # Lists of one source share no groups: each workspace is a list.
    parts = [fold([job for job in jobs if job.workspace == workspace]) for workspace in ("0", "1", OTHER)]
    whole = merged(parts)
    assert numbers_of(whole) == numbers_of(fold(jobs))
    assert (whole.jobs.dropped, whole.seen_types) == (fold(jobs).jobs.dropped, fold(jobs).seen_types)


@given(FLOODS)
def test_what_does_not_fit_is_counted_by_its_phase(jobs: list[Job]) -> None:
    tally, everything = fold(jobs), fold(jobs, most=10**6)
    assert by_phase(tally) == by_phase(everything) == Counter(job.phase for job in jobs)
    assert len(tally.jobs) <= MOST
    kept = tally.jobs.told_apart
    assert {group: numbers_of(tally)[group] for group in kept} == {
        group: numbers_of(everything)[group] for group in kept
    }
    left_out = everything.jobs.told_apart - kept
    assert tally.jobs.dropped == len(left_out)
    assert tally.jobs.collective >= {beyond(group) for group in left_out}


@given(FLOODS)
def test_documented_words_come_first(jobs: list[Job]) -> None:
    tally = fold(jobs)
    left_out = fold(jobs, most=10**6).jobs.told_apart - tally.jobs.told_apart
    documented = [group for group in left_out if group.phase is not Phase.UNKNOWN and group.job_type in TYPES]
    if documented:
        assert all(group.job_type in TYPES and group.status in STATUSES for group in tally.jobs.told_apart)


def test_a_group_that_has_to_go_takes_all_its_jobs_along() -> None:
    jobs = [system_job(status) for status in ("e", "d", "c", "b", "e", "a", "e", "d", "a")]
    tally = fold(jobs)
    kept = {group.status: numbers.jobs for group, numbers in tally.jobs.items()}
    assert kept == {"a": 2, "b": 1, "c": 1, OTHER: 5}


def test_last_runs_and_queues_are_limited_too() -> None:
    runs = [
        system_job("RUNNING", key=n, last_run=LastRun(status=f"s{n:02}", phase=Phase.FAILED, ended=float(n)))
        for n in range(20)
    ]
    tally = fold(runs, standing=True)
    others = [runs for group, runs in tally.last_runs.items() if group.status == OTHER]
    assert [(other.jobs, other.newest_end) for other in others] == [(17, 19.0)]
    entries = [
        QueueEntry(
            key=n,
            workspace=str(n),
            queue_type="INTERNAL",
            cluster_type="",
            job_type="A",
            priority=n,
            created=100.0 - n,
        )
        for n in range(20)
    ]
    queue = fold(entries).queue
    assert sorted((group.workspace, queued.entries) for group, queued in queue.items()) == [
        ("0", 1),
        ("1", 1),
        ("10", 1),
        (OTHER, 17),
    ]
    [(group, queued)] = [(group, queued) for group, queued in queue.items() if group.workspace == OTHER]
    assert (group.queue_type, group.priority, queued.oldest) == ("INTERNAL", OTHER, 81.0)


def flood(rows: int) -> Iterator[list[Job]]:
    """Yield pages of jobs, each with words of its own, the last word first."""
    for first in range(rows, 0, -100):
        yield [
            system_job(f"status {n:07}", key=n, workspace=f"workspace {n:07}", job_type=f"type {n:07}" * 9)
            for n in range(first, first - 100, -1)
        ]


def test_a_flood_of_invented_words_takes_no_memory() -> None:
    tally = Tally(lookback=3600.0, most=200, documented=TYPES)
    for page in flood(20_000):
        tally.take(page, NOW)
    tracemalloc.start()
    try:
        for page in flood(20_000):
            tally.take(page, NOW)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2e6  # to keep them would take twenty times as much
    assert sum(numbers.jobs for numbers in tally.jobs.values()) == 40_000
    assert (len(tally.jobs), tally.dropped) == (200 - JOBS_BEYOND + 1, limited.MOST_REMEMBERED)


def told_of(result: Result, name: str, **labels: str) -> list[float]:
    """Return the values of a family's samples that have these labels."""
    return [
        sample.value
        for metric in families([result])
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def test_a_scrape_tells_how_many_series_are_left_out() -> None:
    few = shown("octopus_system_jobs", [system_job("RUNNING")])
    assert text([few], "series_dropped") == 'series_dropped{family="datajobs_jobs"} 0.0'
    jobs = [system_job(f"new {n}", key=n, workspace=str(n), running=5.0) for n in range(300)]
    many = shown("octopus_system_jobs", jobs, most=100)
    assert told_of(many, "datajobs_series_dropped") == [300 - 88 + 88 * 9 - 11]
    assert len(told_of(many, "datajobs_jobs")) == 100
    assert sum(told_of(many, "datajobs_jobs")) == 300
    assert told_of(many, "datajobs_jobs", workspace=OTHER, job_type=OTHER, status=OTHER) == [212.0]


def test_each_family_that_is_limited_tells_so_also_where_there_is_nothing_to_show() -> None:
    names = {
        "pai_dataset_jobs": ["datajobs_jobs"],
        "octopus_system_jobs": ["datajobs_jobs"],
        "octopus_queuing_jobs": ["datajobs_queue_depth"],
        "dataarts_jobs": ["datajobs_jobs", "datajobs_last_run_jobs"],
    }
    for api, limited_families in names.items():
        expected = [f'series_dropped{{family="{name}"}} 0.0' for name in limited_families]
        assert text([nothing(api)], "series_dropped").splitlines() == expected


def test_no_family_has_more_series_than_the_limit() -> None:
    jobs = [
        system_job(
            status, key=f"{n} {status}", workspace=str(n), running=5.0, submitting=1.0, created=NOW, ended=NOW
        )
        for n in range(60)
        for status in STATUSES
    ]
    for metric in families([shown("octopus_system_jobs", jobs, most=150)]):
        series = {tuple(sorted((sample.labels | {"le": ""}).items())) for sample in metric.samples}
        assert len(series) <= 150, metric.name


def test_zeros_fill_what_room_is_left() -> None:
    jobs = [system_job("RUNNING", key=n, workspace=f"{n:03}") for n in range(80)]
    result = shown("octopus_system_jobs", jobs, most=100)
    values = told_of(result, "datajobs_jobs")
    assert Counter(values) == {1.0: 80, 0.0: 20}
    assert told_of(result, "datajobs_series_dropped") == [80 * 8 - 20]
    assert len(told_of(result, "datajobs_jobs", workspace="000")) == 9


async def invented(request: httpx.Request) -> httpx.Response:
    """Answer with a list of 150 jobs, each with a status of its own."""
    workspace = request.url.params["workspace_id"]
    rows = [OCTOPUS.row(n) | {"id": f"{workspace} {n}", "status": f"NEW_{n:03}"} for n in range(150)]
    first, most = (int(request.url.params[name]) for name in ("offset", "limit"))
    page = {"payload": {"list": rows[first : first + most], "page_info": {"total": len(rows)}}}
    return httpx.Response(200, json=page, headers=dated(NOW))


def a_flooded_source() -> Source:
    options = octopus_system_jobs.Options(project_id="p", workspaces=("0", "7"))
    return a_source(the_settings(OCTOPUS.api, options, max_series=100), invented)


async def test_lists_that_both_have_too_much_do_not_overlap() -> None:
    snapshot = await a_flooded_source().collect(within(60))
    assert (snapshot.complete, snapshot.listed, len(snapshot.tally.jobs)) == (True, 300, 89)
    assert sum(numbers.jobs for numbers in snapshot.tally.jobs.values()) == 300


async def test_the_log_tells_once_that_there_is_too_much(caplog: pytest.LogCaptureFixture) -> None:
    instruments = Instruments().of(OCTOPUS.api, "one")
    standby = Standby(a_flooded_source(), instruments)
    for _ in range(3):
        await standby.scrape(now() + 60)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == [
        "source octopus_system_jobs: more series than max_series (100): the last are counted together, "
        "as other"
    ]


@pytest.mark.parametrize("word", ["x" * 100_000, "two\nlines", "nul\0", "\u2028", "\x7f"])
def test_no_word_of_a_cloud_is_longer_than_a_label_may_be_nor_breaks_a_line(word: str) -> None:
    jobs = [
        system_job(word, workspace=word, job_type=word, running=5.0, created=NOW),
        system_job(word + "!", workspace=word, job_type=word),
    ]
    values = {
        value
        for metric in families([shown("octopus_system_jobs", jobs)])
        for sample in metric.samples
        for name, value in sample.labels.items()
        if name in {"workspace", "job_type", "status"}
    }
    assert len(values) == 2
    assert all(len(value) <= LONGEST and value.isprintable() for value in values)
