import asyncio
from pathlib import Path

import httpx
import pytest

from exporter.simulator import identities
from tests.reloading import Text, exporting, text
from tests.web.served import collections, until

NAMES = ["pai-vision", "octopus", "octopus-queue", "dataarts"]


async def test_sources_that_did_not_change_are_the_very_same(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        await exporter.scrape()
        before = dict(exporter.scraper.standbys)
        requests, logins = exporter.clouds.by_api.total(), exporter.logins()
        exporter.write(text(octopus={"timeout": "7s"}))
        await exporter.reloader.reload()
        after = exporter.scraper.standbys
        assert [name for name in NAMES if after[name] is before[name]] == [
            "pai-vision",
            "octopus-queue",
            "dataarts",
        ]
        assert dict(exporter.opened) == {**dict.fromkeys(NAMES, 1), "octopus": 2}
        assert after["octopus"].source.settings.timeout == 7.0
        # Reading the file asks no cloud.
        assert (exporter.clouds.by_api.total(), exporter.logins()) == (requests, logins)
        found = await exporter.scrape()
        assert {found[name]["datajobs_source_success"] for name in NAMES} == {1.0}
        # The token still serves, and the source that is new shares it: nobody logs in.
        assert exporter.logins() == logins


async def test_a_source_that_did_not_change_keeps_what_it_can_show_when_its_cloud_goes(
    tmp_path: Path,
) -> None:
    async with exporting(tmp_path) as exporter:
        listed = (await exporter.scrape())["octopus"]["datajobs_jobs"]
        exporter.settings.faults.add("octopus_system_jobs:http-403")
        exporter.write(text(dataarts=None))
        await exporter.reloader.reload()
        found = (await exporter.scrape())["octopus"]
        assert (found["datajobs_source_success"], found["datajobs_jobs"]) == (0.0, listed)


@pytest.mark.parametrize("order", [1, -1])
async def test_their_order_is_that_of_the_new_file(tmp_path: Path, order: int) -> None:
    async with exporting(tmp_path) as exporter:
        config = text()
        config["sources"] = config["sources"][::order]
        exporter.write(config)
        before = dict(exporter.scraper.standbys)
        await exporter.reloader.reload()
        assert list(exporter.scraper.names) == NAMES[::order]
        assert all(exporter.standby(name) is before[name] for name in NAMES)


async def test_a_source_that_is_gone_is_gone_from_every_page(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        await exporter.scrape()
        exporter.write(text(octopus=None))
        await exporter.reloader.reload()
        assert "octopus" not in await exporter.scrape()
        assert (await exporter.http.get("/probe?target=octopus")).status_code == 404
        assert (await exporter.http.get("/metrics?source=octopus")).status_code == 400
        targets = (await exporter.http.get("/sd")).json()
        assert [target["labels"]["instance"] for target in targets] == [
            "pai-vision",
            "octopus-queue",
            "dataarts",
        ]
        assert ">octopus<" not in (await exporter.http.get("/")).text
        await until(lambda: exporter.transports["octopus"].closed)
        assert not any(
            exporter.transports[name].closed for name in ("pai-vision", "octopus-queue", "dataarts")
        )


async def test_a_source_that_is_new_is_there_at_the_next_scrape(tmp_path: Path) -> None:
    async with exporting(tmp_path, text(octopus=None)) as exporter:
        before = await exporter.scrape()
        assert "octopus" not in before
        exporter.write(text())
        await exporter.reloader.reload()
        assert (await exporter.scrape())["octopus"]["datajobs_source_success"] == 1.0
        assert (await exporter.http.get("/probe?target=octopus")).status_code == 200


async def test_a_source_that_comes_back_goes_on_counting(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        first = (await exporter.scrape())["octopus"]["datajobs_api_requests_total"]
        for config in (text(octopus=None), text()):
            exporter.write(config)
            await exporter.reloader.reload()
        assert (await exporter.scrape())["octopus"]["datajobs_api_requests_total"] == 2 * first


async def test_another_api_under_the_same_name_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        await exporter.scrape()
        config = text()
        octopus = next(source for source in config["sources"] if source["name"] == "octopus")
        octopus["api"] = "octopus_queuing_jobs"
        del octopus["workspaces"]
        exporter.write(config)
        await exporter.reloader.reload()
        page = (await exporter.http.get("/metrics?source=octopus")).text
        assert 'api="octopus_queuing_jobs",source="octopus"' in page
        assert 'api="octopus_system_jobs"' not in page


@pytest.mark.parametrize("change", [None, {"timeout": "7s"}], ids=["gone", "changed"])
async def test_a_scrape_in_flight_ends_with_the_source_that_it_began_with(
    tmp_path: Path, change: Text | None
) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.gate.clear()
        old = exporter.transports["octopus"]
        scrape = asyncio.create_task(exporter.scrape("/metrics?source=octopus"))
        await until(lambda: collections() == {"collect octopus"})
        exporter.write(text(octopus=change))
        await exporter.reloader.reload()
        assert not scrape.done()
        assert not old.closed
        exporter.gate.set()
        found = (await scrape)["octopus"]
        assert found["datajobs_source_success"] == 1.0
        assert found["datajobs_jobs"] > 0
        await until(lambda: old.closed)
        assert {
            task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("retire")
        } == set()


async def test_a_new_scrape_does_not_wait_for_the_one_in_flight_before_the_reload(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.gate.clear()
        scrape = asyncio.create_task(exporter.scrape("/probe?target=octopus"))
        await until(lambda: collections() == {"collect octopus"})
        exporter.write(text(octopus={"workspaces": ["0"]}))
        await exporter.reloader.reload()
        again = asyncio.create_task(exporter.scrape("/probe?target=octopus"))
        await until(lambda: exporter.opened["octopus"] == 2)
        exporter.gate.set()
        both, one = (await scrape)["octopus"], (await again)["octopus"]
        assert one["datajobs_source_listed_items"] < both["datajobs_source_listed_items"]
        assert one["datajobs_scrapes_coalesced_total"] == 0


async def test_at_the_end_nothing_waits_for_a_source_that_is_gone(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.gate.clear()
        old = exporter.transports["octopus"]
        scrape = asyncio.create_task(exporter.scrape("/metrics?source=octopus"))
        await until(lambda: collections() == {"collect octopus"})
        exporter.write(text(octopus=None))
        await exporter.reloader.reload()
        async with asyncio.timeout(5):
            await exporter.scraper.aclose()
            assert (await scrape)["octopus"]["datajobs_source_success"] == 0.0
        assert old.closed
        assert collections() == set()


async def test_other_credentials_under_the_same_name_are_used_by_all_that_name_them(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        await exporter.scrape()
        config = text()
        config["credentials"]["huawei-demo"]["secret_key"] = "wrong"
        exporter.write(config)
        await exporter.reloader.reload()
        found = await exporter.scrape()
        told = {name: found[name]["datajobs_source_success"] for name in NAMES}
        assert told == {"pai-vision": 1.0, "octopus": 0.0, "octopus-queue": 0.0, "dataarts": 1.0}
        exporter.write(text())
        await exporter.reloader.reload()
        # What the cloud thought of the wrong key is not held against the right one.
        found = await exporter.scrape()
        assert {found[name]["datajobs_source_success"] for name in NAMES} == {1.0}


async def test_a_secret_that_is_rotated_in_its_file_needs_no_reload(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong")
    config = text()
    del config["credentials"]["huawei-demo"]["secret_key"]
    config["credentials"]["huawei-demo"]["secret_key_file"] = "secret"
    async with exporting(tmp_path, config) as exporter:
        assert (await exporter.scrape())["octopus"]["datajobs_source_success"] == 0.0
        before = exporter.standby("octopus")
        secret.write_text(identities.DEMO_HUAWEI_KEY.secret + "\n")
        assert (await exporter.scrape())["octopus"]["datajobs_source_success"] == 1.0
        await exporter.reloader.reload()
        assert exporter.standby("octopus") is before


async def test_a_hundred_reloads_under_scrapes_lose_no_scrape(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        failures: list[httpx.Response] = []
        stop = asyncio.Event()

        async def scrape() -> None:
            while not stop.is_set():
                response = await exporter.http.get("/metrics?source=octopus-queue")
                if (
                    'datajobs_source_success{api="octopus_queuing_jobs",source="octopus-queue"} 1.0'
                    not in response.text
                ):
                    failures.append(response)

        scrapes = [asyncio.create_task(scrape()) for _ in range(3)]
        for number in range(100):
            exporter.write(text(**{"octopus-queue": {"timeout": f"{10 + number % 3}s"}}))
            await exporter.reloader.reload()
        stop.set()
        await asyncio.gather(*scrapes)
        assert failures == []
        assert exporter.opened["octopus-queue"] > 60
