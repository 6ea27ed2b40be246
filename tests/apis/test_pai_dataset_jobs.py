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
    Options,
)
from exporter.client import Request
from exporter.errors import Reason, SourceError
from exporter.model import ACTIVE, FINISHED, FileCounts, Job, Phase
from tests.apis.cases import NOW, answer, sample, walks
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
