import itertools
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from exporter.apis.paging import Walk
from exporter.apis.pai_dataset_jobs import (
    ACTIONS,
    API,
    STATUSES,
    WORDS,
    Discovery,
    Options,
)
from exporter.client import Answer, Request
from exporter.errors import Reason, SourceError
from exporter.model import ACTIVE, FINISHED, FileCounts, Job, Phase
from tests.apis.cases import NOW, Cloud, answer, sample, walks
from tests.fakes import a_source, dated, the_settings, within
from tests.turned import TURNED, Backend

ONE = Options(datasets=("d-1",), workspace_id="145883")


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def the_walk(options: Options = ONE) -> Walk:
    [walk] = await walks("pai_dataset_jobs", options)
    return walk


async def the_job(**row: object) -> Job:
    """Return what one row becomes."""
    walk = await the_walk()
    page = walk.decode(answer({"TotalCount": 1, "DatasetJobs": [{"DatasetJobId": "dsjob-1"} | row]}))
    [job] = page.items
    assert isinstance(job, Job)
    return job


async def test_the_vendors_example_becomes_a_job() -> None:
    page = (await the_walk()).decode(answer(sample("pai_dataset_jobs")))
    assert (page.total, page.now) == (1, NOW)
    assert page.items == [
        Job(
            key="dsjob-9jx1*****uj9e",
            workspace="145883",
            dataset="d-1",
            job_type="SemanticIndex",
            status="Running",
            phase=Phase.RUNNING,
            created=1687233959.0,  # 2023-06-20T04:05:59Z
            ended=None,  # it runs, whatever its FinishTime says
            changed=None,
            settled=False,
            files=FileCounts(expected=1000, completed=990, failed=10),
        )
    ]


@pytest.mark.parametrize("status", ["Succeeded", "PartialFailed", "Failed", "ManuallyStop", "Deleted"])
async def test_only_the_status_tells_that_a_job_has_ended(status: str) -> None:
    job = await the_job(Status=status, FinishTime="2023-06-20T06:03:48Z")
    assert (job.ended, job.changed) == (1687241028.0, 1687241028.0)
    assert job.settled is (status != "Deleted")
    assert job.phase in FINISHED


@pytest.mark.parametrize("status", ["Pending", "Starting", "Running", "Deleting"])
async def test_an_end_that_is_told_of_an_active_job_is_none(status: str) -> None:
    job = await the_job(Status=status, FinishTime="2023-06-20T06:03:48Z")
    assert (job.ended, job.changed, job.settled) == (None, None, False)
    assert job.phase in ACTIVE


def test_every_documented_status_has_its_phase() -> None:
    assert {status: phase.value for status, phase in STATUSES.items()} == {
        "Pending": "queued",
        "Starting": "starting",
        "Running": "running",
        "Deleting": "stopping",
        "Succeeded": "succeeded",
        "PartialFailed": "partially_failed",
        "Failed": "failed",
        "ManuallyStop": "stopped",
        "Deleted": "deleted",
    }
    for action in ACTIONS:
        assert dict(WORDS.statuses_of(action)) == STATUSES
        assert len(dict(WORDS.ends_of(action))) == 5


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", ACTIONS)
async def test_every_documented_word_is_known(status: str, action: str) -> None:
    job = await the_job(Status=status, JobAction=action)
    assert (job.status, job.job_type, job.unknown) == (status, action, ())


@pytest.mark.parametrize(
    ("row", "unknown"),
    [
        ({"Status": "Hibernating", "JobAction": "SemanticIndex"}, ("status",)),
        ({"Status": "Running", "JobAction": "Dream"}, ("job_type",)),
        ({"Status": "running", "JobAction": "Dream"}, ("status", "job_type")),
        ({}, ("status", "job_type")),
    ],
)
async def test_a_word_that_is_new_is_counted_by_its_field(
    row: dict[str, Any], unknown: tuple[str, ...]
) -> None:
    job = await the_job(**row)
    assert job.unknown == unknown
    assert job.status == row.get("Status", "")
    assert (job.phase is Phase.UNKNOWN) is ("status" in unknown)


async def test_a_row_may_leave_out_everything_but_its_id() -> None:
    files = FileCounts(expected=None, completed=None, failed=None)
    job = await the_job()
    assert (job.created, job.ended, job.files, job.submitting, job.running) == (None, None, files, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2023-06-20T04:05:59Z", 1687233959.0),
        ("2023-06-20T04:05:59.500Z", 1687233959.5),
        ("2023-06-20T12:05:59+08:00", 1687233959.0),
        ("2023-06-20T04:05:59", 1687233959.0),
        ("20.06.2023", None),
        ("", None),
    ],
)
async def test_a_time_is_read_as_utc_or_not_at_all(
    text: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert (await the_job(CreateTime=text)).created == seconds


async def test_a_count_below_zero_is_none() -> None:
    job = await the_job(TotalFileCount=-1, CompletedFileCount=0, FailedFileCount=-5)
    assert job.files == FileCounts(expected=None, completed=0, failed=None)


@pytest.mark.parametrize("count", [2**53, 10**400, -(10**400), 1.5, "7"])
async def test_a_count_that_is_none_is_a_bad_response(count: object) -> None:
    with pytest.raises(SourceError, match=r"\$\.DatasetJobs\[0\]\.TotalFileCount"):
        await the_job(TotalFileCount=count)


async def test_the_workspace_is_the_one_that_was_asked_for_or_what_the_row_says() -> None:
    rows = {
        "TotalCount": 2,
        "DatasetJobs": [{"DatasetJobId": "a", "WorkspaceId": "7"}, {"DatasetJobId": "b"}],
    }
    asked = (await the_walk()).decode(answer(rows)).items
    told = (await the_walk(Options(datasets=("d-1",)))).decode(answer(rows)).items
    assert [item.workspace for item in asked] == ["145883", "145883"]
    assert [item.workspace for item in told] == ["7", ""]


@pytest.mark.parametrize("body", [{"TotalCount": 0}, {"TotalCount": 0, "DatasetJobs": None}])
async def test_a_list_that_is_left_out_is_empty(body: dict[str, object]) -> None:
    page = (await the_walk()).decode(answer(body))
    assert (page.items, page.total) == ([], 0)


async def test_without_a_date_our_clock_serves() -> None:
    page = (await the_walk()).decode(answer({"TotalCount": 0}, date=None))
    assert page.now > 1.7e9


async def test_a_request_has_these_headers_and_parameters_and_no_others() -> None:
    walk = await the_walk()
    assert walk.request(2, 13) == Request(
        path="/api/v1/datasets/d-1/datasetjobs",
        params=(
            ("SortBy", "CreateTime"),
            ("Order", "DESC"),
            ("PageSize", "50"),
            ("PageNumber", "3"),
            ("WorkspaceId", "145883"),
        ),
        headers={"x-acs-action": "ListDatasetJobs", "x-acs-version": "2021-02-04"},
    )


async def test_without_a_workspace_none_is_sent() -> None:
    walk = await the_walk(Options(datasets=("d-1",)))
    assert "WorkspaceId" not in dict(walk.request(0, 50).params)


async def test_what_goes_out_is_what_was_planned_and_no_logs_are_asked_for() -> None:
    sent: list[httpx.Request] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"TotalCount": 0}, headers=dated(NOW))

    await a_source(the_settings("pai_dataset_jobs", ONE), handler).collect(within(9))
    [request] = sent
    assert request.url.path == "/api/v1/datasets/d-1/datasetjobs"
    assert parse_qs(request.url.query.decode()) == {
        "SortBy": ["CreateTime"],
        "Order": ["DESC"],
        "PageSize": ["50"],
        "PageNumber": ["1"],
        "WorkspaceId": ["145883"],
    }
    assert request.headers["x-acs-action"] == "ListDatasetJobs"
    assert request.headers["x-acs-version"] == "2021-02-04"


async def test_there_is_a_walk_for_each_dataset_in_order() -> None:
    found = await walks("pai_dataset_jobs", Options(datasets=("d-2", "d-1", "d-3")))
    assert [walk.name for walk in found] == ["dataset d-2", "dataset d-1", "dataset d-3"]


def test_the_endpoint_is_that_of_the_region() -> None:
    assert API.endpoint("cn-guangzhou") == "https://aiworkspace.cn-guangzhou.aliyuncs.com"


GONE = SourceError(Reason.NOT_FOUND, "no such dataset")


async def test_a_configured_dataset_that_is_not_there_is_an_error() -> None:
    assert (await the_walk()).absent(GONE) is False


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
