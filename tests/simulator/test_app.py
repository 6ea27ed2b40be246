"""The application around the clouds: clock, rates, log, socket."""

import asyncio
import socket
import time

import httpx
import pytest

from exporter.simulator import identities
from exporter.simulator.app import build, request_log
from exporter.simulator.faults import Api, Faults
from exporter.simulator.serve import Simulator, serve
from exporter.simulator.settings import Settings
from exporter.simulator.world import World, living_world, random_world
from tests.simulator.clients import DATAARTS, NOW, OCTOPUS, TOLD_PROJECT, Clouds

SYSTEM = f"{OCTOPUS}/system-jobs"


async def test_tells_the_time_of_its_own_clock() -> None:
    async with Clouds() as clouds:
        clouds.clock.now = 0.0
        answer = await clouds.http.get("/nowhere")
    assert answer.headers.get_list("date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


async def test_calls_a_test_before_each_answer_so_that_it_can_turn_the_clock() -> None:
    world = random_world(5, start=NOW, system_jobs=200)
    settings = Settings()
    async with Clouds(world, settings) as clouds:

        def tick() -> None:
            clouds.clock.now += 1

        settings.before_request = tick
        answers = [
            (await clouds.huawei(SYSTEM, {"limit": 200}, date=NOW)).json()["payload"]["list"] for _ in "abc"
        ]
    assert answers == [world.system_jobs("0", NOW + second) for second in (1, 2, 3)]
    assert answers[0] != answers[1]


async def test_throttles_each_caller_by_itself() -> None:
    settings = Settings(requests_per_second=2)
    async with Clouds(random_world(1, start=NOW, most=5), settings) as clouds:
        octopus = [await clouds.huawei(SYSTEM) for _ in range(3)]
        other = await clouds.huawei(SYSTEM, key=identities.DEMO_HUAWEI_TEMPORARY_KEY)
        pai = []
        for _ in range(3):
            pai.append(await clouds.pai("/api/v1/workspaces"))
            clouds.clock.now += 0.25
        clouds.clock.now += 0.25
        later = await clouds.pai("/api/v1/workspaces")
    assert [answer.status_code for answer in octopus] == [200, 200, 429]
    assert octopus[2].json()["error_code"] == "APIGW.0308"
    assert octopus[2].json()["error_msg"] == (
        "The throttling threshold has been reached: policy user over ratelimit,limit:2,time:1 second"
    )
    assert other.status_code == 200
    assert [answer.status_code for answer in pai] == [200, 200, 400]
    assert (pai[2].json()["Code"], pai[2].headers["x-acs-retry-after"]) == ("Throttling.User", "500")
    assert later.status_code == 200


async def test_keeps_a_log_of_requests() -> None:
    async with Clouds(random_world(1, start=NOW, most=5)) as clouds:
        await clouds.huawei(f"{DATAARTS}/jobs", {"limit": 5}, headers=TOLD_PROJECT | {"workspace": "nowhere"})
        await clouds.http.get("/nothing?a=%20b")
        log = request_log(clouds.app)
        first, second = log.entries
        assert (first.api, first.method, first.status) == (Api.DATAARTS_JOBS, "GET", 400)
        assert (first.path, first.query) == (f"{DATAARTS}/jobs", "limit=5")
        assert first.headers["workspace"] == "nowhere"
        assert (second.api, second.path, second.query, second.status) == (None, "/nothing", "a=%20b", 404)
        assert (log.by_api[Api.DATAARTS_JOBS], log.by_status[404]) == (1, 1)
        assert log.of(Api.DATAARTS_JOBS) == [first]
        log.clear()
        assert (list(log.entries), log.by_api.total(), log.in_flight) == ([], 0, 0)


async def test_counts_what_is_in_flight() -> None:
    async with Clouds(settings=Settings(latency=0.02)) as clouds:
        await asyncio.gather(*(clouds.http.get("/nothing") for _ in range(5)))
        log = request_log(clouds.app)
        assert (log.in_flight, log.most_in_flight) == (0, 5)


async def test_serves_on_a_free_port_and_stops_at_once() -> None:
    settings = Settings(faults=Faults(["slow=60"]))
    async with Simulator(build(World(), settings)) as simulator:
        host, port = simulator.address
        async with httpx.AsyncClient(base_url=simulator.url) as http:
            missing = await http.get("/nothing")
            hanging = asyncio.create_task(http.get("/api/v1/workspaces"))
            await asyncio.sleep(0.02)
            begin = time.perf_counter()
            await simulator.__aexit__(None, None, None)
            assert time.perf_counter() - begin < 2
            with pytest.raises(httpx.TransportError):
                await hanging
    assert missing.status_code == 404
    assert missing.headers.get_list("server") == ["api-gateway"]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)
    with pytest.raises(RuntimeError, match="do not listen"):
        _ = simulator.url


async def test_says_when_an_address_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with Simulator(build(World(), Settings()), port=taken.getsockname()[1]):
            pass


async def test_serves_until_it_is_cancelled() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = build(living_world(1, NOW, jobs=5), Settings())
    task = asyncio.create_task(serve(app, host="127.0.0.1", port=0, ready=told.set_result))
    url = await told
    async with httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/nothing")).status_code == 404
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient(base_url=url) as http:
            await http.get("/nothing")


def test_names_an_address_of_the_newer_kind_with_brackets() -> None:
    async def url() -> str:
        async with Simulator(build(World(), Settings()), host="::1") as simulator:
            return simulator.url

    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert asyncio.run(url()).startswith("http://[::1]:")


def test_keeps_secrets_out_of_what_it_prints_of_its_identities() -> None:
    shown = repr(identities.DEMO_ALIBABA_TEMPORARY_KEY) + repr(identities.DEMO_HUAWEI_USER)
    assert "DemoSecret" not in shown
    assert "Password" not in shown
