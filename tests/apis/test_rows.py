"""A page that is taken as a whole comes to the same as its items one by one."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.apis.paging import Page, Reading
from exporter.apis.parts import jobs_of, samples
from exporter.client import Answer
from exporter.rows import Rows
from exporter.tally import Tally
from tests.test_tally import all_of

AS_OF = 1_000_000.0
LOOKBACK = 3600.0
Body = dict[str, Any]

# On both sides of the lookback and of the first page, at both moments themselves, and what means nothing.
MOMENTS = st.sampled_from((-1, 0, 1, 900_000_000, 996_400_000, 999_999_999, 1_000_000_000, 1_000_000_001))
STAMPS = st.none() | MOMENTS
OLD = st.sampled_from((1_000, 2_000, 900_000_000))
TEXTS = st.sampled_from(
    (
        *("1970-01-12T13:46:39Z", "1970-01-12T13:46:40Z", "1970-01-12T12:46:40Z", "1970-01-12T12:46:39Z"),
        *("1970-01-02T00:00:00Z", "1970-01-12T12:46:39", "1970-01-12T20:46:39+08:00", "soon", ""),
    )
)
OLD_TEXTS = st.sampled_from(("1970-01-02T00:00:00Z", "1970-01-03T00:00:00Z"))
KEYS = st.integers(0, 30)


def row(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    """Return rows that may leave out any field but the first."""
    (key, strategy), *others = fields.items()
    return st.fixed_dictionaries({key: strategy}, optional=dict(others))


def dataarts(moments: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return row(
        name=KEYS.map(str),
        jobType=st.sampled_from(("BATCH", "REAL_TIME", "NEW")),
        status=st.sampled_from(("SCHEDULING", "NORMAL", "new", "")),
        createTime=moments,
        lastInstanceStatus=st.sampled_from(("success", "fail", "new", "", None)),
        lastInstanceEndTime=moments,
        lastUpdateTime=moments,
    )


def octopus(moments: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return row(
        id=KEYS,
        job_type=st.sampled_from(("FRAME_EXTRACT", "NEW")),
        status=st.sampled_from(("FINISHED", "RUN_FAILED", "RUNNING", "NEW")),
        create_at=moments,
        update_at=moments,
        end_at=moments,
        submitting_duration=st.sampled_from((None, -1, 0, 1500)),
        running_duration=st.sampled_from((None, -1, 0, 90_000)),
    )


def queue(moments: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return row(
        id=KEYS,
        job_type=st.sampled_from(("A", "B")),
        rank_stamp=moments,
        priority=st.sampled_from((None, 0, 3)),
        workspace_id=st.sampled_from((None, "1")),
        cluster_type=st.sampled_from((None, "C")),
    )


def pai(texts: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return row(
        DatasetJobId=KEYS.map(str),
        JobAction=st.sampled_from(("FileMetaExport", "New")),
        Status=st.sampled_from(("Succeeded", "Failed", "Deleted", "Running", "New")),
        CreateTime=texts,
        FinishTime=texts,
        WorkspaceId=st.sampled_from(("1", "2")),
        TotalFileCount=st.sampled_from((None, -1, 0, 8)),
        CompletedFileCount=st.sampled_from((None, -1, 0, 3)),
        FailedFileCount=st.sampled_from((None, 0, 1)),
    )


def envelope(rows: Sequence[Body]) -> Body:
    return {"payload": {"list": rows, "page_info": {"total": len(rows)}}}


CASES: dict[
    str, tuple[st.SearchStrategy[Body], Callable[[Sequence[Body]], Body], Callable[[Answer], Page]]
] = {
    "dataarts": (
        dataarts(STAMPS) | dataarts(OLD),
        lambda rows: {"total": len(rows), "jobs": rows},
        partial(dataarts_jobs.page, "GET", "w", "BATCH"),
    ),
    "octopus": (octopus(STAMPS) | octopus(OLD), envelope, partial(octopus_system_jobs.page, "GET", "0")),
    "queue": (queue(STAMPS) | queue(OLD), envelope, partial(octopus_queuing_jobs.page, "GET", "RESIM")),
    "pai": (
        pai(TEXTS) | pai(OLD_TEXTS),
        lambda rows: {"TotalCount": len(rows), "DatasetJobs": rows},
        partial(pai_dataset_jobs.page, "GET", "d", None),
    ),
}


def read(pages: Sequence[Page], *, standing: bool, one_by_one: bool) -> tuple[object, ...]:
    """Return all that becomes of pages."""
    tally = Tally(lookback=LOOKBACK, standing=standing)
    reading = Reading(as_of=AS_OF, total=0, seen=set())
    for number, page in enumerate(pages):
        assert isinstance(page.items, Rows)
        kept = reading.sift(OneByOne(page.items) if one_by_one else page.items, first=not number)
        tally.take(list(kept) if one_by_one else kept, AS_OF)
    return all_of(tally), reading


class OneByOne(Rows[Any]):
    """Rows that are never taken as a whole: one may always have changed just now."""

    def __init__(self, rows: Rows[Any]) -> None:
        super().__init__(rows._rows, rows._columns, rows._translate, rows._prefix)

    def moved(self, as_of: float) -> None:
        return None


@pytest.mark.parametrize("api", CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_page_as_a_whole_comes_to_what_its_items_come_to(api: str, data: st.DataObject) -> None:
    rows, wrap, decode = CASES[api]
    # Rows of one page are alike more often than not: else none would ever be taken as a whole.
    lists = data.draw(st.lists(st.lists(rows, max_size=8), max_size=4))
    pages = [decode(Answer(body=msgspec.json.encode(wrap(rows)), date=AS_OF)) for rows in lists]
    standing = api == "dataarts"
    whole = read(pages, standing=standing, one_by_one=False)
    assert whole == read(pages, standing=standing, one_by_one=True)


@pytest.mark.parametrize("api", CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_keys_and_states_are_told_apart_as_those_of_the_items(api: str, data: st.DataObject) -> None:
    rows, wrap, decode = CASES[api]
    body = wrap(data.draw(st.lists(rows, min_size=2, max_size=2)))
    items = decode(Answer(body=msgspec.json.encode(body), date=AS_OF)).items
    assert isinstance(items, Rows)
    assert items.keys() == [hash(item.key) for item in items]
    (one, other), (mine, theirs) = items, items.states()
    # A row may tell more than its item.
    assert one.state == other.state or mine != theirs


@given(rows=st.lists(octopus(STAMPS), max_size=8))
def test_samples_have_every_word_of_a_page(rows: Sequence[Body]) -> None:
    page = octopus_system_jobs.page("GET", "0", Answer(body=msgspec.json.encode(envelope(rows)), date=AS_OF))
    words = {(job.job_type, job.status, job.unknown) for job in samples(page)}
    assert words == {(job.job_type, job.status, job.unknown) for job in jobs_of(page)}


def test_a_long_list_of_old_jobs_makes_an_item_for_each_kind_alone() -> None:
    made: list[object] = []

    def translate(row: octopus_system_jobs.SystemJob) -> Any:
        made.append(row.id)
        return octopus_system_jobs.job(row, "0")

    finished = [
        octopus_system_jobs.SystemJob(id=number, status="FINISHED", update_at=5, end_at=5)
        for number in range(100)
    ]
    running = octopus_system_jobs.SystemJob(id=100, status="RUNNING", update_at=5)
    rows = Rows([*finished, running], octopus_system_jobs.COLUMNS, translate)
    reading = Reading(as_of=AS_OF, total=101, seen=set())
    tally = Tally(lookback=LOOKBACK)
    tally.take(reading.sift(rows, first=False), AS_OF)
    assert sum(numbers.jobs for numbers in tally.jobs.values()) == reading.listed == 101
    assert made == [0, 100, 100]
