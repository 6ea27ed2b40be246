from typing import Any

import pytest

from exporter.apis.dataarts_jobs import Options
from exporter.source import Snapshot, Source
from tests.apis.cases import CASES, List, listed
from tests.fakes import a_source, the_settings, within
from tests.turned import TURNED, Backend

ONE = Options(project_id="p", workspaces=("w1",), job_types=("BATCH",))


CASE = CASES["dataarts_jobs"]


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def counting_pages(query: Any) -> tuple[int, int]:
    return int(query["offset"]) * int(query["limit"]), int(query["limit"])


def counting_records(query: Any) -> tuple[int, int]:
    return int(query["offset"]), int(query["limit"])


MEANINGS = pytest.mark.parametrize(
    ("window", "step"), [(counting_pages, 1), (counting_records, 100)], ids=["pages", "records"]
)


def offsets(fake: List) -> list[int]:
    """Return the offsets that were asked for since the last look."""
    found = [int(request.url.params["offset"]) for request in fake.asked]
    fake.asked.clear()
    return found


def the_source(fake: List) -> Source:
    return a_source(the_settings("dataarts_jobs", ONE, concurrency=1), fake)


async def walked(source: Source) -> Snapshot:
    return await source.collect(within(60))


@MEANINGS
async def test_what_the_offset_counts_is_found_out_once_and_remembered(window: Any, step: int) -> None:
    fake = listed(CASE, 350, window=window)
    source = the_source(fake)
    for expected in ([0, 1, step, 2 * step, 3 * step], [0, step, 2 * step, 3 * step]):
        snapshot = await walked(source)
        assert (snapshot.complete, snapshot.listed) == (True, 350)
        assert offsets(fake) == expected


@MEANINGS
@pytest.mark.parametrize("number", [0, 99, 100])
async def test_a_list_of_one_page_needs_no_finding_out(window: Any, step: int, number: int) -> None:
    fake = listed(CASE, number, window=window)
    assert (await walked(the_source(fake))).complete
    assert offsets(fake) in ([0], [0, 1])  # a full page is followed by a look for more


@MEANINGS
@pytest.mark.parametrize("number", [101, 102, 199, 200, 201])
async def test_it_is_found_out_from_however_few_rows(window: Any, step: int, number: int) -> None:
    snapshot = await walked(the_source(listed(CASE, number, window=window)))
    assert (snapshot.complete, snapshot.listed) == (True, number)


@MEANINGS
@pytest.mark.parametrize("most", [1, 2, 3, 10])
async def test_it_is_found_out_from_smaller_pages_too(window: Any, step: int, most: int) -> None:
    snapshot = await walked(the_source(listed(CASE, 25, window=window, most=most)))
    assert (snapshot.complete, snapshot.listed) == (True, 25)


async def test_it_is_forgotten_after_a_walk_that_does_not_add_up() -> None:
    fake = listed(CASE, 350, window=counting_pages)
    source = the_source(fake)
    await walked(source)
    offsets(fake)
    fake.window = counting_records  # the cloud has changed its mind
    snapshot = await walked(source)
    assert (snapshot.complete, snapshot.listed) == (True, 350)
    assert offsets(fake) == [0, 1, 2, 3, 4, 0, 1, 100, 200, 300]
    assert (await walked(source)).complete
    assert offsets(fake) == [0, 100, 200, 300]


async def test_a_look_that_shows_nothing_leaves_it_open() -> None:
    fake = listed(CASE, 100, total=101)
    source = the_source(fake)
    for _ in range(2):
        assert not (await walked(source)).complete
        assert offsets(fake).count(1) >= 2  # a look and a page, each time
