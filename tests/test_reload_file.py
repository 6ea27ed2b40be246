import asyncio
import logging
import threading
from pathlib import Path

import pytest

from exporter.assembly import Assembly
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.reload import Reloader, ReloadError
from exporter.scrape import Scraper
from tests.reloading import Exporter, Text, exporting, text
from tests.web.served import until

NAMES = ["pai-vision", "octopus", "octopus-queue", "dataarts"]
PLANTED = "PlantedSecretThatNobodyMaySee"


def state(exporter: Exporter) -> float | None:
    """Return what the metric says of the last reload."""
    for family in exporter.instruments.about_exporter():
        if family.name == "datajobs_config_last_reload_successful":
            return family.samples[0].value
    return None


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
