"""Faults and troubles are switched while the simulated clouds run."""

import httpx
import pytest

from exporter.simulator.control import PATH, parse
from exporter.simulator.faults import Fault, Kind
from exporter.simulator.settings import Settings
from exporter.simulator.world import World, living_world
from exporter.simulator.world.trouble import Trouble, TroubleKind
from tests.simulator.clients import NOW, OCTOPUS, Clouds


@pytest.fixture(scope="module")
def world() -> World:
    return living_world(7, NOW, jobs=100)


async def put(clouds: Clouds, *lines: str) -> httpx.Response:
    return await clouds.http.put(PATH, content="\n".join(lines))


async def queue(clouds: Clouds, queue_type: str) -> set[int]:
    answer = await clouds.huawei(f"{OCTOPUS}/queuing-jobs", {"queue_type": queue_type, "limit": 200})
    return {row["id"] for row in answer.raise_for_status().json()["payload"]["list"]}


async def test_what_is_put_in_force_is_told_and_ends_when_it_is_left_out(world: World) -> None:
    lines = ["octopus_system_jobs:http-500:0.5", "slow=0.01", "jobs-fail=FRAME_EXTRACT", "queue-stuck"]
    async with Clouds(world) as clouds:
        assert (await put(clouds, *lines)).text.splitlines() == lines
        assert (await clouds.http.get(PATH)).text.splitlines() == lines
        assert (await put(clouds, "queue-stuck")).text == "queue-stuck\n"
        assert (await clouds.http.delete(PATH)).text == ""
        assert (clouds.settings.faults.present, clouds.settings.troubles.present) == ((), ())


async def test_a_fault_strikes_until_it_is_switched_off(world: World) -> None:
    async with Clouds(world) as clouds:
        await put(clouds, "http-500")
        assert (await clouds.huawei(f"{OCTOPUS}/system-jobs")).status_code == 500
        await clouds.http.delete(PATH)
        assert (await clouds.huawei(f"{OCTOPUS}/system-jobs")).status_code == 200


async def test_a_trouble_lasts_until_it_is_switched_off_and_the_world_lives_on(world: World) -> None:
    async with Clouds(world) as clouds:
        await put(clouds, "queue-stuck@1h")
        first = await queue(clouds, "RESIM")
        clouds.clock.now += 1800
        await put(clouds, "queue-stuck@1m", "slow=0")
        assert await queue(clouds, "RESIM") > first > {row["id"] for row in world.queue("RESIM", NOW)}
        await clouds.http.delete(PATH)
        assert await queue(clouds, "RESIM") > first, "they leave one after the other"
        clouds.clock.now += 60
        assert await queue(clouds, "RESIM") == {row["id"] for row in world.queue("RESIM", NOW + 1860)}


async def test_a_trouble_that_is_over_a_day_ago_is_forgotten(world: World) -> None:
    settings = Settings()
    for second in range(0, 10 * 86_400, 3600):
        settings.troubles.become([Trouble(kind=TroubleKind.RUNS_FAIL)] * (second % 7200 == 0), NOW + second)
    spells = settings.troubles.spells
    assert 11 <= len(spells) <= 13
    assert settings.troubles.of(world) is settings.troubles.of(world) is not world


async def test_nothing_changes_where_one_line_is_wrong(world: World) -> None:
    async with Clouds(world) as clouds:
        await put(clouds, "slow=0", "runs-fail")
        answer = await put(clouds, "http-500", "earthquake")
        assert (answer.status_code, answer.text[:45]) == (
            400,
            "'earthquake': no API or fault is called 'eart",
        )
        assert (await clouds.http.get(PATH)).text == "slow=0\nruns-fail\n"


async def test_another_machine_cannot_switch(world: World) -> None:
    async with Clouds(world) as clouds:
        transport = httpx.ASGITransport(clouds.app, client=("192.0.2.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://clouds.example") as http:
            answers = [await http.request(method, PATH) for method in ("GET", "PUT", "DELETE")]
    assert {answer.status_code for answer in answers} == {403}


def test_reads_faults_and_troubles_alike() -> None:
    assert parse("dataarts_jobs:slow=2:0.5") == Fault.parse("dataarts_jobs:slow=2:0.5")
    assert parse("dataarts_jobs:runs-fail:0.5") == Trouble.parse("dataarts_jobs:runs-fail:0.5")
    assert [str(parse(kind)) for kind in (*Kind, *TroubleKind)] == [*Kind, *TroubleKind]
    with pytest.raises(ValueError, match=r"faults: http-500, .*; troubles: jobs-fail, "):
        parse("pai_datasets:nothing")
