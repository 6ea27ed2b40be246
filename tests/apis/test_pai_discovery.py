import itertools
from collections.abc import Sequence

import httpx
import pytest

from exporter.apis.paging import Walk
from exporter.apis.pai_dataset_jobs import (
    Discovery,
    Options,
)
from exporter.client import Answer, Request
from exporter.errors import Reason, SourceError
from tests.apis.cases import NOW, Cloud, answer, walks
from tests.fakes import a_source, dated, the_settings, within
from tests.turned import TURNED, Backend

ONE = Options(datasets=("d-1",), workspace_id="145883")


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def test_discovery_needs_a_workspace() -> None:
    [problem] = Options(datasets="discover").problems()
    assert (problem.option, problem.problem) == ("workspace_id", "is missing")
    assert list(Options(datasets="discover", workspace_id="1").problems()) == []
    assert list(ONE.problems()) == []


class Datasets:
    """A workspace's datasets by edition, as ListDatasets gives them, ``most`` a page."""

    def __init__(self, most: int = 10, **editions: Sequence[str]) -> None:
        self.editions = editions
        self.most = most

    def __call__(self, request: Request) -> Answer:
        query = dict(request.params)
        size = min(int(query["PageSize"]), self.most)
        first = (int(query["PageNumber"]) - 1) * size
        page = self.editions.get(query["Edition"], ())[first : first + size]
        # The vendor describes TotalCount as the entries returned.
        return answer(
            {"TotalCount": len(page), "Datasets": [{"DatasetId": name, "Name": "x"} for name in page]}
        )


DISCOVER = Options(datasets="discover", workspace_id="145883")


class Turned:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def names(found: Sequence[Walk]) -> list[str]:
    return [walk.name.removeprefix("dataset ") for walk in found]


async def test_datasets_of_the_editions_that_manage_files_are_discovered() -> None:
    cloud = Cloud(Datasets(BASIC=["d-b"], ADVANCED=["d-a1", "d-a2"], LOGICAL=["d-l", "d-a1"]))
    assert names(await walks("pai_dataset_jobs", DISCOVER, cloud)) == ["d-a1", "d-a2", "d-l"]
    assert cloud.asked[0] == Request(
        path="/api/v1/datasets",
        params=(
            ("SortBy", "GmtCreateTime"),
            ("Order", "ASC"),
            ("Edition", "ADVANCED"),
            ("PageSize", "50"),
            ("PageNumber", "1"),
            ("WorkspaceId", "145883"),
        ),
        headers={"x-acs-action": "ListDatasets", "x-acs-version": "2021-02-04"},
    )
    editions = [dict(request.params)["Edition"] for request in cloud.asked]
    assert editions == ["ADVANCED", "ADVANCED", "LOGICAL", "LOGICAL"]


async def test_the_editions_may_be_chosen() -> None:
    options = Options(datasets="discover", workspace_id="1", editions=("BASIC",))
    cloud = Cloud(Datasets(BASIC=["d-b"], ADVANCED=["d-a"]))
    assert names(await walks("pai_dataset_jobs", options, cloud)) == ["d-b"]


@pytest.mark.parametrize("most", [1, 7, 10, 50, 1000])
async def test_all_datasets_are_found_however_many_the_cloud_gives_at_once(most: int) -> None:
    every = [f"d-{number}" for number in range(33)]
    cloud = Cloud(Datasets(most, ADVANCED=every))
    assert names(await walks("pai_dataset_jobs", DISCOVER, cloud)) == every


async def test_a_workspace_without_datasets_has_no_walks() -> None:
    assert await walks("pai_dataset_jobs", DISCOVER, Cloud(Datasets())) == []
    assert await walks("pai_dataset_jobs", DISCOVER, Cloud(lambda _: answer({"Datasets": None}))) == []


async def test_what_was_discovered_serves_for_the_interval() -> None:
    clock, datasets = Turned(), Datasets(ADVANCED=["d-1"])
    cloud = Cloud(datasets)
    discovery = Discovery(Options(datasets="discover", workspace_id="1", discovery_interval=600.0), clock)
    assert names(await discovery.walks(cloud.fetch)) == ["d-1"]
    asked = len(cloud.asked)
    datasets.editions["ADVANCED"] = ["d-1", "d-2"]
    clock.seconds = 599.9
    assert names(await discovery.walks(cloud.fetch)) == ["d-1"]
    assert len(cloud.asked) == asked
    clock.seconds = 600.0
    assert names(await discovery.walks(cloud.fetch)) == ["d-1", "d-2"]


async def test_a_discovery_that_fails_is_tried_again_and_keeps_nothing() -> None:
    replies = itertools.chain([SourceError(Reason.SERVER, "broken")], itertools.repeat(None))
    datasets = Datasets(ADVANCED=["d-1"])
    cloud = Cloud(lambda request: next(replies) or datasets(request))
    discovery = Discovery(DISCOVER, Turned())
    with pytest.raises(SourceError, match="broken"):
        await discovery.walks(cloud.fetch)
    assert names(await discovery.walks(cloud.fetch)) == ["d-1"]


@pytest.mark.parametrize("name", ["../../v1/secrets", "d 1", "", None, 7])
async def test_a_dataset_whose_id_is_none_is_a_bad_response(name: object) -> None:
    cloud = Cloud(lambda _: answer({"Datasets": [{"DatasetId": name}]}))
    with pytest.raises(SourceError) as caught:
        await walks("pai_dataset_jobs", DISCOVER, cloud)
    assert caught.value.reason is Reason.BAD_RESPONSE


async def serve(request: httpx.Request, gone: Sequence[str], error: int = 404) -> httpx.Response:
    """Answer as a workspace of three datasets, some of which are gone when they are listed."""
    if request.url.path == "/api/v1/datasets":
        found = Datasets(ADVANCED=["d-1", "d-2", "d-3"])(
            Request(path="", params=tuple(request.url.params.multi_items()))
        )
        return httpx.Response(200, content=found.body, headers=dated(NOW))
    if request.url.path.split("/")[4] in gone:
        return httpx.Response(error, json={"Code": "ResourceNotFound", "Message": "gone"})
    row = {"DatasetJobId": f"job of {request.url.path}", "Status": "Running", "JobAction": "SemanticIndex"}
    return httpx.Response(200, json={"TotalCount": 1, "DatasetJobs": [row]}, headers=dated(NOW))


async def test_a_dataset_that_is_gone_meanwhile_leaves_the_others_intact() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return await serve(request, ["d-2"])

    snapshot = await a_source(the_settings("pai_dataset_jobs", DISCOVER), handler).collect(within(9))
    assert {group.place.dataset for group in snapshot.tally.jobs} == {"d-1", "d-3"}
    assert (snapshot.complete, snapshot.listed) == (True, 2)


async def test_all_datasets_may_be_gone() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return await serve(request, ["d-1", "d-2", "d-3"])

    snapshot = await a_source(the_settings("pai_dataset_jobs", DISCOVER), handler).collect(within(9))
    assert (snapshot.complete, snapshot.listed, snapshot.tally.jobs) == (True, 0, {})


async def test_a_dataset_that_may_not_be_listed_fails_the_source() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return await serve(request, ["d-2"], error=403)

    with pytest.raises(SourceError) as caught:
        await a_source(the_settings("pai_dataset_jobs", DISCOVER), handler).collect(within(9))
    assert caught.value.reason is Reason.PERMISSION
    assert "/d-2/" in caught.value.message
