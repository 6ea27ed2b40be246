"""Each fault shows its effect, and only where and as often as it should."""

from typing import Any

import httpx
import pytest

from exporter.simulator import identities
from exporter.simulator.app import build, request_log
from exporter.simulator.faults import REPLACING, Api, Fault, Faults, Kind
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world import ListingOrder, World, random_world
from tests.simulator.clients import DATAARTS, NOW, OCTOPUS, TOLD_PROJECT, Clouds

DATASET = next(iter(identities.PAI_DATASETS))
PAI = f"/api/v1/datasets/{DATASET}/datasetjobs"
SYSTEM, FACTORY = f"{OCTOPUS}/system-jobs", f"{DATAARTS}/jobs"
IAM = "/v3/auth/tokens"


@pytest.fixture
def world() -> World:
    return random_world(5, start=NOW, dataset_jobs=100, system_jobs=100, dataarts_jobs=100)


async def ask(clouds: Clouds, path: str, query: dict[str, Any] | None = None) -> httpx.Response:
    if path == IAM:
        return await clouds.login()
    if path.startswith("/api/"):
        return await clouds.pai(path, query)
    return await clouds.huawei(path, query, headers=TOLD_PROJECT)


VENDORS_WORDS: list[tuple[str, str, int, str]] = [
    ("http-500", PAI, 500, "InternalError"),
    ("http-500", SYSTEM, 500, "octopus.400100"),
    ("http-500", FACTORY, 500, "DLF.0001"),
    ("http-500", IAM, 500, "500"),
    ("http-401", PAI, 401, "InvalidSecurityToken.Expired"),
    ("http-401", SYSTEM, 401, "APIGW.0301"),
    ("http-401", IAM, 401, "401"),
    ("http-403", PAI, 403, "Forbidden.RAM"),
    ("http-403", SYSTEM, 403, "octopus.400003"),
    ("http-403", FACTORY, 403, "DLF.6888"),
    ("http-403", IAM, 403, "403"),
    ("throttle", PAI, 400, "Throttling.User"),
    ("throttle", SYSTEM, 429, "APIGW.0308"),
    ("throttle", FACTORY, 429, "APIGW.0308"),
    ("throttle", IAM, 429, "APIGW.0308"),
]


@pytest.mark.parametrize(("fault", "path", "status", "code"), VENDORS_WORDS)
async def test_fails_in_the_vendors_words(
    world: World, fault: str, path: str, status: int, code: str
) -> None:
    async with Clouds(world, Settings(faults=Faults([fault]))) as clouds:
        answer = await ask(clouds, path)
    told = answer.json()
    said = told.get("Code") or told.get("error_code") or str(told["error"]["code"])
    assert (answer.status_code, said) == (status, code)


async def test_fails_without_json(world: World) -> None:
    async with Clouds(world) as clouds:
        clouds.settings.faults.add("http-502-html")
        page = await ask(clouds, SYSTEM)
        clouds.settings.faults.clear()
        clouds.settings.faults.add("http-503-empty")
        empty = await ask(clouds, PAI)
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")
    assert page.text.startswith("<html>")
    assert (empty.status_code, empty.content) == (503, b"")
    assert "content-type" not in empty.headers


SHAPES = {
    "error-snake": {"error_code", "error_msg"},
    "error-camel": {"errorCode", "errorMsg"},
    "error-plain": {"code", "message"},
    "error-nested": {"error"},
    "error-capital": {"Code", "Message", "RequestId"},
}


@pytest.mark.parametrize("fault", SHAPES)
async def test_fails_in_every_shape_of_json(world: World, fault: str) -> None:
    async with Clouds(world) as clouds:
        clouds.settings.faults.add(fault)
        plain = await ask(clouds, SYSTEM)
        clouds.settings.faults.clear()
        clouds.settings.faults.add(f"{fault}=403")
        told = await ask(clouds, SYSTEM)
    assert set(plain.json()) == SHAPES[fault]
    assert (plain.status_code, told.status_code) == (500, 403)


async def test_throttling_tells_the_wait_where_the_vendor_does(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["throttle=1500"]))) as clouds:
        pai = await ask(clouds, PAI)
        octopus = await ask(clouds, SYSTEM)
    assert pai.headers["x-acs-retry-after"] == "1500"
    assert "retry-after" not in octopus.headers
    assert "policy user over ratelimit,limit:10,time:1 second" in octopus.json()["error_msg"]


async def test_malformed_json_is_whole_but_unreadable(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["malformed-json"]))) as clouds:
        answer = await ask(clouds, SYSTEM)
    assert (answer.status_code, len(answer.content)) == (200, int(answer.headers["content-length"]))
    with pytest.raises(ValueError, match=r"Expecting|delimiter|Unterminated|Invalid"):
        answer.json()


async def test_huge_body_holds_the_truth_and_much_more(world: World) -> None:
    async with Clouds(world) as clouds:
        small = await ask(clouds, SYSTEM)
        clouds.settings.faults.add("huge-body=200000")
        huge = await ask(clouds, SYSTEM)
    assert len(huge.content) > 200_000
    assert "content-length" not in huge.headers, "only counting tells"
    assert huge.json()["payload"] == small.json()["payload"]


async def test_empty_page_keeps_the_total(world: World) -> None:
    truth = world.dataset_jobs(DATASET, NOW)
    async with Clouds(world, Settings(faults=Faults(["empty-page"]))) as clouds:
        answer = (await ask(clouds, PAI)).json()
    assert (answer["DatasetJobs"], answer["TotalCount"]) == ([], len(truth))
    assert truth


@pytest.mark.parametrize(
    ("fault", "off"), [("wrong-total", 1), ("wrong-total=+3", 3), ("wrong-total=-2", -2)]
)
async def test_wrong_total_is_off_by_so_many(world: World, fault: str, off: int) -> None:
    async with Clouds(world, Settings(faults=Faults([fault]))) as clouds:
        octopus = (await ask(clouds, SYSTEM)).json()["payload"]
        factory = (await ask(clouds, FACTORY, {"limit": 100})).json()
    assert octopus["page_info"]["total"] == len(world.system_jobs("0", NOW)) + off
    truth = world.dataarts_jobs(identities.DATAARTS_WORKSPACES[0], "BATCH", NOW)
    assert (factory["total"], factory["jobs"]) == (len(truth) + off, truth)


async def test_ignore_filters_overlooks_them_but_keeps_the_scope(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["ignore-filters"]))) as clouds:
        pai = (await ask(clouds, PAI, {"Status": "Failed", "PageSize": 100})).json()
        octopus = (
            await ask(clouds, SYSTEM, {"statuses": "STOPPED", "workspace_id": "7", "limit": 200})
        ).json()
        factory = (await ask(clouds, FACTORY, {"jobName": "nothing", "limit": 100})).json()
    assert pai["DatasetJobs"] == world.dataset_jobs(DATASET, NOW)
    assert octopus["payload"]["list"] == world.system_jobs("7", NOW)
    assert factory["jobs"] == world.dataarts_jobs(identities.DATAARTS_WORKSPACES[0], "BATCH", NOW)


async def test_ignore_sort_overlooks_a_wanted_order(world: World) -> None:
    settings = Settings(faults=Faults(["ignore-sort"]), order=ListingOrder.HASH)
    async with Clouds(world, settings) as clouds:
        pai = (await ask(clouds, PAI, {"SortBy": "Status", "PageSize": 100})).json()
        octopus = (await ask(clouds, SYSTEM, {"sort": "UPDATE_ASC", "limit": 200})).json()
    assert pai["DatasetJobs"] == world.dataset_jobs(DATASET, NOW, ListingOrder.HASH)
    assert octopus["payload"]["list"] == world.system_jobs("0", NOW, ListingOrder.HASH)


async def test_unknown_status_is_that_of_the_first_row_of_a_page(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["unknown-status"]))) as clouds:
        pai = (await ask(clouds, PAI, {"PageSize": 100})).json()["DatasetJobs"]
        octopus = (await ask(clouds, SYSTEM, {"limit": 200})).json()["payload"]["list"]
        queue = (await ask(clouds, f"{OCTOPUS}/queuing-jobs", {"queue_type": "INTERNAL"})).json()["payload"][
            "list"
        ]
    assert [pai[0].pop("Status"), octopus[0].pop("status")] == ["BrandNewState", "BRAND_NEW_STATE"]
    assert queue[0]["queue_type"] == "BRAND_NEW_STATE"
    truth = world.dataset_jobs(DATASET, NOW)
    assert pai[1:] == truth[1:]
    assert pai[0].items() <= truth[0].items()


async def test_slow_answers_late_and_true(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["slow=0.05"]))) as clouds:
        answer = await ask(clouds, SYSTEM)
    assert answer.elapsed.total_seconds() >= 0.05
    assert answer.status_code == 200


async def test_connections_are_dropped_and_answers_cut_off_on_a_real_socket(world: World) -> None:
    settings = Settings()
    app = build(world, settings)
    async with Simulator(app) as simulator, httpx.AsyncClient(base_url=simulator.url) as http:
        login = {"name": "demo-metrics", "password": identities.DEMO_HUAWEI_USER.password}
        user = login | {"domain": {"name": identities.DEMO_HUAWEI_USER.domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"id": identities.OCTOPUS_PROJECT}}
        token = await http.post(IAM, json={"auth": {"identity": identity, "scope": scope}})
        headers = {"x-auth-token": token.headers["x-subject-token"]}
        for fault, message in (
            ("drop-connection", "without sending a response"),
            ("cut-off", r"complete message"),
        ):
            settings.faults.clear()
            settings.faults.add(fault)
            with pytest.raises(httpx.RemoteProtocolError, match=message):
                await http.get(SYSTEM, headers=headers)
        settings.faults.clear()
        fine = await http.get(SYSTEM, headers=headers)
    assert fine.status_code == 200
    log = request_log(app)
    assert [entry.status for entry in log.of(Api.OCTOPUS_SYSTEM_JOBS)] == [None, 200, 200]
    assert [entry.faults for entry in log.entries][1:3] == [(Kind.DROP_CONNECTION,), (Kind.CUT_OFF,)]


async def test_without_a_socket_a_cut_off_body_is_short_and_a_drop_is_overlooked(world: World) -> None:
    async with Clouds(world) as clouds:
        clouds.settings.faults.add("cut-off")
        short = await ask(clouds, SYSTEM)
        clouds.settings.faults.clear()
        clouds.settings.faults.add("drop-connection")
        fine = await ask(clouds, SYSTEM)
    assert len(short.content) < int(short.headers["content-length"])
    assert fine.status_code == 200


async def test_strikes_only_the_api_that_is_named(world: World) -> None:
    async with Clouds(world, Settings(faults=Faults(["octopus_system_jobs:http-500"]))) as clouds:
        assert (await ask(clouds, SYSTEM)).status_code == 500
        assert (await ask(clouds, PAI)).status_code == 200
        assert (await ask(clouds, IAM)).status_code == 201


async def test_strikes_the_share_that_is_asked_for(world: World) -> None:
    def outcomes(seed: int) -> list[bool]:
        faults = Faults(["http-500:0.3"], seed=seed)
        return [bool(faults.draw(Api.PAI_DATASETS)) for _ in range(2000)]

    assert 500 < sum(outcomes(1)) < 700
    assert outcomes(1) == outcomes(1) != outcomes(2)


async def test_strikes_so_many_times_after_so_many_requests(world: World) -> None:
    settings = Settings(faults=Faults([Fault(kind=Kind.HTTP_500, skip=2, times=1)]))
    async with Clouds(world, settings) as clouds:
        statuses = [(await ask(clouds, SYSTEM)).status_code for _ in range(5)]
    assert statuses == [200, 200, 500, 200, 200]


def test_reads_faults_as_the_flag_gives_them() -> None:
    assert Fault.parse("http-500") == Fault(kind=Kind.HTTP_500)
    assert Fault.parse("slow=2.5:0.1") == Fault(kind=Kind.SLOW, value=2.5, rate=0.1)
    assert Fault.parse("dataarts_jobs:wrong-total=-3:0") == Fault(
        kind=Kind.WRONG_TOTAL, api=Api.DATAARTS_JOBS, value=-3, rate=0
    )
    assert [Fault.parse(kind).kind for kind in Kind] == list(Kind)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no API or fault is called ''"),
        ("earthquake", "no API or fault is called 'earthquake'"),
        ("pai:http-500", "no API or fault is called 'pai'"),
        ("http-500:2", "a rate is between 0 and 1"),
        ("slow=long", "'long' is not a number"),
        ("pai_datasets:slow:1:1", "is not"),
        ("pai_datasets", "no API or fault"),
    ],
)
def test_says_what_is_wrong_with_a_flag(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Fault.parse(text)


def test_every_kind_is_told_apart() -> None:
    """A kind that neither replaces an answer nor is tested above would do nothing."""
    others = {
        Kind.MALFORMED_JSON,
        Kind.CUT_OFF,
        Kind.HUGE_BODY,
        Kind.SLOW,
        Kind.DROP_CONNECTION,
        Kind.EMPTY_PAGE,
        Kind.WRONG_TOTAL,
        Kind.IGNORE_FILTERS,
        Kind.IGNORE_SORT,
        Kind.UNKNOWN_STATUS,
    }
    assert set(REPLACING) | others == set(Kind)
