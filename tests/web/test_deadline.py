import asyncio
import time
from pathlib import Path

import httpx
import pytest

from exporter.web.app import budget
from tests.scraped import read_text, samples
from tests.web.served import Served, collections, served, until

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 9.5),
        ("10.25", 9.75),
        (" 15 ", 14.5),
        ("1e1", 9.5),
        ("1", 0.5),
        ("0.6", 0.3),  # the margin is never more than half
        (None, None),
        ("", None),
        ("soon", None),
        ("10s", None),
        ("0", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
    ],
)
def test_a_scrape_takes_half_a_second_less_than_the_scraper_waits(
    header: str | None, seconds: float | None
) -> None:
    assert budget(header) == seconds


def success(response: httpx.Response) -> dict[str, float]:
    """Return datajobs_source_success by source."""
    found = samples(read_text(response.text)).items()
    return {dict(labels)["source"]: v for (name, labels), v in found if name == "datajobs_source_success"}


async def test_a_silent_cloud_does_not_keep_the_others_from_being_in_time(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/metrics")
        exporter.faults.add("octopus_system_jobs:slow=600")
        started = time.monotonic()
        response = await exporter.http.get("/metrics", headers={HEADER: "2.5"})
        took = time.monotonic() - started
        assert collections() == set()
    assert 1.9 < took < 2.5
    assert success(response) == {"pai-vision": 1.0, "octopus": 0.0, "octopus-queue": 1.0, "dataarts": 1.0}
    assert failures(response, "octopus") == {"timeout": 1.0}


def failures(response: httpx.Response, source: str) -> dict[str, float]:
    """Return the failures of a source by reason, without those that did not happen."""
    found = [
        (name, dict(labels), value) for (name, labels), value in samples(read_text(response.text)).items()
    ]
    return {
        labels["reason"]: value
        for name, labels, value in found
        if name == "datajobs_api_request_failures_total" and labels["source"] == source and value
    }


async def test_nonsense_in_the_header_leaves_the_timeout_of_the_source(tmp_path: Path) -> None:
    async with served(tmp_path, faults=["octopus_system_jobs:slow=600"], timeout=0.2) as exporter:
        started = time.monotonic()
        response = await exporter.http.get("/probe?target=octopus", headers={HEADER: "shortly"})
        assert time.monotonic() - started < 2
    assert success(response) == {"octopus": 0.0}


async def scrape_and_hang_up(exporter: Served) -> None:
    """Ask for a scrape and leave while the cloud is being asked."""
    scrape = asyncio.create_task(exporter.http.get("/probe?target=octopus"))
    await until(lambda: exporter.clouds.in_flight > 0)
    scrape.cancel()
    await asyncio.wait({scrape})


async def test_a_scraper_that_hangs_up_leaves_nothing_behind(tmp_path: Path) -> None:
    async with served(tmp_path, faults=["octopus_system_jobs:slow=600"], timeout=0.2) as exporter:
        before = asyncio.all_tasks()
        await scrape_and_hang_up(exporter)
        await until(lambda: not collections())
        assert asyncio.all_tasks() == before
        assert exporter.clouds.in_flight == 0
        exporter.faults.clear()
        assert success(await exporter.http.get("/probe?target=octopus")) == {"octopus": 1.0}


async def test_a_scraper_that_hangs_up_takes_nothing_from_another(tmp_path: Path) -> None:
    async with served(tmp_path, faults=["octopus_system_jobs:slow=0.2"]) as exporter:
        first = asyncio.create_task(scrape_and_hang_up(exporter))
        await until(lambda: exporter.clouds.in_flight > 0)
        assert success(await exporter.http.get("/probe?target=octopus")) == {"octopus": 1.0}
        await first
        assert len(exporter.clouds.entries) == 2  # of two workspaces, once for both scrapers
