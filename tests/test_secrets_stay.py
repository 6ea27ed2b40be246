"""No output that the program can make shows a secret: logs, pages, metrics, tables, tracebacks."""

import asyncio
import base64
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
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
from tests.cli.running import PATIENCE, environment, running
from tests.planting import (
    CONFIG,
    ENVIRONMENT,
    HASH,
    OF_CLOUDS,
    PAGES,
    PROXY,
    SECRETS,
    SHAPES,
    echoing,
    found,
    planted,
)

PATHS = (
    "/",
    "/config",
    "/metrics",
    "/probe?target=pai",
    "/probe?target=dataarts",
    "/sd",
    "/-/healthy",
    "/-/ready",
    "/nothing",
)
BROKEN = CONFIG.replace(" access_key:", " acess_key:").replace("500ms", "2")


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


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """The address of a cloud that sends secrets back."""
    simulator = Simulator(echoing())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulator):
        yield simulator.url


def ended(*arguments: str | Path, code: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run the program to its end in a process, perhaps with a bug that ``code`` plants."""
    program = f"import sys\n{code}\nfrom exporter.cli import main\nsys.argv[0] = 'datajobs-exporter'\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment(**ENVIRONMENT, **changes),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "--output", "json"], ["check", "--offline"], ["once"]],
    ids=" ".join,
)
def test_no_command_shows_a_secret(tmp_path: Path, cloud: str, arguments: list[str]) -> None:
    path = planted(tmp_path)
    for _ in range(3):
        process = ended(*arguments, "--config.file", path, SIMULATED=cloud)
        assert process.returncode == (0 if "--offline" in arguments else 1)
        assert found(process.stdout, process.stderr) == []


@pytest.mark.parametrize("command", ["check", "once", ""])
def test_no_command_shows_a_secret_of_a_broken_file(tmp_path: Path, command: str) -> None:
    process = ended(*command.split(), "--config.file", planted(tmp_path, BROKEN))
    assert process.returncode == 2
    assert "acess_key" in process.stderr
    assert found(process.stdout, process.stderr) == []


def test_a_login_to_a_proxy_shows_nowhere(tmp_path: Path) -> None:
    proxy = f"http://user:{PROXY}@127.0.0.1:1"
    process = ended(
        "check", "--config.file", planted(tmp_path), SIMULATED="http://cloud.invalid", http_proxy=proxy
    )
    assert process.returncode == 1
    assert "4 of 4 sources failed" in process.stdout
    assert found(process.stdout, process.stderr) == []


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


BUG = """
import exporter.credentials, exporter.{module} as module
def bug(*_, **__):
    raise ValueError("a planted bug: " + " ".join(exporter.credentials.Secret.living()))
module.{name} = bug
"""


def test_a_bug_that_ends_a_command_shows_no_secret(tmp_path: Path, cloud: str) -> None:
    code = BUG.format(module="commands.once", name="generate_latest")
    process = ended("once", "--config.file", planted(tmp_path), code=code, SIMULATED=cloud)
    assert process.returncode == 1
    assert "a planted bug: " in process.stderr
    assert "<secret>" in process.stderr
    assert found(process.stdout, process.stderr) == []


@pytest.mark.parametrize(("module", "name"), [("collector", "families"), ("source", "merged")])
async def test_a_bug_that_strikes_a_scrape_shows_no_secret(
    tmp_path: Path, cloud: str, module: str, name: str
) -> None:
    code = f"import sys\n{BUG.format(module=module, name=name)}\nfrom exporter.cli import main\nmain()"
    if module == "source":
        code = code.replace("module.merged = bug", "module.Source._read_all = bug")
    arguments = ["--config.file", str(planted(tmp_path)), "--web.listen-address", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments),
        env=environment(**ENVIRONMENT, SIMULATED=cloud),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    pages, url = [], line.split("listens on ")[1].split("/metrics")[0]
    for path in ("/metrics", "/", "/metrics"):
        async with httpx.AsyncClient(base_url=url) as http:  # a bug may end the connection
            pages.append((await http.get(path)).text)
    process.terminate()
    told = line + (await process.stderr.read()).decode()
    await process.wait()
    assert "a planted bug: " in told
    assert found(told, *pages) == []


def test_the_exporter_itself_shows_no_secret_of_its_clouds_nor_of_its_own_pages(
    tmp_path: Path, cloud: str
) -> None:
    web = tmp_path / "web.yaml"
    web.write_text(json.dumps({"basic_auth_users": {"prometheus": HASH}}))
    arguments: list[str | Path] = ["--config.file", planted(tmp_path), "--web.config.file", web]
    arguments.append("--web.enable-lifecycle")
    options = [*arguments, "--web.listen-address=127.0.0.1:0", "--log.level=debug", "--log.format=json"]
    seen = []
    with running(*options, **ENVIRONMENT, SIMULATED=cloud) as command:
        line = command.err.wait_for("listens on")
        url = json.loads(line)["msg"].split("listens on ")[1].removesuffix("/metrics")
        with httpx.Client(base_url=url) as http:
            for auth in (None, ("prometheus", PAGES[:-1]), ("prometheus", PAGES)):
                for path in PATHS:
                    response = http.get(path, auth=auth)
                    assert (response.status_code == 401) is (auth != ("prometheus", PAGES))
                    seen.append(f"{response.headers} {response.text}")
            planted(tmp_path, BROKEN)
            refused = http.post("/-/reload", auth=("prometheus", PAGES))
            assert refused.status_code == 400
            web.write_text(json.dumps({"basic_auth_users": {"prometheus": PAGES}}))
            seen += [refused.text, http.get("/", auth=("prometheus", PAGES)).text]
        assert command.end() == 0
    assert found(*seen, *command.out.lines, *command.err.lines) == []
