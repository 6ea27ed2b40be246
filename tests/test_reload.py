import asyncio
import logging
import threading
from pathlib import Path

import httpx
import pytest

from exporter.assembly import Assembly
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.reload import Reloader, ReloadError
from exporter.scrape import Scraper
from exporter.simulator import identities
from tests.reloading import Exporter, Text, exporting, text
from tests.web.served import collections, until

NAMES = ["pai-vision", "octopus", "octopus-queue", "dataarts"]
PLANTED = "PlantedSecretThatNobodyMaySee"


def state(exporter: Exporter) -> float | None:
    """Return what the metric says of the last reload."""
    for family in exporter.instruments.about_exporter():
        if family.name == "datajobs_config_last_reload_successful":
            return family.samples[0].value
    return None


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


async def test_a_file_that_is_no_good_leaves_the_old_configuration_at_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with exporting(tmp_path) as exporter:
        await exporter.scrape()
        before, config, opened = dict(exporter.scraper.standbys), exporter.reloader.config, +exporter.opened
        assert state(exporter) == 1.0
        exporter.write(
            text(octopus={"timeuot": "7s"}, dataarts={"lookback": "soon"}, other={"api": "pai_jobs"})
        )
        with pytest.raises(ReloadError) as caught:
            await exporter.reloader.reload()
        for mistake in ("timeuot", "did you mean timeout?", "lookback", "soon", "pai_jobs"):
            assert mistake in str(caught.value)
        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.getMessage().endswith(str(caught.value))
        assert state(exporter) == 0.0
        assert (exporter.reloader.config, exporter.opened) == (config, opened)
        assert dict(exporter.scraper.standbys) == before
        assert (await exporter.scrape())["octopus"]["datajobs_source_success"] == 1.0
        exporter.write(text())
        await exporter.reloader.reload()
        assert state(exporter) == 1.0
        assert dict(exporter.scraper.standbys) == before


async def test_the_time_of_the_last_good_reload_stays_while_the_file_is_no_good(tmp_path: Path) -> None:
    def time_of(exporter: Exporter) -> float:
        name = "datajobs_config_last_reload_success_timestamp_seconds"
        return next(f.samples[0].value for f in exporter.instruments.about_exporter() if f.name == name)

    async with exporting(tmp_path) as exporter:
        first = time_of(exporter)
        exporter.write("sources: [")
        with pytest.raises(ReloadError):
            await exporter.reloader.reload()
        assert time_of(exporter) == first
        exporter.write(text())
        await exporter.reloader.reload()
        assert time_of(exporter) > first


@pytest.mark.parametrize(
    "broken",
    [
        "sources: [",
        "\0",
        "",
        text(octopus={"ca_file": "missing.pem"}),
        text(octopus={"ca_file": "config.yaml"}),
        text(octopus={"credentials": "nobody"}),
        text()
        | {"credentials": {"huawei-demo": {"cloud": "huawei", "access_key": "A", "secret_key_file": "no"}}},
        text()
        | {"credentials": {"huawei-demo": {"cloud": "huawei", "access_key": PLANTED, "secret_kye": PLANTED}}},
    ],
    ids=["yaml", "nul", "empty", "ca-missing", "ca-nonsense", "credentials", "secret-file", "secret-key"],
)
async def test_whatever_is_wrong_with_a_file_is_said_without_its_secrets(
    tmp_path: Path, broken: Text | str, caplog: pytest.LogCaptureFixture
) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.write(broken)
        with pytest.raises(ReloadError) as caught:
            await exporter.reloader.reload()
        assert str(exporter.path) in str(caught.value)
        assert PLANTED not in str(caught.value) + caplog.text
        assert (caught.value.__cause__, caught.value.__context__) == (
            None,
            None,
        ) or caught.value.__suppress_context__
        assert state(exporter) == 0.0
        assert list(exporter.scraper.names) == NAMES


async def test_a_file_that_is_gone_leaves_the_old_configuration_at_work(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.path.unlink()
        with pytest.raises(ReloadError, match="No such file"):
            await exporter.reloader.reload()
        assert list(exporter.scraper.names) == NAMES


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


async def test_reloads_take_turns_and_the_last_one_stands(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        reading, most = 0, 0
        read_may_end = threading.Event()
        configs = [text(octopus=None), text(dataarts=None)]

        def read() -> Config:
            nonlocal reading, most
            reading, most = reading + 1, max(most, reading + 1)
            exporter.write(configs.pop(0))
            read_may_end.wait(10)
            reading -= 1
            return exporter.read()

        reloader = Reloader(
            read,
            exporter.reloader.config,
            Assembly(exporter.instruments),
            exporter.scraper,
            exporter.instruments,
        )
        both = asyncio.gather(reloader.reload(), reloader.reload())
        await until(lambda: reading == 1)
        # Meanwhile scrapes are answered.
        assert (await exporter.scrape("/probe?target=octopus"))["octopus"]["datajobs_source_success"] == 1.0
        read_may_end.set()
        await both
        assert most == 1
        assert exporter.scraper.names == ("pai-vision", "octopus", "octopus-queue")
        assert [source.name for source in reloader.config.sources] == [
            "pai-vision",
            "octopus",
            "octopus-queue",
        ]


async def test_a_bug_while_the_file_is_read_is_no_success(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:

        def read() -> Config:
            raise ZeroDivisionError

        instruments = Instruments()
        reloader = Reloader(read, exporter.reloader.config, Assembly(instruments), Scraper([]), instruments)
        with pytest.raises(ZeroDivisionError):
            await reloader.reload()
        assert [
            f.samples[0].value for f in instruments.about_exporter() if f.name.endswith("_successful")
        ] == [0.0]


async def test_the_log_says_what_became_of_the_sources(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "exporter.reload")
    async with exporting(tmp_path) as exporter:
        config = text(octopus={"timeout": "7s"}, dataarts=None)
        config["sources"] += [{**config["sources"][0], "name": name} for name in ("x", "y")]
        exporter.write(config)
        await exporter.reloader.reload()
    assert caplog.messages == [
        "the configuration was reloaded: of 5 sources 2 as before, 1 changed, 2 new; 1 gone"
    ]


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
