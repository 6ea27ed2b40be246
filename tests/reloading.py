"""An exporter over a configuration file that a test rewrites, in one process and without sockets."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from exporter.apis import APIS
from exporter.assembly import Assembly
from exporter.commands.simulate import CONFIG
from exporter.config import Config, Source, load
from exporter.instruments import Instruments
from exporter.reload import Reloader
from exporter.scrape import Scraper, Standby
from exporter.simulator.app import build, request_log
from exporter.simulator.log import RequestLog
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.web.app import Web
from exporter.web.lifecycle import Lifecycle
from tests.scraped import read_text, samples

START = 1_900_000_000.0
TOKENS = "/v3/auth/tokens"

Text = dict[str, Any]
"""A configuration as YAML reads it."""


def text(**sources: Mapping[str, Any] | None) -> Text:
    """Return the demo's configuration; None removes a source, anything else changes or adds one."""
    found: Text = yaml.safe_load(CONFIG.replace("${SIMULATED}", "http://simulated"))
    known = {source["name"]: source for source in found["sources"]}
    for name, change in sources.items():
        if change is None:
            del known[name]
        else:
            known[name] = known.get(name, {"name": name}) | dict(change)
    found["sources"] = list(known.values())
    return found


class Gated(httpx.AsyncBaseTransport):
    """Passes requests on to the simulated clouds while the gate is open."""

    def __init__(self, inner: httpx.AsyncBaseTransport, gate: asyncio.Event) -> None:
        self._inner = inner
        self._gate = gate
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._gate.wait()
        assert not self.closed
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        self.closed = True


@dataclass(kw_only=True)
class Exporter:
    """What a test holds of an exporter."""

    path: Path
    clouds: RequestLog
    settings: Settings
    opened: Counter[str] = field(default_factory=Counter)
    """How often a client was made for a source."""
    transports: dict[str, Gated] = field(default_factory=dict)
    """The newest of each source."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: int = 0
    instruments: Instruments = field(default_factory=Instruments)
    scraper: Scraper = field(init=False)
    reloader: Reloader = field(init=False)
    http: httpx.AsyncClient = field(init=False)

    def write(self, config: Text | str) -> None:
        """Put another configuration in the place of the file's."""
        self.path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))

    def read(self) -> Config:
        return load(self.path, APIS, {})

    def standby(self, name: str) -> Standby:
        return self.scraper.standbys[name]

    async def scrape(self, page: str = "/metrics") -> dict[str, dict[str, float]]:
        """Return, of each source, the families about it with the sum of their samples."""
        response = await self.http.get(page)
        assert response.status_code == 200
        found: dict[str, dict[str, float]] = {}
        for (family, labels), value in samples(read_text(response.text)).items():
            of_source = found.setdefault(dict(labels).get("source", ""), {})
            of_source[family] = of_source.get(family, 0.0) + value
        return found

    def logins(self) -> int:
        """Return how often somebody asked for a token."""
        return sum(entry.path == TOKENS for entry in self.clouds.entries)


@asynccontextmanager
async def exporting(
    folder: Path, config: Text | None = None, *, enabled: bool = True
) -> AsyncIterator[Exporter]:
    """Serve the demo's sources; the gate to the clouds is open."""
    settings = Settings(clock=lambda: START, tolerance=float("inf"))
    app = build(living_world(7, START, jobs=20), settings)
    exporter = Exporter(path=folder / "config.yaml", clouds=request_log(app), settings=settings)
    exporter.gate.set()
    exporter.write(config or text())

    def connect(endpoint: str, source: Source) -> httpx.AsyncClient:
        exporter.opened[source.name] += 1
        transport = Gated(httpx.ASGITransport(app), exporter.gate)
        exporter.transports[source.name] = transport
        return httpx.AsyncClient(transport=transport, base_url=endpoint)

    def stop() -> None:
        exporter.stopped += 1

    first = exporter.read()
    assembly = Assembly(exporter.instruments, connect)
    exporter.scraper = Scraper(assembly.standbys(first, {}))
    exporter.reloader = Reloader(exporter.read, first, assembly, exporter.scraper, exporter.instruments)
    lifecycle = Lifecycle(exporter.reloader, stop, enabled=enabled)
    web = Web(exporter.scraper, exporter.instruments, "/metrics", lifecycle.routes()).application()
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(web), base_url="http://exporter:9788"
        ) as exporter.http:
            yield exporter
    finally:
        exporter.gate.set()
        await exporter.scraper.aclose()
