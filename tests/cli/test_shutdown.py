"""How the exporter ends: a real process, and clouds that take their time."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from exporter.commands.simulate import CONFIG
from exporter.simulator.app import build, request_log
from exporter.simulator.faults import Faults
from exporter.simulator.log import RequestLog
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.web.server import LAST_WORDS, PATIENCE
from tests.cli.running import Running, config_file, running
from tests.e2e.watching import eventually

START = 1_900_000_000.0
OCTOPUS = 'datajobs_source_success{api="octopus_system_jobs",source="octopus"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """Clouds that answer late."""

    url: str
    log: RequestLog


@contextmanager
def clouds(seconds: float) -> Iterator[Clouds]:
    """Serve clouds that take so long for each answer."""
    faults = Faults([f"slow={seconds}"])
    settings = Settings(clock=lambda: START, tolerance=float("inf"), faults=faults)
    app = build(living_world(3, START, jobs=20), settings)
    simulator = Simulator(app)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulator):
        yield Clouds(url=simulator.url, log=request_log(app))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The exporter, and a scrape of it that waits for a cloud."""

    exporter: Running
    answer: Iterator[httpx.Response]


@contextmanager
def scraping(folder: Path, seconds: float) -> Iterator[Scene]:
    """Run the exporter; a scrape is in flight when the block begins."""
    with clouds(seconds) as late, ThreadPoolExecutor(1) as pool:
        path = config_file(folder, "defaults: {timeout: 60s}\n" + CONFIG)
        with running(
            "--config.file", path, "--web.listen-address=127.0.0.1:0", SIMULATED=late.url
        ) as exporter:
            address = exporter.err.wait_for("listens on").split()[-1].strip('"')
            page = address.replace("/metrics", "/probe?target=octopus")
            scrape = pool.map(lambda url: httpx.get(url, trust_env=False, timeout=30), [page])
            assert eventually(lambda: late.log.in_flight, bool)
            yield Scene(exporter=exporter, answer=scrape)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_scrape_in_flight_is_finished(tmp_path: Path, number: signal.Signals) -> None:
    with scraping(tmp_path, seconds=1.0) as scene:
        assert scene.exporter.end(number) == 0
        response = next(scene.answer)
    assert response.status_code == 200
    assert f"{OCTOPUS} 1.0\n" in response.text
    assert "stopping" in scene.exporter.err.lines[-1]


def test_a_scrape_that_takes_too_long_is_answered_as_failed_and_the_status_is_good(tmp_path: Path) -> None:
    with scraping(tmp_path, seconds=600.0) as scene:
        began = time.monotonic()
        assert scene.exporter.end() == 0
        took = time.monotonic() - began
        response = next(scene.answer)
    assert PATIENCE <= took < PATIENCE + LAST_WORDS
    assert response.status_code == 200
    assert f"{OCTOPUS} 0.0\n" in response.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with scraping(tmp_path, seconds=600.0) as scene:
        scene.exporter.process.send_signal(signal.SIGTERM)
        scene.exporter.err.wait_for("stopping")
        began = time.monotonic()
        assert scene.exporter.end(number) == 128 + number
        assert time.monotonic() - began < PATIENCE / 2
        with pytest.raises(httpx.TransportError):
            next(scene.answer)
