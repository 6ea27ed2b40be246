from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from exporter.commands.simulate import CONFIG
from exporter.simulator.app import build
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.simulator.world.world import World
from tests.cli.running import config_file, running
from tests.e2e.watching import Watcher, prometheus, with_defaults

START = 1_900_000_000.0
"""Time stands still in the simulated clouds, so that what is true does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """The simulated clouds in the tests' own process."""

    world: World
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Prometheus, and the addresses that it scrapes."""

    watcher: Watcher
    exporter: str
    demo: str


@pytest.fixture(scope="package")
def clouds() -> Iterator[Clouds]:
    """Serve a world whose clock stands still."""
    world = living_world(11, START, jobs=60)
    simulator = Simulator(build(world, Settings(clock=lambda: START, tolerance=float("inf"))))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulator):
        yield Clouds(world=world, url=simulator.url)


@pytest.fixture(scope="package")
def exporter(clouds: Clouds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the exporter on those clouds."""
    folder = tmp_path_factory.mktemp("exporter")
    path = config_file(folder, with_defaults(CONFIG, requests_per_second=10_000))
    with running("--config.file", path, "--web.listen-address=127.0.0.1:0", SIMULATED=clouds.url) as command:
        line = command.err.wait_for("listens on")
        yield line.split("listens on ")[1].removesuffix('/metrics"')
        assert command.end() == 0
        assert "level=warning" not in "".join(command.err.lines)


@pytest.fixture(scope="package")
def demo() -> Iterator[str]:
    """The address of a demo."""
    with running("demo", "--web.listen-address=127.0.0.1:0", "--jobs=30") as command:
        line = command.out.wait_for("status page")
        yield line.split()[-1].removesuffix("/")
        assert command.end() == 0


@pytest.fixture(scope="package")
def scene(exporter: str, demo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Prometheus scrapes the exporter whole and source by source, and the demo."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    quick = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    address = exporter.removeprefix("http://")
    jobs: list[dict[str, object]] = [
        {"job_name": "whole", **quick, "static_configs": [{"targets": [address]}]},
        {
            "job_name": "probed",
            **quick,
            "http_sd_configs": [{"url": f"{exporter}/sd", "refresh_interval": "1s"}],
            "relabel_configs": [{"source_labels": ["__meta_datajobs_region"], "target_label": "region"}],
        },
        {
            "job_name": "demo",
            "scrape_interval": "2s",
            "scrape_timeout": "2s",
            "static_configs": [{"targets": [demo.removeprefix("http://")]}],
        },
    ]
    with prometheus(folder, jobs) as watcher:
        yield Scene(watcher=watcher, exporter=exporter, demo=demo)
