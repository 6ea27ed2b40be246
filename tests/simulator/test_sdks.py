"""The vendors' own libraries list the simulated clouds completely, over a real socket."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from alibabacloud_aiworkspace20210204 import models as pai
from alibabacloud_aiworkspace20210204.client import Client as PaiClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from anyio import to_thread
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkdgc.v1 import DgcClient, ListJobsRequest

from exporter.simulator import identities
from exporter.simulator.app import build, request_log
from exporter.simulator.faults import Api
from exporter.simulator.identities import DemoKey
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import OffsetMeaning, Settings
from exporter.simulator.world import World, random_world
from exporter.simulator.world.timeline import Row
from tests.simulator.clients import OCTOPUS, Clock, huawei_headers

# From Python 3.12 on the libraries' own code is warned of; both call utcnow.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

DATASETS = [name for name, (_, edition, _) in identities.PAI_DATASETS.items() if edition != "BASIC"]
WORKSPACE = identities.DATAARTS_WORKSPACES[0]
ALIBABA_KEYS = (identities.DEMO_ALIBABA_KEY, identities.DEMO_ALIBABA_TEMPORARY_KEY)
HUAWEI_KEYS = (identities.DEMO_HUAWEI_KEY, identities.DEMO_HUAWEI_TEMPORARY_KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A world in mid-life, stopped at a moment that the libraries' clocks agree with."""

    world: World
    settings: Settings
    now: float

    @asynccontextmanager
    async def served(self) -> AsyncIterator[tuple[str, Any]]:
        app = build(self.world, self.settings)
        async with Simulator(app) as simulator:
            yield simulator.url, request_log(app)


@pytest.fixture
def stage() -> Stage:
    now = float(int(time.time()))
    world = random_world(
        7, start=now - 2, dataset_jobs=400, system_jobs=400, queue_entries=200, dataarts_jobs=1200
    )
    return Stage(world=world, settings=Settings(clock=Clock(now)), now=now)


def pai_client(url: str, key: DemoKey) -> PaiClient:
    return PaiClient(
        Config(
            access_key_id=key.id,
            access_key_secret=key.secret,
            security_token=key.security_token,
            endpoint=url.removeprefix("http://"),
            protocol="HTTP",
        )
    )


def pai_pages(ask: Callable[[int], Any], name: str) -> tuple[list[Row], int]:
    """Walk pages until the total is reached; return the rows and how many pages there were."""
    rows: list[Row] = []
    number = 0
    while True:
        number += 1
        body = ask(number).body.to_map()
        rows += body[name]
        if not body[name] or len(rows) >= body["TotalCount"]:
            return rows, number


@pytest.mark.parametrize("key", ALIBABA_KEYS, ids=["lasting key", "temporary key"])
async def test_alibabas_library_lists_dataset_jobs(stage: Stage, key: DemoKey) -> None:
    dataset = max(DATASETS, key=lambda name: len(stage.world.dataset_jobs(name, stage.now)))
    async with stage.served() as (url, _):
        client = pai_client(url, key)

        def ask(number: int) -> Any:
            request = pai.ListDatasetJobsRequest(
                page_number=number, page_size=50, order="DESC", sort_by="CreateTime"
            )
            return client.list_dataset_jobs(dataset, request)

        rows, pages = await to_thread.run_sync(pai_pages, ask, "DatasetJobs")
    assert pages > 1
    assert rows == stage.world.dataset_jobs(dataset, stage.now)


async def test_alibabas_library_filters_and_asks_for_logs(stage: Stage) -> None:
    dataset = max(DATASETS, key=lambda name: len(stage.world.dataset_jobs(name, stage.now)))
    async with stage.served() as (url, _):
        client = pai_client(url, identities.DEMO_ALIBABA_KEY)
        request = pai.ListDatasetJobsRequest(status="Running", page_size=100, with_logs=True)
        answer = await to_thread.run_sync(client.list_dataset_jobs, dataset, request)
    rows = answer.body.to_map()["DatasetJobs"]
    expected = [row for row in stage.world.dataset_jobs(dataset, stage.now) if row["Status"] == "Running"]
    assert expected
    assert [{**row, "Logs": None} for row in rows] == [{**row, "Logs": None} for row in expected]
    assert all("is Running." in row["Logs"][-1] for row in rows)


async def test_alibabas_library_discovers_workspaces_and_datasets(stage: Stage) -> None:
    async with stage.served() as (url, _):
        client = pai_client(url, identities.DEMO_ALIBABA_KEY)
        workspaces, _pages = await to_thread.run_sync(
            pai_pages,
            lambda number: client.list_workspaces(pai.ListWorkspacesRequest(page_number=number, page_size=1)),
            "Workspaces",
        )
        datasets, pages = await to_thread.run_sync(
            pai_pages,
            lambda number: client.list_datasets(
                pai.ListDatasetsRequest(
                    page_number=number, page_size=1, workspace_id="145883", edition="ADVANCED"
                )
            ),
            "Datasets",
        )
    assert [one["WorkspaceId"] for one in workspaces] == list(identities.PAI_WORKSPACES)
    assert pages == 2
    assert {one["DatasetId"] for one in datasets} == {
        name for name, place in identities.PAI_DATASETS.items() if place[:2] == ("145883", "ADVANCED")
    }


async def test_alibabas_library_is_refused_with_a_wrong_secret(stage: Stage) -> None:
    async with stage.served() as (url, _):
        for key in ALIBABA_KEYS:
            client = pai_client(url, replace(key, secret="another"))
            with pytest.raises(AlibabaCloudException) as refusal:
                await to_thread.run_sync(client.list_workspaces, pai.ListWorkspacesRequest())
            assert refusal.value.code == "SignatureDoesNotMatch"


async def test_alibabas_library_sees_throttling_and_its_hint(stage: Stage) -> None:
    stage.settings.faults.add("throttle=250")
    async with stage.served() as (url, _):
        client = pai_client(url, identities.DEMO_ALIBABA_KEY)
        with pytest.raises(AlibabaCloudException) as refusal:
            await to_thread.run_sync(client.list_workspaces, pai.ListWorkspacesRequest())
    assert type(refusal.value).__name__ == "ThrottlingException"
    assert refusal.value.retry_after == 250


def dgc_client(url: str, key: DemoKey) -> DgcClient:
    credentials = BasicCredentials(key.id, key.secret, identities.DATAARTS_PROJECT)
    if key.security_token is not None:
        credentials = credentials.with_security_token(key.security_token)
    return DgcClient.new_builder().with_credentials(credentials).with_endpoints([url]).build()


def dgc_pages(client: DgcClient, job_type: str, limit: int, step: int) -> tuple[list[Row], int]:
    """Walk pages, going on by ``step``, until one is empty; return the rows and how many had some."""
    rows: list[Row] = []
    pages = 0
    while True:
        request = ListJobsRequest(limit=limit, offset=pages * step, job_type=job_type, workspace=WORKSPACE)
        answer = client.list_jobs(request).to_json_object()
        if not answer["jobs"]:
            return rows, pages
        rows += answer["jobs"]
        pages += 1


@pytest.mark.parametrize("key", HUAWEI_KEYS, ids=["lasting key", "temporary key"])
@pytest.mark.parametrize("meaning", OffsetMeaning)
@pytest.mark.parametrize("job_type", ["BATCH", "REAL_TIME"])
async def test_huaweis_library_lists_dataarts_jobs(
    stage: Stage, key: DemoKey, meaning: OffsetMeaning, job_type: str
) -> None:
    stage.settings.dataarts_offset = meaning
    step = 1 if meaning is OffsetMeaning.PAGES else 20
    async with stage.served() as (url, _):
        rows, pages = await to_thread.run_sync(dgc_pages, dgc_client(url, key), job_type, 20, step)
    assert pages > 1
    assert rows == stage.world.dataarts_jobs(WORKSPACE, job_type, stage.now)


@pytest.mark.parametrize(("meaning", "common"), [(OffsetMeaning.PAGES, 0), (OffsetMeaning.RECORDS, 19)])
async def test_offset_one_overlaps_only_if_it_counts_records(
    stage: Stage, meaning: OffsetMeaning, common: int
) -> None:
    stage.settings.dataarts_offset = meaning
    async with stage.served() as (url, _):
        client = dgc_client(url, identities.DEMO_HUAWEI_KEY)
        requests = [ListJobsRequest(limit=20, offset=offset, workspace=WORKSPACE) for offset in (0, 1)]
        first, second = [await to_thread.run_sync(client.list_jobs, request) for request in requests]
    assert len({job.name for job in first.jobs} & {job.name for job in second.jobs}) == common


async def test_huaweis_library_is_refused_with_a_wrong_secret(stage: Stage) -> None:
    async with stage.served() as (url, _):
        for key in HUAWEI_KEYS:
            client = dgc_client(url, replace(key, secret="another"))
            with pytest.raises(ClientRequestException) as refusal:
                await to_thread.run_sync(client.list_jobs, ListJobsRequest(workspace=WORKSPACE))
            assert (refusal.value.status_code, refusal.value.error_code) == (401, "APIGW.0301")
            assert "verify aksk signature fail" in refusal.value.error_msg


@pytest.mark.parametrize("key", HUAWEI_KEYS, ids=["lasting key", "temporary key"])
async def test_huaweis_signer_opens_octopus(stage: Stage, key: DemoKey) -> None:
    """No library covers these paths, but its signer does."""
    wanted = {"QUEUING", "RUNNING", "FINISHED"}
    workspace = max(
        identities.OCTOPUS_WORKSPACES, key=lambda one: len(stage.world.system_jobs(one, stage.now))
    )
    async with stage.served() as (url, log), httpx.AsyncClient(base_url=url) as http:
        jobs = await walk(
            http, key, "system-jobs", {"statuses": sorted(wanted), "workspace_id": workspace}, stage.now
        )
        queued = await walk(http, key, "queuing-jobs", {"queue_type": "INTERNAL"}, stage.now)
    assert len(log.of(Api.OCTOPUS_SYSTEM_JOBS)) > 2
    assert jobs == [row for row in stage.world.system_jobs(workspace, stage.now) if row["status"] in wanted]
    assert queued == stage.world.queue("INTERNAL", stage.now)


async def walk(
    http: httpx.AsyncClient, key: DemoKey, name: str, query: dict[str, Any], now: float
) -> list[Row]:
    """List one of Octopus' lists, thirty records at a time."""
    rows: list[Row] = []
    while True:
        uri, headers = huawei_headers(
            key,
            f"{OCTOPUS}/{name}",
            {**query, "limit": 30, "offset": len(rows)},
            moment=now,
            headers={"X-Project-Id": identities.OCTOPUS_PROJECT},
            host=f"{http.base_url.host}:{http.base_url.port}",
        )
        answer = (await http.get(uri, headers=headers)).raise_for_status().json()["payload"]
        rows += answer["list"]
        if not answer["list"]:
            assert len(rows) == answer["page_info"]["total"]
            return rows
