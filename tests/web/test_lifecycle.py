from pathlib import Path

import pytest
import yaml

from exporter.simulator import identities
from tests.reloading import Exporter, exporting, text

SECRETS = (
    identities.DEMO_ALIBABA_KEY.secret,
    identities.DEMO_HUAWEI_KEY.secret,
    identities.DEMO_HUAWEI_USER.password,
)
METHODS = pytest.mark.parametrize("method", ["POST", "PUT"])


async def successful(exporter: Exporter) -> float:
    """Return what a scrape says of the last reload."""
    return (await exporter.scrape("/metrics?source=octopus"))[""]["datajobs_config_last_reload_successful"]


@METHODS
async def test_a_good_file_is_put_to_work(tmp_path: Path, method: str) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.write(text(dataarts=None))
        response = await exporter.http.request(method, "/-/reload")
        assert (response.status_code, response.text) == (200, "reloaded\n")
        assert "dataarts" not in exporter.scraper.names
        assert await successful(exporter) == 1.0


@METHODS
async def test_a_bad_file_is_answered_with_every_mistake(tmp_path: Path, method: str) -> None:
    async with exporting(tmp_path) as exporter:
        config = text(octopus={"timeuot": "7s", "ca_file": "missing.pem"}, dataarts={"lookback": "soon"})
        del config["credentials"]["huawei-demo"]["secret_key"]
        config["credentials"]["huawei-demo"]["secret_key_file"] = "absent.txt"
        exporter.write(config)
        response = await exporter.http.request(method, "/-/reload")
        assert response.status_code == 400
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        told = response.text.splitlines()
        for mistake in (
            ("octopus", "timeuot", "did you mean timeout?"),
            ("octopus", "ca_file", "there is no such file"),
            ("dataarts", "lookback", '"soon" is not a duration'),
            ("huawei-demo", "secret_key_file", "absent.txt", "No such file"),
        ):
            assert [line for line in told if all(part in line for part in mistake)] != []
        assert await successful(exporter) == 0.0
        exporter.write(text())
        assert (await exporter.http.request(method, "/-/reload")).status_code == 200
        assert await successful(exporter) == 1.0


@METHODS
@pytest.mark.parametrize("page", ["/-/reload", "/-/quit"])
async def test_neither_is_done_unless_that_was_allowed(tmp_path: Path, method: str, page: str) -> None:
    async with exporting(tmp_path, enabled=False) as exporter:
        exporter.write("sources: [")
        response = await exporter.http.request(method, page)
        assert (response.status_code, exporter.stopped) == (403, 0)
        assert response.text == "not enabled; start with --web.enable-lifecycle\n"
        assert await successful(exporter) == 1.0


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("page", ["/-/reload", "/-/quit"])
async def test_who_only_follows_a_link_does_neither(
    tmp_path: Path, method: str, page: str, enabled: bool
) -> None:
    async with exporting(tmp_path, enabled=enabled) as exporter:
        exporter.write("sources: [")
        response = await exporter.http.request(method, page)
        assert (response.status_code, exporter.stopped) == (405, 0)
        assert {name.strip() for name in response.headers["allow"].split(",")} == {"POST", "PUT"}
        assert await successful(exporter) == 1.0


@METHODS
async def test_it_can_be_told_to_end(tmp_path: Path, method: str) -> None:
    async with exporting(tmp_path) as exporter:
        response = await exporter.http.request(method, "/-/quit")
        assert (response.status_code, response.text, exporter.stopped) == (200, "stopping\n", 1)


@pytest.mark.parametrize("enabled", [True, False])
async def test_the_configuration_in_use_is_shown_without_its_secrets(tmp_path: Path, enabled: bool) -> None:
    async with exporting(tmp_path, enabled=enabled) as exporter:
        response = await exporter.http.get("/config")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert [secret for secret in SECRETS if secret in response.text] == []
        shown = yaml.safe_load(response.text)
        assert [source["name"] for source in shown["sources"]] == list(exporter.scraper.names)
        assert shown["sources"][0]["timeout"] == "10s"  # a default
        assert shown["credentials"]["huawei-demo"]["secret_key"] == "<secret>"


async def test_what_is_shown_is_what_is_at_work_and_not_what_the_file_says(tmp_path: Path) -> None:
    async with exporting(tmp_path) as exporter:
        exporter.write(text(octopus={"timeout": "soon"}, dataarts=None))
        await exporter.http.post("/-/reload")
        shown = yaml.safe_load((await exporter.http.get("/config")).text)
        assert [source["name"] for source in shown["sources"]] == list(exporter.scraper.names)
        exporter.write(text(octopus={"timeout": "7s"}, dataarts=None))
        await exporter.http.post("/-/reload")
        shown = yaml.safe_load((await exporter.http.get("/config")).text)
        assert [(source["name"], source["timeout"]) for source in shown["sources"]] == [
            ("pai-vision", "10s"),
            ("octopus", "7s"),
            ("octopus-queue", "10s"),
        ]
