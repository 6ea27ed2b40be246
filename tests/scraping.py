"""Clouds in memory, and scrapes of them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from exporter.errors import Reason
from exporter.instruments import Instruments
from exporter.scrape import Result, Scraper, Standby
from tests.apis.cases import CASES, NOW
from tests.fakes import a_source, dated, the_settings

CASE = CASES["octopus_system_jobs"]


@dataclass
class Cloud:
    """Lists some jobs after a while, or fails in some way."""

    takes: float = 0.0
    number: int = 3
    total: int | None = None
    trouble: httpx.Response | Exception | None = None
    status: str = "FINISHED"
    asked: int = 0
    clock: float = NOW

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(self.takes)
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble is not None:
            return self.trouble
        rows = [CASE.row(number) | {"status": self.status} for number in range(self.number)]
        total = self.number if self.total is None else self.total
        page = {"payload": {"list": rows, "page_info": {"total": total}}}
        return httpx.Response(200, json=page, headers=dated(self.clock))


FORBIDDEN = httpx.Response(403)


class Clouds:
    """A scraper over several clouds, one a source: the first is called "a"."""

    def __init__(self, *clouds: Cloud, **settings: Any) -> None:
        self.clouds = clouds
        self.instruments = Instruments()
        standbys = []
        for name, cloud in zip("abc", clouds, strict=False):
            counts = self.instruments.of(CASE.api, name)
            source = a_source(the_settings(CASE.api, CASE.options, name=name, **settings), cloud, counts)
            standbys.append(Standby(source, counts))
        self.scraper = Scraper(standbys)

    async def scrape(self, budget: float | None = None) -> list[Result]:
        return await self.scraper.scrape(self.scraper.names, budget)

    async def one(self, budget: float | None = None) -> Result:
        [result] = await self.scrape(budget)
        return result

    def count(self, family: str, **labels: str) -> float:
        """Return a counter of source "a"; a gauge of nothing is 0."""
        wanted = {"api": CASE.api, "source": "a"} | labels
        samples = (sample for metric in self.instruments.about_sources(["a"]) for sample in metric.samples)
        return sum(
            sample.value
            for sample in samples
            if sample.name == f"datajobs_{family}" and wanted.items() <= sample.labels.items()
        )


def reason(result: Result) -> Reason | None:
    return result.error.reason if result.error else None


def shown(result: Result) -> int | None:
    """Return how many jobs a result shows, None for none at all."""
    return result.snapshot.listed if result.snapshot else None
