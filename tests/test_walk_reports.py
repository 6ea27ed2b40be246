import asyncio
from collections.abc import Mapping

import httpx
import pytest

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs
from exporter.apis.paging import Walk
from exporter.errors import Reason, SourceError
from exporter.source import Source, WalkReport
from tests.apis.cases import CASES
from tests.fakes import a_source, the_settings, within
from tests.turned import TURNED, Backend

OCTOPUS = CASES["octopus_system_jobs"]
DENIED = httpx.Response(403, json={"error_code": "octopus.400003", "error_msg": "no"})


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def page(ids: range, total: int | None = None) -> httpx.Response:
    rows = [OCTOPUS.row(number) for number in ids]
    info = {"total": len(rows) if total is None else total}
    return httpx.Response(200, json={"payload": {"list": rows, "page_info": info}})


def workspaces(answers: Mapping[str, httpx.Response], seconds: Mapping[str, float] | None = None) -> Source:
    """Return a source of several workspaces, each with its one answer after so many seconds."""

    async def handler(request: httpx.Request) -> httpx.Response:
        name = request.url.params["workspace_id"]
        await asyncio.sleep((seconds or {}).get(name, 1))
        return answers[name]

    options = octopus_system_jobs.Options(project_id="p", workspaces=tuple(answers))
    return a_source(the_settings(OCTOPUS.api, options), handler)


async def test_each_list_tells_what_it_brought_and_cost() -> None:
    source = workspaces({"0": page(range(3)), "7": page(range(100, 102), total=3)}, {"7": 2})
    snapshot = await source.collect(within(60))
    whole, part = snapshot.walks
    assert whole == WalkReport(
        name="workspace 0", listed=3, reported=3, complete=True, pages=1, requests=1, steady=1, seconds=1
    )
    assert (part.name, part.listed, part.reported, part.complete) == ("workspace 7", 2, 3, False)
    assert part.pages == part.requests > 1  # read again, as it did not add up
    assert snapshot.planning == 0
    assert snapshot.requests == whole.requests + part.requests
    assert tuple(source.course.walks.values()) == snapshot.walks


async def test_a_failure_names_the_list_that_was_being_read() -> None:
    source = workspaces({"0": page(range(3)), "7": DENIED}, {"7": 5})
    with pytest.raises(SourceError) as caught:
        await source.collect(within(60))
    assert (caught.value.reason, caught.value.walk) == (Reason.PERMISSION, "workspace 7")
    whole, denied = source.course.walks.values()
    assert (whole.listed, whole.error) == (3, None)
    assert denied.error is not None
    assert (denied.error.reason, denied.error.__traceback__, denied.absent) == (
        Reason.PERMISSION,
        None,
        False,
    )


async def test_a_scrape_gives_up_the_other_lists() -> None:
    source = workspaces({"0": DENIED, "7": page(range(3))}, {"7": 5})
    with pytest.raises(SourceError):
        await source.collect(within(60))
    assert source.course.walks["workspace 7"] == WalkReport(name="workspace 7")


async def test_who_is_thorough_reads_the_other_lists_all_the_same() -> None:
    source = workspaces({"0": page(range(1)), "7": DENIED, "8": page(range(100, 103))}, {"8": 5})
    source.thorough = True
    with pytest.raises(SourceError) as caught:
        await source.collect(within(60))
    assert caught.value.walk == "workspace 7"
    assert [report.listed for report in source.course.walks.values()] == [1, 0, 3]


async def test_a_list_that_is_not_there_is_told_and_fails_nothing() -> None:
    queue = CASES["octopus_queuing_jobs"]

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params["queue_type"] == "RESIM":
            return httpx.Response(400, json={"error_code": "octopus.400000", "error_msg": "no such queue"})
        return httpx.Response(200, json=queue.body([queue.row(1)], 1))

    options = octopus_queuing_jobs.Options(project_id="p", queue_types=("INTERNAL", "RESIM"))
    snapshot = await a_source(the_settings(queue.api, options), handler).collect(within(60))
    there, absent = snapshot.walks
    assert (there.complete, there.absent) == (True, False)
    assert (absent.complete, absent.absent) == (False, True)
    assert absent.error is not None
    assert "no such queue" in absent.error.fact


async def test_what_a_list_needs_beside_its_pages_counts_as_requests() -> None:
    """DataArts: what an offset counts is found out with one."""
    dataarts = CASES["dataarts_jobs"]
    rows = [dataarts.row(number) for number in range(150)]

    async def handler(request: httpx.Request) -> httpx.Response:
        start = 100 * int(request.url.params["offset"])
        return httpx.Response(200, json=dataarts.body(rows[start : start + 100], len(rows)))

    options = dataarts_jobs.Options(project_id="p", job_types=("BATCH",))
    source = a_source(the_settings(dataarts.api, options), handler)
    first, second = [(await source.collect(within(60))).walks[0] for _ in range(2)]
    assert (first.pages, first.requests) == (2, 3)
    assert (second.pages, second.requests) == (2, 2)


async def test_what_it_takes_to_know_the_lists_is_told_apart() -> None:
    source = workspaces({"0": page(range(2))})
    plan = source._plan

    async def asking_first(fetch: object) -> list[Walk]:
        assert callable(fetch)
        await fetch(octopus_system_jobs.walk("/p", "0").request(0, 1))
        return list(await plan(fetch))

    source._plan = asking_first
    snapshot = await source.collect(within(60))
    assert (snapshot.planning, snapshot.walks[0].requests, snapshot.requests) == (1, 1, 2)
