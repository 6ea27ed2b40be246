"""No output that the program can make shows a secret: logs, pages, metrics, tables, tracebacks."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from exporter.apis import APIS
from exporter.assembly import Assembly
from exporter.clouds.login import EXPLAIN
from exporter.commands import check
from exporter.config import ConfigError, load
from exporter.credentials import Secret, without_secrets
from exporter.instruments import Instruments
from exporter.logs import LineFormatter
from exporter.reload import Reloader
from exporter.scrape import Scraper
from exporter.simulator.serve import Simulator
from exporter.transport import way_to
from exporter.web.app import Web
from exporter.web.lifecycle import Lifecycle
from tests.planting import (
    BROKEN,
    CONFIG,
    ENVIRONMENT,
    OF_CLOUDS,
    PATHS,
    PROXY,
    SECRETS,
    SHAPES,
    echoing,
    found,
    planted,
)


def test_what_is_planted_would_be_found() -> None:
    for kind, secret in SECRETS.items():
        assert kind in found(f"so {secret[3:]}")
        assert kind in found(json.dumps(secret[:-3]))
    assert found("nothing of it") == []


@pytest.mark.parametrize("cloud", EXPLAIN)
@pytest.mark.parametrize("kind", OF_CLOUDS)
def test_what_a_cloud_sends_back_is_masked_whatever_it_looks_like(cloud: str, kind: str) -> None:
    living = Secret(SECRETS[kind])
    for shape in SHAPES:
        for told in (living.reveal(), f"at {living.reveal()}, sorry", f"token={living.reveal()}&x=1"):
            status, headers, body = shape(told)
            error = EXPLAIN[cloud](status, httpx.Headers(headers), body.encode(), what="GET /jobs")
            assert found(str(error), repr(error), error.code or "", error.fact, error.hint) == []


class Exporter:
    """The exporter's pages in this process, over clouds on a real socket."""

    def __init__(self, http: httpx.AsyncClient, scraper: Scraper) -> None:
        self.http = http
        self.scraper = scraper

    async def pages(self) -> AsyncIterator[str]:
        """Yield what each page shows, headers included."""
        for path in PATHS:
            for accept in ("text/plain", "application/openmetrics-text"):
                response = await self.http.get(path, headers={"accept": accept})
                yield f"{response.headers} {response.text}"


@asynccontextmanager
async def exporter(folder: Path, url: str) -> AsyncIterator[Exporter]:
    """Serve the planted configuration over the cloud at an address."""
    path = planted(folder)

    def read() -> object:
        return load(path, APIS, ENVIRONMENT | {"SIMULATED": url})

    config = load(path, APIS, ENVIRONMENT | {"SIMULATED": url})
    instruments = Instruments()
    assembly = Assembly(instruments)
    scraper = Scraper(assembly.standbys(config, {}))
    reloader = Reloader(read, config, assembly, scraper, instruments)  # type: ignore[arg-type]
    routes = Lifecycle(reloader, lambda: None, enabled=True).routes()
    app = Web(scraper, instruments, "/metrics", routes).application()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as http:
            yield Exporter(http, scraper)
    finally:
        await scraper.aclose()


async def test_pages_and_logs_of_every_library_show_nothing_that_a_cloud_sends_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    seen, cloud = [], echoing()
    async with Simulator(cloud) as listening, exporter(tmp_path, listening.url) as served:
        while cloud.state.left > 0:
            seen += [(await served.http.get(path)).text for path in ("/metrics", "/")]
            impatient(served)
        seen += [page async for page in served.pages()]
    assert found(*seen) == []
    raw = {f"{record.getMessage()} {record.args} {record.__dict__.get('code')}" for record in caplog.records}
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"exporter", "httpx", "asyncio"}
    assert found(*raw) == []


def impatient(served: Exporter) -> None:
    """Forget that credentials were refused, so that the cloud is asked again at once."""
    for standby in served.scraper.standbys.values():
        standing = standby.source._client._standing
        standing._refused_until = 0.0


async def test_a_check_shows_nothing_that_a_cloud_sends_back(tmp_path: Path) -> None:
    path = planted(tmp_path)
    cloud = echoing()
    async with Simulator(cloud) as listening:
        config = load(path, APIS, ENVIRONMENT | {"SIMULATED": listening.url})
        while cloud.state.left > 0:
            with Console(record=True, width=200, quiet=True) as console:
                report = await check.check(config, 60.0, console)
                check.show(report, console)
            assert not report.good
            assert found(console.export_text(), repr(report), check.as_json(report)) == []


async def test_a_reload_of_a_broken_file_shows_nothing_of_it(tmp_path: Path) -> None:
    async with Simulator(echoing()) as clouds, exporter(tmp_path, clouds.url) as served:
        planted(tmp_path, BROKEN)
        response = await served.http.post("/-/reload")
    assert response.status_code == 400
    assert "acess_key" in response.text
    assert found(response.text) == []


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize("kind", SECRETS)
def test_a_traceback_of_a_bug_shows_no_secret_that_the_program_holds(form: str, kind: str) -> None:
    held = Secret(SECRETS[kind])
    record = logging.LogRecord("exporter", logging.ERROR, __file__, 1, "a bug", (), None)
    error = ValueError(f"header value {held.reveal()!r} is no good")
    record.exc_info = (ValueError, error, None)
    line = LineFormatter(form, without_secrets).format(record)
    assert "is no good" in line
    assert found(line) == []


@pytest.mark.parametrize("name", ["credentials.files", "sources[0]", "defaults"])
def test_mistakes_of_a_configuration_show_no_secret(tmp_path: Path, name: str) -> None:
    text = {
        "credentials.files": BROKEN,
        "sources[0]": CONFIG.replace("[d-1]", "[d 1]"),
        "defaults": CONFIG.replace("500ms", "two"),
    }[name]
    with pytest.raises(ConfigError) as caught:
        load(planted(tmp_path, text), APIS, ENVIRONMENT | {"SIMULATED": "http://127.0.0.1:1"})
    assert any(mistake.path.startswith(name) for mistake in caught.value.mistakes)
    assert found(str(caught.value), repr(caught.value), repr(caught.value.mistakes)) == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_a_proxy_sends_back_of_our_login_to_it_is_masked(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://user:{PROXY}@proxy.example:3128")
    way = way_to(httpx.URL(f"{scheme}://cloud.example"))
    login = base64.b64encode(f"user:{PROXY}".encode()).decode()
    assert login in str(way.headers) + str(way.proxy_headers)
    told = {"message": f"user with {PROXY} ({login}) may not pass"}
    error = EXPLAIN["alibaba"](407, httpx.Headers(), json.dumps(told).encode(), what="GET /jobs")
    assert "may not pass" in str(error)
    assert found(str(error)) == []
