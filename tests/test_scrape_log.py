"""What scrapes leave in the log."""

import asyncio
import logging

import httpx
import pytest

from exporter.apis import APIS
from exporter.errors import Reason
from exporter.logs import BURST, KEYS, REST, fields
from tests.scraping import CASE, FORBIDDEN, Cloud, Clouds
from tests.turned import TURNED, Backend, now


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return what the scraper has logged since the last look."""
    lines = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "exporter.scrape" and record.levelno > logging.DEBUG
    ]
    caplog.clear()
    return lines


async def test_a_change_of_state_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cloud = Cloud()
    clouds = Clouds(cloud)
    await clouds.one()
    assert told(caplog) == []
    cloud.trouble = FORBIDDEN
    for _ in range(3):
        await clouds.one()
    [(level, message)] = told(caplog)
    assert level == "WARNING"
    assert message.startswith("source a: not collected (permission): GET /v1.0/p/data/system-jobs: 403")
    cloud.trouble = httpx.Response(404)
    for _ in range(3):
        await clouds.one()
    [(level, message)] = told(caplog)
    assert message.startswith("source a: not collected (not_found): ")
    cloud.trouble = None
    for _ in range(3):
        await clouds.one()
    assert told(caplog) == [("INFO", "source a: collected again (3 listed)")]


async def test_a_cloud_that_fails_in_turn_for_two_reasons_is_no_storm_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    cloud = Cloud()
    clouds = Clouds(cloud)
    for number in range(1_000):
        cloud.trouble = (FORBIDDEN, httpx.Response(404))[number % 2]
        await clouds.one()
        await asyncio.sleep(60)
    lines = told(caplog)
    assert BURST <= len(lines) <= BURST + now() / REST
    cloud.trouble = None
    await asyncio.sleep(REST)
    await clouds.one()
    assert told(caplog) == [("INFO", "source a: collected again (3 listed)")]


async def test_a_bug_that_stays_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    cloud = Cloud(trouble=ZeroDivisionError("planted"))
    clouds = Clouds(cloud)
    results = [await clouds.one() for _ in range(10)]
    assert len(told(caplog)) == 1
    # What led to it holds whole pages, and is let go once it has been told.
    assert [result.error and result.error.__cause__ for result in results] == [None] * 10


async def test_the_state_of_a_source_has_keys_for_machines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cloud = Cloud(trouble=httpx.Response(403, json={"error_code": "octopus.400003", "error_msg": "no"}))
    clouds = Clouds(cloud)
    await clouds.one()
    cloud.trouble = None
    await clouds.one()
    about = {"source": "a", "api": CASE.api}
    keys = [
        {key: value for key, value in fields(record).items() if key in KEYS and value is not None}
        for record in caplog.records
        if record.name == "exporter.scrape"
    ]
    assert keys == [
        {
            **about,
            "reason": "permission",
            "code": "octopus.400003",
            "cure": APIS[CASE.api].cures[Reason.PERMISSION],
        },
        {**about, "listed": 3, "requests": 1},
    ]


async def test_each_scrape_is_one_line_for_whoever_wants_to_know(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clouds = Clouds(Cloud(takes=2), Cloud(trouble=FORBIDDEN))
    await clouds.scrape()
    *_, record = [record for record in caplog.records if record.levelno == logging.DEBUG]
    wanted = {"sources": 2, "failed": 1, "requests": 2, "seconds": 2.0}
    assert {key: value for key, value in fields(record).items() if key in KEYS} == wanted


async def test_no_request_has_a_line_of_its_own_above_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clouds = Clouds(Cloud(number=450))
    assert (await clouds.one()).requests == 4
    assert [record for record in caplog.records if record.name.startswith("exporter")] == []
