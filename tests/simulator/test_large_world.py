"""A large world answers as the living one does: the same gates, envelopes and filters, only more rows."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import pytest
from alibabacloud_aiworkspace20210204 import models as pai
from anyio import to_thread
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdgc.v1 import DgcClient, ListJobsRequest

from exporter.simulator import identities
from exporter.simulator.identities import DemoKey
from exporter.simulator.large.crowd import Size
from exporter.simulator.large.serving import EARLY, Gateway, Line, at_a_distance, large_clouds
from exporter.simulator.large.world import LargeWorld
from exporter.simulator.settings import Settings
from exporter.simulator.world.octopus import ENDED
from tests.simulator.clients import Query, huawei_headers
from tests.simulator.test_sdks import pai_client
from tests.turned import now, run

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

AT = int(time.time())
PATH = f"/v1.0/{identities.OCTOPUS_PROJECT}/data/system-jobs"
QUEUES = f"/v1.0/{identities.OCTOPUS_PROJECT}/data/queuing-jobs"
WORKSPACE = identities.DATAARTS_WORKSPACES[0]
WORLD = LargeWorld(
    at=AT,
    octopus={"0": Size(finished=3000, active=50), "7": Size(finished=500, active=50)},
    pai={"d-large": Size(finished=700, active=20)},
    queues={"INTERNAL": Size(active=230)},
    factory={(WORKSPACE, "BATCH"): Size(finished=250), (WORKSPACE, "REAL_TIME"): Size(finished=30)},
)

USER = identities.DEMO_HUAWEI_USER
CLAIM = {"name": USER.name, "password": USER.password, "domain": {"name": USER.domain}}
LOGIN = {
    "auth": {
        "identity": {"methods": ["password"], "password": {"user": CLAIM}},
        "scope": {"project": {"id": identities.OCTOPUS_PROJECT}},
    }
}

Ask = Callable[..., Any]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Ask Octopus with a signature by the vendor's library, and return the body of what it answers."""
    clouds = httpx.ASGITransport(large_clouds(WORLD, Settings()))
    async with httpx.AsyncClient(transport=clouds, base_url="http://clouds.example") as http:

        async def asked(
            query: Query, path: str = PATH, key: DemoKey = identities.DEMO_HUAWEI_KEY, status: int = 200
        ) -> Any:
            uri, headers = huawei_headers(
                key, path, query, moment=time.time(), headers={}, host="clouds.example"
            )
            answer = await http.get(uri, headers=headers)
            assert answer.status_code == status, answer.text
            return answer.json()

        yield asked


async def walked(ask: Ask, query: Mapping[str, Any], path: str = PATH) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        body = (await ask({"limit": 200, "offset": len(rows), **query}, path))["payload"]
        rows += body["list"]
        if not body["list"]:
            assert len(rows) == body["page_info"]["total"]
            return rows


def kind(row: dict[str, Any]) -> tuple[str, str]:
    return row["status"], row["job_type"]


async def test_totals_by_status_and_type_are_those_of_the_rows(ask: Ask) -> None:
    rows = await walked(ask, {})
    assert len(rows) == 3050
    assert len({row["id"] for row in rows}) == 3050
    counted = Counter(map(kind, rows))
    assert len(counted) > 30
    for (status, job_type), count in counted.items():
        body = await ask({"statuses": status, "job_types": job_type, "limit": 1})
        assert body["payload"]["page_info"]["total"] == count
        assert [kind(row) for row in body["payload"]["list"]] == [(status, job_type)]


async def test_filters_of_several_values_and_times_leave_the_rows_that_match(ask: Ask) -> None:
    rows = await walked(ask, {"sort": "CREATE_DESC"})
    since, until = (AT - 30 * 3600) * 1000, (AT - 3600) * 1000
    query = {"statuses": ["FINISHED", "STOPPED"], "start_time": since, "end_time": until}
    expected = [
        row
        for row in rows
        if row["status"] in {"FINISHED", "STOPPED"}
        and row["create_at"] >= since
        and row["update_at"] <= until
    ]
    assert 0 < len(expected) < len(rows)
    assert await walked(ask, {**query, "sort": "CREATE_DESC"}) == expected


@pytest.mark.parametrize(
    ("sort", "field", "backwards"),
    [
        ("CREATE_ASC", "create_at", False),
        ("CREATE_DESC", "create_at", True),
        ("UPDATE_ASC", "update_at", False),
        ("UPDATE_DESC", "update_at", True),
    ],
)
async def test_rows_come_in_the_order_that_is_asked_for(
    ask: Ask, sort: str, field: str, backwards: bool
) -> None:
    times = [row[field] for row in await walked(ask, {"sort": sort})]
    assert times == sorted(times, reverse=backwards)
    assert len(set(times)) > 1000


async def test_as_many_ended_lately_in_a_long_history_as_in_a_short_one(ask: Ask) -> None:
    lately = []
    for workspace in ("0", "7"):
        rows = await walked(ask, {"workspace_id": workspace})
        ended = [row["update_at"] for row in rows if row["status"] in ENDED]
        lately.append(sorted(AT * 1000 - moment for moment in ended if moment > (AT - 3600) * 1000))
    assert lately[0] == lately[1]
    assert len(lately[0]) == 60


async def test_some_that_ended_lately_were_created_long_before(ask: Ask) -> None:
    rows = [row for row in await walked(ask, {}) if row["status"] in ENDED]
    assert max(row["update_at"] - row["create_at"] for row in rows) == 20 * 3_600_000


async def test_a_queue_has_as_many_rows_as_it_says(ask: Ask) -> None:
    rows = await walked(ask, {"queue_type": "INTERNAL"}, QUEUES)
    assert len({row["id"] for row in rows}) == 230
    assert {row["queue_type"] for row in rows} == {"INTERNAL"}


async def test_a_filter_that_it_cannot_apply_is_refused(ask: Ask) -> None:
    refusal = await ask({"data_id": "DPK0000001"}, status=400)
    assert refusal["error_code"] == "octopus.400000"


async def test_a_key_that_is_not_known_is_refused(ask: Ask) -> None:
    stranger = DemoKey(id="HPUASTRANGER00000000", secret="whatever")
    await ask({}, key=stranger, status=401)


async def test_alibabas_library_lists_it() -> None:
    async with at_a_distance(WORLD, Settings(), 0.0) as url:
        client = pai_client(url, identities.DEMO_ALIBABA_KEY)

        def pages(**filters: Any) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = []
            for number in range(1, 100):
                request = pai.ListDatasetJobsRequest(page_number=number, page_size=50, **filters)
                body = client.list_dataset_jobs("d-large", request).body.to_map()
                rows += body["DatasetJobs"]
                if not body["DatasetJobs"]:
                    assert len(rows) == body["TotalCount"]
                    break
            return rows

        rows = await to_thread.run_sync(pages)
        failed = await to_thread.run_sync(lambda: pages(status="Failed", job_action="SemanticIndex"))
        logged = await to_thread.run_sync(lambda: pages(status="Deleting", with_logs=True))
    assert len({row["DatasetJobId"] for row in rows}) == 720
    chosen = [row for row in rows if (row["Status"], row["JobAction"]) == ("Failed", "SemanticIndex")]
    assert failed == chosen
    assert chosen
    assert all(13_000 < sum(map(len, row["Logs"])) <= 14_000 for row in logged)
    assert logged


async def test_huaweis_library_lists_it() -> None:
    async with at_a_distance(WORLD, Settings(), 0.0) as url:
        key = identities.DEMO_HUAWEI_KEY
        credentials = BasicCredentials(key.id, key.secret, identities.DATAARTS_PROJECT)
        client = DgcClient.new_builder().with_credentials(credentials).with_endpoints([url]).build()

        def names() -> list[str]:
            found: list[str] = []
            for page in range(4):
                request = ListJobsRequest(workspace=WORKSPACE, job_type="BATCH", limit=100, offset=page)
                answer = client.list_jobs(request)
                found += [job.name for job in answer.jobs]
                assert answer.total == 250
            return found

        found = await to_thread.run_sync(names)
    assert len(found) == len(set(found)) == 250


@pytest.mark.parametrize("path", ["/v3/auth/tokens", PATH, "/nowhere"])
async def test_at_a_distance_it_says_what_the_application_says(path: str) -> None:
    """Read with a token, which is itself asked for with a body."""
    settings = Settings(clock=lambda: float(AT))

    async def told(http: httpx.AsyncClient) -> tuple[int, Any, list[str]]:
        answer = await http.post("/v3/auth/tokens", json=LOGIN)
        if path != "/v3/auth/tokens":
            answer = await http.get(path, headers={"X-Auth-Token": answer.headers["X-Subject-Token"]})
        assert int(answer.headers["content-length"]) == len(answer.content)
        return answer.status_code, answer.json(), sorted(answer.headers)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(large_clouds(WORLD, settings)), base_url="http://clouds.example"
    ) as near:
        expected = await told(near)
    async with at_a_distance(WORLD, settings, 0.0) as url, httpx.AsyncClient(base_url=url) as far:
        assert await told(far) == expected


def test_an_answer_is_a_round_trip_away() -> None:
    sent: list[tuple[float, bytes]] = []

    class Wire(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            sent.append((now(), bytes(data)))

        def is_closing(self) -> bool:
            return False

    async def ask_in_two_pieces() -> None:
        line = Line(Gateway(WORLD, Settings()), 0.05, set())
        line.connection_made(Wire())
        line.data_received(b"GET /nowhere HTTP/1.1\r\nHost: clouds")
        await asyncio.sleep(0.01)
        line.data_received(b".example\r\n\r\n")
        await asyncio.sleep(1)

    run(ask_in_two_pieces())
    ((moment, answer),) = sent
    assert moment == pytest.approx(0.01 + 0.05 - EARLY)
    assert answer.startswith(b"HTTP/1.1 404 ")
