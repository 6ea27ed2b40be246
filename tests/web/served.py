"""The exporter's pages over simulated clouds, all in one process and without sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from starlette.applications import Starlette

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.commands.simulate import CONFIG
from exporter.config import Config, Source, load
from exporter.instruments import Instruments
from exporter.scrape import Scraper
from exporter.simulator.app import build, request_log
from exporter.simulator.faults import Faults
from exporter.simulator.log import RequestLog
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.web.app import Web

START = 1_900_000_000.0
NAMES = ("pai-vision", "octopus", "octopus-queue", "dataarts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The exporter as a scraper sees it, and what its clouds were asked."""

    http: httpx.AsyncClient
    app: Starlette
    scraper: Scraper
    faults: Faults
    clouds: RequestLog


def configuration(folder: Path, **changes: float | str) -> Config:
    """Return the demo's configuration; every source changed alike."""
    path = folder / "demo.yaml"
    path.write_text(CONFIG)
    config = load(path, APIS, {"SIMULATED": "http://simulated"})
    return Config(sources=tuple(msgspec.structs.replace(source, **changes) for source in config.sources))


@asynccontextmanager
async def served(
    folder: Path,
    *,
    faults: Sequence[str] = (),
    telemetry_path: str = "/metrics",
    max_requests: int = 0,
    **changes: float | str,
) -> AsyncIterator[Served]:
    """Serve a small world whose time stands still."""
    settings = Settings(clock=lambda: START, tolerance=float("inf"), faults=Faults(faults))
    clouds = build(living_world(7, START, jobs=20), settings)

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(clouds), base_url=endpoint)

    instruments = Instruments()
    config = configuration(folder, requests_per_second=1e9, **changes)
    scraper = assemble(config, instruments, connect)
    app = Web(scraper, instruments, telemetry_path, max_requests=max_requests).application()
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://exporter:9788"
        ) as http:
            http.headers.clear()  # what a test does not send is not sent
            yield Served(
                http=http, app=app, scraper=scraper, faults=settings.faults, clouds=request_log(clouds)
            )
    finally:
        await scraper.aclose()


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Let the loop turn until the condition holds; TimeoutError where it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


def collections() -> set[str]:
    """Return the names of the collections that are under way."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("collect ")}
