"""A day in a few minutes: the exporter on clouds in memory, on a loop whose clock is turned on."""

import asyncio
import concurrent.futures
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml
from starlette.applications import Starlette

from exporter.apis import APIS
from exporter.assembly import Assembly
from exporter.config import Source, load
from exporter.instruments import Instruments
from exporter.logs import LineFormatter
from exporter.reload import Reloader
from exporter.scrape import Scraper
from exporter.simulator import identities as demo
from exporter.simulator.identities import PAI_WORKSPACES
from exporter.simulator.world.living import living_world
from exporter.simulator.world.pai import Dataset
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Timeline
from exporter.simulator.world.world import World
from exporter.web.app import Web
from exporter.web.lifecycle import Lifecycle
from tests.turned import TurnedLoop

HOUR = 3600.0
POPULATIONS = 4
"""So many crowds of jobs take turns in what comes and goes; two that are there at once are never the same."""
CLOUDS = "http://simulated"

T = TypeVar("T")


class AcceleratedLoop(TurnedLoop):
    """What threads would do is done at once, so that no time goes by meanwhile."""

    def run_in_executor(  # type: ignore[override]  # asyncio's own has a type of its own making
        self, executor: concurrent.futures.Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Return what the function returns or raises."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as exc:  # noqa: BLE001 - it is for whoever awaits
            done.set_exception(exc)
        return done


def changing_world(start: float, jobs: int, hours: int) -> World:
    """Return a world in which jobs come and go, each hour a dataset and a workspace of Octopus as well.

    Those of an hour are there for two.
    """
    crowds = [living_world(seed, start, jobs=jobs) for seed in range(POPULATIONS)]
    octopus, pai = (
        [next(iter(crowd.octopus_jobs.values())) for crowd in crowds],
        [next(iter(crowd.pai_jobs.values())) for crowd in crowds],
    )
    changing = range(-1, hours + 1)
    datasets = tuple(
        Dataset(
            id=dataset(hour),
            name=dataset(hour),
            workspace=PAI_WORKSPACES[0],
            timeline=Timeline(
                times=(start + hour * HOUR,), states=("READY",), gone=start + (hour + 2) * HOUR
            ),
        )
        for hour in changing
    )
    return replace(
        crowds[0],
        pai_datasets=Fixed(datasets),
        pai_jobs={dataset(hour): pai[hour % POPULATIONS] for hour in changing},
        octopus_jobs={workspace(hour): octopus[hour % POPULATIONS] for hour in changing},
    )


def dataset(hour: int) -> str:
    """Return the id of the dataset that is made in an hour."""
    return f"d-{hour + 1:04}"


def workspace(hour: int) -> str:
    """Return the id of the workspace that is made in an hour."""
    return f"w{hour + 1:04}"


@dataclass(kw_only=True)
class Exporter:
    """The exporter over a configuration file, as its users reach it."""

    path: Path
    scraper: Scraper
    http: httpx.AsyncClient
    instruments: Instruments
    logged: Counter[str]
    """Lines of the log, by level."""

    def write(self, config: dict[str, Any] | str) -> None:
        """Put another configuration in the place of the file's."""
        self.path.write_text(config if isinstance(config, str) else yaml.safe_dump(config), encoding="utf-8")

    async def reload(self) -> int:
        """Have the file read again; return the status of the answer."""
        return (await self.http.post("/-/reload")).status_code


@asynccontextmanager
async def exporter(path: Path, clouds: Starlette) -> AsyncIterator[Exporter]:
    """Serve what the file says, in this process; clouds and scrapers reach it without sockets."""

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(clouds), base_url=endpoint)

    def read() -> Any:
        return load(path, APIS, {})

    instruments = Instruments()
    config, assembly = read(), Assembly(instruments, connect)
    scraper = Scraper(assembly.standbys(config, {}))
    reloader = Reloader(read, config, assembly, scraper, instruments)
    routes = Lifecycle(reloader, lambda: None, enabled=True).routes()
    web = Web(scraper, instruments, "/metrics", routes, max_requests=50).application()
    try:
        with logging_to_nowhere() as logged:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(web), base_url="http://exporter:9788"
            ) as http:
                http.headers.clear()
                yield Exporter(path=path, scraper=scraper, http=http, instruments=instruments, logged=logged)
    finally:
        await scraper.aclose()


class Counting(logging.StreamHandler[Any]):
    """Writes lines as the command does, and counts them."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.setFormatter(LineFormatter("logfmt"))
        self.lines: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write and count a line."""
        self.lines[record.levelname] += 1
        super().emit(record)


@contextmanager
def logging_to_nowhere() -> Iterator[Counter[str]]:
    """Log all that the exporter logs, from ``info`` on, but keep none of it; yield the lines by level."""
    ours = logging.getLogger("exporter")
    before = ours.level, ours.propagate
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        handler = Counting(nowhere)
        ours.addHandler(handler)
        ours.propagate = False
        ours.setLevel(logging.INFO)
        try:
            yield handler.lines
        finally:
            ours.removeHandler(handler)
            ours.level, ours.propagate = before


def configuration(folder: Path, hour: int, keys: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of an hour; ``keys`` are id and secret of Huawei's key that is right then."""
    secret = folder / "alibaba-secret"
    user = demo.DEMO_HUAWEI_USER
    octopus = {"credentials": "huawei", "project_id": demo.OCTOPUS_PROJECT, "endpoint": CLOUDS}
    octopus |= {"region": demo.OCTOPUS_REGION}
    return {
        "defaults": {"per_job": 20, "requests_per_second": 1000},
        "credentials": {
            "alibaba": {
                "cloud": "alibaba",
                "access_key_id": demo.DEMO_ALIBABA_KEY.id,
                "access_key_secret_file": str(secret),
            },
            "huawei": {"cloud": "huawei", "access_key": keys[0], "secret_key": keys[1]},
            "user": {
                "cloud": "huawei",
                "username": user.name,
                "password": user.password,
                "domain": user.domain,
                "iam_endpoint": CLOUDS,
            },
        },
        "sources": [
            {
                "name": "pai",
                "api": "pai_dataset_jobs",
                "region": demo.PAI_REGION,
                "endpoint": CLOUDS,
                "credentials": "alibaba",
                "workspace_id": PAI_WORKSPACES[0],
                "datasets": "discover",
                "discovery_interval": "10m",
            },
            {
                "name": "octopus",
                "api": "octopus_system_jobs",
                **octopus,
                "workspaces": [workspace(hour - 1), workspace(hour)],
            },
            {"name": "queue", "api": "octopus_queuing_jobs", **octopus},
            {"name": f"passing-{hour}", "api": "octopus_queuing_jobs", **octopus, "queue_types": ["RESIM"]},
            {
                "name": "dataarts",
                "api": "dataarts_jobs",
                "region": demo.DATAARTS_REGION,
                "endpoint": CLOUDS,
                "credentials": "user",
                "project_id": demo.DATAARTS_PROJECT,
                "workspaces": list(demo.DATAARTS_WORKSPACES[: 1 + hour % 2]),
            },
        ],
    }
