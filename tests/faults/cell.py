"""One cell of the matrix: a source on a cloud that goes wrong, another on one that does not, and scrapes."""

import asyncio
import logging
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import aiohttp
import httpx

from exporter.assembly import Connect, assemble, over_the_network
from exporter.collector import JOB_FAMILIES
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.credentials import AlibabaKeys, Credentials, FixedSecret, HuaweiKeys, HuaweiPassword, Secret
from exporter.instruments import Instruments
from exporter.simulator import identities as demo
from exporter.transport import Direct, Transport
from exporter.web.app import TIMEOUT_HEADER, Web
from tests.fakes import the_settings
from tests.faults.cloud import Cloud, Names
from tests.faults.lists import LISTS, ListOf
from tests.scraped import Series, read_text, samples

TIMEOUT = 10.0
"""Of each source, in seconds; whoever scrapes would wait longer."""
PATIENCE = 15.0
STALENESS = 300.0


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a scrape has shown, and how many seconds it took."""

    values: Mapping[Series, float]
    seconds: float

    def value(self, family: str, source: str, /, **labels: str) -> float | None:
        """Return the one sample of a family about a source, None where there is none."""
        wanted = {"source": source, **labels}.items()
        found = [value for (name, own), value in self.values.items() if name == family and wanted <= own]
        assert len(found) <= 1, found
        return found[0] if found else None

    def jobs(self, source: str) -> Mapping[Series, float]:
        """Return everything that is told of a source's jobs."""
        names = tuple(family.name for family in JOB_FAMILIES)
        about = {
            (name, own - {("source", source)}): value
            for (name, own), value in self.values.items()
            if ("source", source) in own and name.startswith(names)
        }
        return {key: value for key, value in about.items() if not key[0].startswith("datajobs_source_")}

    def failures(self, source: str) -> Counter[str]:
        """Return what was counted of a source by reason, without the zeros."""
        return Counter(
            {
                dict(own)["reason"]: int(value)
                for (name, own), value in self.values.items()
                if name == "datajobs_api_request_failures_total" and ("source", source) in own and value
            }
        )

    def retries(self, source: str) -> int:
        """Return how many requests of a source were sent again so far."""
        return int(self.value("datajobs_api_retries_total", source) or 0)


@dataclass
class Cell:
    """The exporter on two clouds: ``struck`` and ``beside``, each a source of that name."""

    struck: Cloud
    beside: Cloud
    http: httpx.AsyncClient
    told: list[logging.LogRecord] = field(default_factory=list)

    async def scrape(self) -> Scrape:
        """Scrape as Prometheus does; the clouds are ten seconds older than before."""
        for cloud in (self.struck, self.beside):
            cloud.now += 10
        self.told.clear()
        clock = asyncio.get_running_loop().time
        began = clock()
        answer = await self.http.get("/metrics", headers={TIMEOUT_HEADER: str(PATIENCE)})
        seconds = clock() - began
        assert answer.status_code == httpx.codes.OK
        await settled()
        return Scrape(about_sources(answer.text), seconds)


def about_sources(text: str) -> Mapping[Series, float]:
    """Return the samples about sources."""
    lines = [line.rpartition(" ") for line in text.splitlines() if 'source="' in line]
    return {series_of(name): float(value) for name, _, value in lines}


@cache
def series_of(name: str) -> Series:
    """Return the key of a series as it is written; most of them come again with every scrape."""
    [series] = samples(read_text(f"{name} 0\n"))
    return series


class Ears(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, told: list[logging.LogRecord]) -> None:
        super().__init__(logging.INFO)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record)


def keys_of(one: ListOf, cloud: Cloud, *, by_login: bool) -> Credentials:
    """Return credentials that the simulated cloud knows."""
    if one.api.startswith("pai"):
        return AlibabaKeys(
            access_key_id=_secret(demo.DEMO_ALIBABA_KEY.id),
            access_key_secret=_secret(demo.DEMO_ALIBABA_KEY.secret),
        )
    if by_login:
        user = demo.DEMO_HUAWEI_USER
        return HuaweiPassword(
            username=user.name, password=_secret(user.password), domain=user.domain, iam_endpoint=cloud.url
        )
    return HuaweiKeys(
        access_key=_secret(demo.DEMO_HUAWEI_KEY.id), secret_key=_secret(demo.DEMO_HUAWEI_KEY.secret)
    )


def _secret(text: str) -> FixedSecret:
    return FixedSecret(Secret(text))


def by_name(names: Names) -> Connect:
    """Return what connects to hosts by name, and asks for it each time."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(resolver=names, use_dns_cache=False)
        return aiohttp.ClientSession(connector=connector)

    def connect(endpoint: str, settings: Settings) -> httpx.AsyncClient:
        if settings.name != "struck":
            return over_the_network(endpoint, settings)
        url = httpx.URL(endpoint).copy_with(host="cloud.invalid")
        timeout = httpx.Timeout(settings.timeout, pool=None)
        return Direct(base_url=url, transport=Transport(session), timeout=timeout, headers={})

    return connect


@asynccontextmanager
async def a_cell(
    api: str,
    *,
    certificates: Mapping[str, ssl.SSLContext] | None = None,
    ca_file: Path | None = None,
    is_named: bool = False,
    by_login: bool = False,
    longest: float = TIMEOUT,
    max_series: int = 2000,
) -> AsyncIterator[Cell]:
    """Open a cell, and see that nothing of it is left in the end."""
    one = LISTS[api]
    before = held()
    async with AsyncExitStack() as stack:
        struck = await stack.enter_async_context(Cloud(one, certificates or {}))
        beside = await stack.enter_async_context(Cloud(one))
        instruments = Instruments()
        settings = [
            the_settings(
                api,
                one.options,
                name=name,
                endpoint=cloud.url,
                ca_file=ca_file if cloud.certificates else None,
                credentials_name=name,
                credentials=keys_of(one, cloud, by_login=by_login),
                timeout=longest,
                max_series=max_series,
                max_staleness=STALENESS,
                requests_per_second=1000.0,
            )
            for name, cloud in (("struck", struck), ("beside", beside))
        ]
        connect = by_name(struck.names) if is_named else over_the_network
        scraper = assemble(Config(sources=tuple(settings)), instruments, connect)
        stack.push_async_callback(scraper.aclose)
        app = Web(scraper, instruments, "/metrics").application()
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://exporter:9788")
        )
        cell = Cell(struck, beside, http)
        log, ears = logging.getLogger("exporter.scrape"), Ears(cell.told)
        log.addHandler(ears)
        stack.callback(log.removeHandler, ears)
        yield cell
        await scraper.aclose()
        await settled()
        assert not struck.open, "connections are left"
        assert not beside.open, "connections are left"
    await settled()
    assert held() == before


async def settled() -> None:
    """Let everything that is ready happen."""
    for _ in range(20):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)


def held() -> tuple[set[str], int]:
    """Return the tasks that there are and the number of open descriptors."""
    tasks = {task.get_name() for task in asyncio.all_tasks() if not task.done()}
    return tasks, len(os.listdir("/proc/self/fd"))
