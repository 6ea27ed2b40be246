"""The real process, told by signal and over HTTP to read its configuration again."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.simulator import identities
from exporter.simulator.app import build
from exporter.simulator.faults import Faults
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from tests.cli.running import SECRETS, Running, running
from tests.reloading import START, TOKENS, Text
from tests.reloading import text as whole
from tests.scraped import read_text, samples

ENABLED = "--web.enable-lifecycle"
NAMES = {"pai-vision", "octopus", "octopus-queue", "dataarts"}


def text(**sources: Mapping[str, Any] | None) -> Text:
    """Return the demo's configuration with such changes; each source has one connection and no more."""
    return whole(**sources) | {"defaults": {"concurrency": 1}}


@dataclass
class Counted:
    """Passes requests on and remembers over which connections they came."""

    app: ASGIApp
    connections: set[object] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.connections.add(scope["client"])
        self.paths.append(scope["path"])
        await self.app(scope, receive, send)


@dataclass(kw_only=True)
class Clouds:
    """The simulated clouds in the tests' own process; what they were asked since ``fresh``."""

    url: str
    seen: Counted
    settings: Settings

    def fresh(self) -> None:
        self.seen.connections.clear()
        self.seen.paths.clear()

    @property
    def logins(self) -> int:
        return self.seen.paths.count(TOKENS)


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    settings = Settings(clock=lambda: START, tolerance=float("inf"), faults=Faults(()))
    seen = Counted(build(living_world(11, START, jobs=20), settings))
    simulator = Simulator(seen)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulator):
        yield Clouds(url=simulator.url, seen=seen, settings=settings)


@dataclass(kw_only=True)
class Exporter:
    """A running exporter and its configuration file."""

    command: Running
    url: str
    file: Path
    clouds: Clouds

    def write(self, config: Text | str) -> None:
        """Put another configuration in the place of the file's, whole, as an editor or Kubernetes does."""
        shown = config if isinstance(config, str) else yaml.safe_dump(config)
        new = self.file.with_suffix(".new")
        new.write_text(shown.replace("http://simulated", self.clouds.url))
        new.replace(self.file)

    def request(self, method: str, page: str) -> httpx.Response:
        return httpx.request(method, self.url + page, trust_env=False, timeout=30)

    def hang_up(self, words: str = "was reloaded") -> str:
        """Send SIGHUP and return the line of the log that says how it went."""
        self.command.process.send_signal(signal.SIGHUP)
        return self.command.err.wait_for(words)

    def scrape(self, page: str = "/metrics") -> dict[str, float]:
        """Return of each source whether it could be collected and, under "", how the last reload went."""
        response = self.request("GET", page)
        assert response.status_code == 200
        found = samples(read_text(response.text))
        wanted = {"datajobs_source_success", "datajobs_config_last_reload_successful"}
        return {
            dict(labels).get("source", ""): value for (name, labels), value in found.items() if name in wanted
        }


@pytest.fixture
def start(clouds: Clouds, tmp_path: Path) -> Iterator[Callable[..., Exporter]]:
    """Start the exporter with these flags; it ends with the test, well."""
    started: list[Exporter] = []
    file = tmp_path / "config.yaml"
    with ExitStack() as stack:

        def begin(*flags: str, config: Text | None = None) -> Exporter:
            file.write_text(yaml.safe_dump(config or text()).replace("http://simulated", clouds.url))
            command = stack.enter_context(
                running("--config.file", file, "--web.listen-address=127.0.0.1:0", *flags)
            )
            url = command.err.wait_for("listens on").split("listens on ")[1].partition("/metrics")[0]
            started.append(Exporter(command=command, url=url, file=file, clouds=clouds))
            return started[-1]

        yield begin
        for exporter in started:
            if exporter.command.process.poll() is None:
                assert exporter.command.end() == 0


Start = Callable[..., Exporter]
EVERY_WELL = dict.fromkeys(NAMES, 1.0) | {"": 1.0}


def test_sighup_reads_the_file_and_leaves_alone_what_did_not_change(start: Start, clouds: Clouds) -> None:
    exporter = start()
    assert exporter.scrape() == EVERY_WELL
    before = set(clouds.seen.connections)
    assert (len(before), clouds.logins) == (4, 1)
    clouds.fresh()
    exporter.write(text(octopus={"lookback": "2h"}, **{"octopus-queue": None}))
    assert "of 3 sources 2 as before, 1 changed, 0 new; 1 gone" in exporter.hang_up()
    assert exporter.scrape() == {"pai-vision": 1.0, "octopus": 1.0, "dataarts": 1.0, "": 1.0}
    assert clouds.logins == 0
    # The two that stayed are asked over the connections that were there, the changed one over its own.
    assert len(clouds.seen.connections & before) == 2
    assert len(clouds.seen.connections - before) == 1
    clouds.fresh()
    for name in ("dataarts", "pai-vision"):
        assert exporter.scrape(f"/probe?target={name}") == {name: 1.0}
    assert clouds.seen.connections <= before
    for page, status in (("/probe?target=octopus-queue", 404), ("/metrics?source=octopus-queue", 400)):
        assert exporter.request("GET", page).status_code == status
    assert "octopus-queue" not in exporter.request("GET", "/sd").text
    assert "octopus-queue" not in exporter.request("GET", "/").text


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_over_http_is_answered_when_it_is_done(start: Start, method: str) -> None:
    exporter = start(ENABLED, config=text(dataarts=None))
    assert exporter.scrape().keys() == EVERY_WELL.keys() - {"dataarts"}
    exporter.write(text())
    response = exporter.request(method, "/-/reload")
    assert (response.status_code, response.text) == (200, "reloaded\n")
    assert exporter.scrape() == EVERY_WELL


def test_without_the_flag_nobody_on_the_network_can_reload_or_end_it(start: Start) -> None:
    exporter = start()
    exporter.write("sources: [")
    for page in ("/-/reload", "/-/quit"):
        for method in ("POST", "PUT"):
            assert exporter.request(method, page).status_code == 403
        assert exporter.request("GET", page).status_code == 405
    assert exporter.scrape() == EVERY_WELL


def test_a_broken_file_is_told_whole_and_changes_nothing(start: Start, clouds: Clouds) -> None:
    exporter = start(ENABLED)
    exporter.scrape()
    before = set(clouds.seen.connections)
    config = text(octopus={"timeuot": "7s", "ca_file": "missing.pem"}, dataarts={"lookback": "soon"})
    del config["credentials"]["huawei-demo"]["secret_key"]
    config["credentials"]["huawei-demo"]["secret_key_file"] = "absent.txt"
    exporter.write(config)
    logged = exporter.hang_up("was not reloaded, the old one is still at work")
    response = exporter.request("POST", "/-/reload")
    assert response.status_code == 400
    told = response.text.splitlines()
    assert told[0].endswith("4 mistakes")
    for line, words in zip(told[1:], ("absent.txt", "ca_file", "timeuot", "lookback"), strict=True):
        assert words in line
        assert words in logged
    assert exporter.scrape() == EVERY_WELL | {"": 0.0}
    assert clouds.seen.connections == before
    exporter.write("sources: [")
    assert exporter.request("POST", "/-/reload").status_code == 400
    exporter.write(text())
    assert "of 4 sources 4 as before" in exporter.hang_up()
    assert exporter.scrape() == EVERY_WELL
    assert clouds.seen.connections == before


def test_the_configuration_is_shown_masked_before_and_after(start: Start) -> None:
    exporter = start()
    for lookback in ("1h", "2h"):
        exporter.write(text(octopus={"lookback": lookback}))
        exporter.hang_up()
        shown = exporter.request("GET", "/config").text
        assert [secret for secret in SECRETS if secret in shown] == []
        assert yaml.safe_load(shown)["sources"][1]["lookback"] == lookback


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_quit_ends_it_well(start: Start, method: str) -> None:
    exporter = start(ENABLED)
    assert exporter.request(method, "/-/quit").text == "stopping\n"
    assert exporter.command.process.wait(30) == 0
    assert any("stopping" in line for line in exporter.command.err.to_the_end())


def test_a_rotated_secret_is_used_by_the_next_scrape(start: Start, clouds: Clouds, tmp_path: Path) -> None:
    config = text()
    keys = config["credentials"]["huawei-demo"]
    (tmp_path / "secret").write_text(keys.pop("secret_key"))
    keys["secret_key_file"] = "secret"
    exporter = start(config=config)
    assert exporter.scrape() == EVERY_WELL
    key = identities.DEMO_HUAWEI_KEY
    rotated = identities.DemoKey(id=key.id, secret="RotatedSecretOfTheSimulatedCloud0000007")
    clouds.settings.huawei_keys = (rotated,)
    refused = exporter.scrape()
    assert (refused["octopus"], refused["octopus-queue"]) == (0.0, 0.0)
    (tmp_path / "secret").write_text(rotated.secret)
    assert exporter.scrape() == EVERY_WELL


def test_a_scrape_in_flight_is_finished_by_the_source_that_is_gone(start: Start, clouds: Clouds) -> None:
    exporter = start()
    entered, go_on = Event(), Event()

    def hold() -> None:
        # In the clouds' own thread: they answer nobody meanwhile.
        entered.set()
        go_on.wait(20)

    clouds.settings.before_request = hold
    with start_blocking_portal() as portal:
        scrape = portal.start_task_soon(_get, f"{exporter.url}/metrics?source=octopus")
        assert entered.wait(20)
        exporter.write(text(octopus=None))
        assert "1 gone" in exporter.hang_up()
        assert exporter.request("GET", "/probe?target=octopus").status_code == 404
        clouds.settings.before_request = None
        go_on.set()
        answer = scrape.result(30)
    assert 'datajobs_source_success{api="octopus_system_jobs",source="octopus"} 1.0' in answer
    assert "octopus" not in exporter.scrape()


async def _get(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return (await http.get(url)).text


def test_many_signals_at_once_harm_nothing(start: Start, clouds: Clouds) -> None:
    exporter = start(ENABLED)
    exporter.scrape()
    before = set(clouds.seen.connections)
    for _ in range(20):
        exporter.command.process.send_signal(signal.SIGHUP)
        assert exporter.request("POST", "/-/reload").status_code == 200
    assert exporter.scrape() == EVERY_WELL
    assert clouds.seen.connections == before
