import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from exporter.apis import dataarts_jobs, octopus_system_jobs
from exporter.errors import Reason, SourceError
from exporter.groups import Group, QueueGroup
from exporter.model import Phase, Place
from exporter.source import Source
from tests.apis.cases import CASES, NOW, listed
from tests.fakes import a_source, dated, the_settings, within
from tests.turned import TURNED, Backend, now

OCTOPUS = CASES["octopus_system_jobs"]
DATAARTS = CASES["dataarts_jobs"]
Answers = Mapping[str, httpx.Response | Exception]


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def rows(number: int, first: int = 0) -> list[dict[str, Any]]:
    return [OCTOPUS.row(first + index) for index in range(number)]


def page(found: list[dict[str, Any]], total: int | None = None, at: float = NOW) -> httpx.Response:
    info = {"total": len(found) if total is None else total}
    return httpx.Response(200, json={"payload": {"list": found, "page_info": info}}, headers=dated(at))


def workspaces(answers: Answers, **settings: Any) -> Source:
    """Return a source of several workspaces of Octopus, each with its one answer."""

    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        answer = answers[request.url.params["workspace_id"]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    options = octopus_system_jobs.Options(project_id="p", workspaces=tuple(answers))
    return a_source(the_settings(OCTOPUS.api, options, **settings), handler)


async def failure(source: Source) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await source.collect(within(60))
    return caught.value


async def test_the_lists_of_a_source_are_read_side_by_side_and_put_together() -> None:
    source = workspaces({"0": page(rows(3), at=NOW + 5), "7": page(rows(2, 100)), "8": page([])})
    snapshot = await source.collect(within(60))
    assert {key: numbers.jobs for key, numbers in snapshot.tally.jobs.items()} == {
        Group(Place("0"), "FRAME_EXTRACT", "FINISHED", Phase.SUCCEEDED): 3,
        Group(Place("7"), "FRAME_EXTRACT", "FINISHED", Phase.SUCCEEDED): 2,
    }
    assert (snapshot.complete, snapshot.listed, snapshot.reported, snapshot.requests) == (True, 5, 5, 3)
    assert snapshot.as_of == NOW  # the oldest of them
    assert (snapshot.began, now()) == (0, 2)  # the first alone, until we are known


async def test_one_incomplete_list_makes_the_whole_incomplete() -> None:
    snapshot = await workspaces({"0": page(rows(3)), "7": page(rows(2, 100), total=3)}).collect(within(60))
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (False, 5, 6)


async def test_lists_that_share_a_job_are_incomplete() -> None:
    """The cloud ignores what tells them apart."""
    snapshot = await workspaces({"0": page(rows(3)), "7": page(rows(3))}).collect(within(60))
    assert (snapshot.complete, snapshot.listed) == (False, 6)


async def test_lists_whose_jobs_are_counted_together_are_incomplete() -> None:
    """One of them lists what the other is about."""

    async def handler(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["jobType"]
        jobs = [{"name": f"{asked} {number}", "jobType": "BATCH", "status": "PAUSED"} for number in range(3)]
        return httpx.Response(200, json={"total": 3, "jobs": jobs}, headers=dated(NOW))

    options = dataarts_jobs.Options(project_id="p", workspaces=("w",))
    snapshot = await a_source(the_settings(DATAARTS.api, options), handler).collect(within(60))
    assert (snapshot.complete, snapshot.listed) == (False, 6)


async def test_the_first_failure_ends_the_others() -> None:
    answers: Answers = {"0": page(rows(1)), "7": httpx.Response(403), "8": page([]), "9": page([])}
    assert (await failure(workspaces(answers, concurrency=1))).reason is Reason.PERMISSION
    assert now() == 2


async def test_several_failures_at_once_are_one() -> None:
    answers = {"0": page(rows(1)), **{str(number): httpx.Response(404) for number in range(1, 6)}}
    assert (await failure(workspaces(answers))).reason is Reason.NOT_FOUND


async def test_a_bug_comes_before_a_failure_at_the_same_time() -> None:
    refused = httpx.Response(404)
    answers: Answers = {"0": page(rows(1)), "7": refused, "8": ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        await workspaces(answers).collect(within(60))


async def test_a_collection_that_is_cancelled_ends_all_of_its_requests() -> None:
    before = asyncio.all_tasks()
    source = workspaces({str(number): page([]) for number in range(9)})
    collection = asyncio.create_task(source.collect(within(60)))
    await asyncio.sleep(1.5)
    collection.cancel()
    await asyncio.wait({collection})
    assert collection.cancelled()
    assert asyncio.all_tasks() == before


def shrinking(*totals: int, hangs_at: int = 99) -> Source:
    """Return a source of three jobs whose list reports these totals, one a reading; a page takes a second."""
    asked = 0
    left = list(totals)

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        await asyncio.sleep(99 if asked == hangs_at else 1)
        is_first = request.url.params["offset"] == "0"
        total = left.pop(0) if is_first else 0
        return page(rows(3) if is_first else [], total)

    return a_source(the_settings(OCTOPUS.api, OCTOPUS.options), handler)


async def test_a_list_that_does_not_add_up_is_read_again_where_there_is_time() -> None:
    snapshot = await shrinking(4, 3).collect(within(6.1))
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (True, 3, 3)
    assert (snapshot.requests, now()) == (3, 3)


@pytest.mark.parametrize("seconds", [2.0, 5.9])
async def test_and_is_not_where_there_is_none(seconds: float) -> None:
    snapshot = await shrinking(4, 3).collect(within(seconds))
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (False, 3, 4)
    assert (snapshot.requests, now()) == (2, 2)


async def test_it_is_not_read_a_third_time() -> None:
    snapshot = await shrinking(4, 4).collect(within(60))
    assert (snapshot.complete, snapshot.requests) == (False, 4)


async def test_a_second_reading_that_hangs_leaves_time_for_other_lists() -> None:
    snapshot = await shrinking(4, 3, hangs_at=3).collect(within(12))
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (False, 3, 4)
    assert now() == 2 + 0.8 * 10


async def test_a_cancellation_in_the_second_reading_is_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await shrinking(4, 3).collect(within(99))
    assert now() == 2.5


async def test_what_a_whole_list_is_about_may_be_shown_as_zero() -> None:
    source = a_source(the_settings(DATAARTS.api, DATAARTS.options), listed(DATAARTS, 0))
    assert (await source.collect(within(9))).tally.seen_types == {(Place("w"), "BATCH")}


async def test_and_of_a_list_that_is_not_whole_only_what_was_seen() -> None:
    source = a_source(the_settings(DATAARTS.api, DATAARTS.options), listed(DATAARTS, 0, total=1))
    snapshot = await source.collect(within(9))
    assert (snapshot.complete, snapshot.tally.seen_types) == (False, set())


@pytest.mark.parametrize(("total", "queue"), [(0, {QueueGroup("", "INTERNAL"): 0}), (1, {})])
async def test_a_queue_is_empty_only_where_its_list_is_whole(
    total: int, queue: dict[QueueGroup, int]
) -> None:
    case = CASES["octopus_queuing_jobs"]
    source = a_source(the_settings(case.api, case.options), listed(case, 0, total=total))
    found = (await source.collect(within(9))).tally.queue
    assert {group: queued.entries for group, queued in found.items()} == queue


async def test_the_lookback_is_that_of_the_settings() -> None:
    """The jobs of the case ended 61,033,500 seconds ago."""
    for lookback, recent in ((59_033_000.0, 0), (59_034_000.0, 3)):
        settings = the_settings(OCTOPUS.api, OCTOPUS.options, lookback=lookback)
        snapshot = await a_source(settings, listed(OCTOPUS, 3)).collect(within(9))
        [numbers] = snapshot.tally.jobs.values()
        assert numbers.recent == recent


async def test_requests_are_counted_for_each_collection() -> None:
    source = workspaces({"0": page(rows(1)), "7": page([])})
    assert [(await source.collect(within(9))).requests for _ in range(3)] == [2, 2, 2]


async def test_what_is_known_of_the_credentials_and_the_clock_is_handed_on() -> None:
    source = workspaces({"0": page([])})
    assert (source.skew, source.credentials_expire_at) == (None, None)
    await source.collect(within(9))
    assert source.skew is not None
    assert source.skew > 1e6  # the cloud's clock stands in 2023


async def test_a_source_says_what_held_it_back() -> None:
    source = workspaces({"0": page([])}, timeout=12.5, requests_per_second=0.05, concurrency=3)
    nothing = source.too_late(12.4999)
    assert nothing.fact == "not one answer from the cloud within 12.5 s (its timeout)"
    assert source.too_late(2.5).fact == (
        "not one answer from the cloud within 2.5 s (what the scrape's own timeout left)"
    )
    await source.collect(within(9))
    slowed = source.too_late(12.5)
    assert slowed.fact == (
        "1 page was read within 12.5 s (its timeout), not all: requests_per_second (0.05) allowed no more"
    )
    assert source.advice(slowed) == (
        "Raise requests_per_second, or timeout and Prometheus' scrape_timeout, or split the source.",
    )
