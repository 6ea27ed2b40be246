"""Scrapes beyond the limit are refused at once; whoever hangs up keeps no place."""

import asyncio
import logging
from pathlib import Path

import httpx
import pytest

from exporter.web.admission import RETRY_AFTER
from exporter.web.server import listen, serving
from tests.scraped import read_text, samples
from tests.web.served import Served, collections, served, until

SLOW = ["octopus_system_jobs:slow=600"]
PROBE = "/probe?target=octopus"
SCRAPES = (PROBE, "/metrics", "/metrics?source=dataarts")


def under_way() -> int:
    """Return how many scrapes are being answered."""
    return sum(task.get_name().startswith("watch for a client") for task in asyncio.all_tasks())


async def begin(exporter: Served, number: int) -> list[asyncio.Task[httpx.Response]]:
    """Begin scrapes of a cloud that does not answer; return them once they wait for it."""
    before = under_way()
    scrapes = [asyncio.create_task(exporter.http.get(PROBE)) for _ in range(number)]
    await until(lambda: under_way() == before + number)
    return scrapes


async def end(scrapes: list[asyncio.Task[httpx.Response]]) -> None:
    for scrape in scrapes:
        scrape.cancel()
    await asyncio.wait(scrapes)
    await until(lambda: under_way() == 0)


async def refused(exporter: Served) -> float:
    """Return how often a scrape was refused, as the exporter tells it."""
    response = await exporter.http.get("/metrics?source=dataarts")
    return samples(read_text(response.text))["datajobs_scrapes_refused_total", frozenset()]


async def test_scrapes_beyond_the_limit_are_refused_at_once_and_counted(tmp_path: Path) -> None:
    async with served(tmp_path, faults=SLOW, max_requests=3) as exporter:
        inside = await begin(exporter, 3)
        for path in SCRAPES:
            async with asyncio.timeout(2):  # the cloud takes ten minutes
                response = await exporter.http.get(path)
            assert response.status_code == 503
            assert response.headers["retry-after"] == str(RETRY_AFTER)
            assert response.text.startswith("3 scrapes are being answered, as many as --web.max-requests")
        assert len(exporter.clouds.entries) == 0  # nobody was asked for those
        await end(inside)
        assert await refused(exporter) == 3.0


async def test_the_health_and_all_that_asks_no_cloud_is_answered_in_any_crowd(tmp_path: Path) -> None:
    async with served(tmp_path, faults=SLOW, max_requests=1) as exporter:
        inside = await begin(exporter, 1)
        assert (await exporter.http.get(PROBE)).status_code == 503
        for path in ("/-/healthy", "/-/ready", "/", "/sd"):
            assert (await exporter.http.get(path)).status_code == 200
        await end(inside)


async def test_a_place_is_free_again_when_a_scrape_has_been_answered(tmp_path: Path) -> None:
    async with served(tmp_path, max_requests=1) as exporter:
        for path in SCRAPES * 2:
            assert (await exporter.http.get(path)).status_code == 200


async def test_without_a_limit_every_scrape_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path, faults=["octopus_system_jobs:slow=0.5"], max_requests=0) as exporter:
        inside = await begin(exporter, 100)
        assert {response.status_code for response in await asyncio.gather(*inside)} == {200}
        assert len(exporter.clouds.entries) == 2  # of two workspaces, once for all


async def test_refusals_are_logged_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "exporter.web")
    async with served(tmp_path, faults=SLOW, max_requests=1) as exporter:
        inside = await begin(exporter, 1)
        for _ in range(20):
            await exporter.http.get(PROBE)
        await end(inside)
    [line] = [record.getMessage() for record in caplog.records if record.name == "exporter.web.admission"]
    assert line.startswith("refused a scrape of 127.0.0.1: 1 are being answered (--web.max-requests)")


async def test_who_hangs_up_leaves_the_place_to_the_next_long_before_the_cloud_answers(
    tmp_path: Path,
) -> None:
    before = asyncio.all_tasks()
    [listening] = listen(["127.0.0.1:0"])
    request = f"GET {PROBE} HTTP/1.1\r\nHost: here\r\n\r\n".encode()
    async with (
        served(tmp_path, faults=SLOW, max_requests=1) as exporter,
        serving(exporter.app, [listening], exporter.scraper.aclose, patience=0.1),
    ):
        for _ in range(5):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(request)
            await until(lambda: under_way() == 1)
            writer.transport.abort()
            await until(lambda: under_way() == 0)
        assert collections() == {"collect octopus"}  # one for all of them: it ends at its own deadline
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(request)
        await until(lambda: under_way() == 1)
        other, second = await asyncio.open_connection(*listening.getsockname())
        second.write(request)
        assert b" 503 " in await other.readline()
        for stream in (writer, second):
            stream.transport.abort()
        await until(lambda: under_way() == 0)
    assert asyncio.all_tasks() == before
