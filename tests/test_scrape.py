import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from exporter.errors import Reason
from exporter.instruments import Instruments
from exporter.logs import BURST, KEYS, REST, fields
from exporter.scrape import GRACE, Result, Scraper, Standby
from tests.apis.cases import CASES, NOW
from tests.fakes import a_source, dated, the_settings
from tests.turned import TURNED, Backend, now

CASE = CASES["octopus_system_jobs"]


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


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


async def test_all_sources_are_collected_side_by_side_in_their_order() -> None:
    clouds = Clouds(Cloud(takes=3, number=1), Cloud(takes=1, number=2), Cloud(takes=2, number=0))
    results = await clouds.scrape()
    assert [(result.source.settings.name, shown(result), reason(result)) for result in results] == [
        ("a", 1, None),
        ("b", 2, None),
        ("c", 0, None),
    ]
    assert [result.duration for result in results] == [3, 1, 2]
    assert [result.last_success for result in results] == [NOW] * 3
    assert now() == 3


async def test_only_the_sources_that_are_asked_for_are_collected() -> None:
    clouds = Clouds(Cloud(), Cloud(), Cloud())
    await clouds.scraper.scrape(["c", "a"], None)
    assert [cloud.asked for cloud in clouds.clouds] == [1, 0, 1]
    assert clouds.scraper.names == ("a", "b", "c")
    assert clouds.scraper.settings("b").name == "b"


@pytest.mark.parametrize(("budget", "ends"), [(None, 10.0), (2.5, 2.5), (100.0, 10.0), (0.0, 0.0)], ids=repr)
async def test_a_source_that_misses_its_deadline_fails_alone_and_in_time(
    budget: float | None, ends: float
) -> None:
    clouds = Clouds(Cloud(), Cloud(takes=1e6), Cloud(), timeout=10.0)
    quick, hanging, other = await clouds.scrape(budget)
    assert ends <= now() <= ends + GRACE
    assert (reason(hanging), shown(hanging)) == (Reason.TIMEOUT, None)
    if ends:
        assert (shown(quick), shown(other)) == (3, 3)
        assert hanging.duration == ends


async def test_a_late_source_says_what_may_hold_it_back() -> None:
    result = await Clouds(Cloud(takes=99), timeout=2.5, concurrency=3, requests_per_second=4.0).one()
    assert str(result.error) == (
        "not finished in time; timeout 2.5s, at most 4 requests/s and 3 in flight: "
        "raise what holds it back, or split the source"
    )


async def test_scrapes_that_overlap_share_one_collection() -> None:
    cloud = Cloud(takes=5)
    clouds = Clouds(cloud)
    results = await asyncio.gather(*(clouds.one() for _ in range(50)))
    assert {shown(result) for result in results} == {3}
    assert (cloud.asked, now()) == (1, 5)
    assert clouds.count("scrapes_coalesced_total") == 49


async def test_everybody_waits_no_longer_than_until_the_own_deadline() -> None:
    cloud = Cloud(takes=5)
    clouds = Clouds(cloud)

    async def scraper(comes: float, budget: float) -> tuple[float, Reason | None]:
        await asyncio.sleep(comes)
        result = await clouds.one(budget)
        return now(), reason(result)

    found = await asyncio.gather(
        scraper(0, 2), scraper(1, 9), scraper(1, 0.5), scraper(2.1, 2), scraper(4, 1.5)
    )
    late = Reason.TIMEOUT
    for (time, _), ends in zip(found, (2, 5, 1.5, 4.1, 5), strict=True):
        assert ends <= time <= ends + GRACE
    assert [why for _, why in found] == [late, None, late, late, None]
    assert cloud.asked == 1
    assert clouds.count("api_request_failures_total") == 0  # nothing has failed: some could not wait


async def test_nobody_can_put_the_end_off_beyond_the_timeout_of_the_source() -> None:
    cloud = Cloud(takes=99)
    clouds = Clouds(cloud, timeout=10.0)

    async def scraper(comes: float) -> tuple[float, Reason | None]:
        await asyncio.sleep(comes)
        result = await clouds.one(1000)
        return round(now(), 1), reason(result)

    assert [*await asyncio.gather(scraper(0), scraper(9))] == [(10.0, Reason.TIMEOUT)] * 2
    assert cloud.asked == 1


async def test_who_has_less_time_does_not_cut_the_collection_of_who_has_more() -> None:
    clouds = Clouds(Cloud(takes=5))
    patient = asyncio.create_task(clouds.one(8))
    await asyncio.sleep(1)
    assert reason(await clouds.one(1)) is Reason.TIMEOUT
    assert shown(await patient) == 3


STEPS = [(offset, steps) for offset in (-1e-10, 1e-10) for steps in range(40)]
"""Moments around the end of a collection: before and after its own steps in each turn of the loop."""


async def test_one_who_comes_as_a_collection_ends_is_served_all_the_same() -> None:
    clouds = Clouds(Cloud(takes=5))

    async def scraper(offset: float, steps: int) -> int | None:
        await asyncio.sleep(5 + offset)
        for _ in range(steps):
            await asyncio.sleep(0)
        return shown(await clouds.one())

    first = asyncio.create_task(clouds.one())
    assert await asyncio.gather(*(scraper(*step) for step in STEPS)) == [3] * len(STEPS)
    await first


async def test_one_who_comes_as_a_collection_is_cut_off_fails_like_the_others() -> None:
    clouds = Clouds(Cloud(takes=99), timeout=5.0)

    async def scraper(offset: float, steps: int) -> Reason | None:
        await asyncio.sleep(5 + offset)
        for _ in range(steps):
            await asyncio.sleep(0)
        return reason(await clouds.one(1))

    first = asyncio.create_task(clouds.one())
    assert await asyncio.gather(*(scraper(*step) for step in STEPS)) == [Reason.TIMEOUT] * len(STEPS)
    await first


async def test_a_scraper_that_hangs_up_does_not_end_what_others_wait_for() -> None:
    cloud = Cloud(takes=5)
    clouds = Clouds(cloud)
    impatient = asyncio.create_task(clouds.one())
    await asyncio.sleep(1)
    patient = asyncio.create_task(clouds.one())
    await asyncio.sleep(1)
    impatient.cancel()
    assert shown(await patient) == 3
    assert impatient.cancelled()


async def test_a_collection_that_nobody_waits_for_any_more_is_not_lost() -> None:
    cloud = Cloud(takes=5)
    clouds = Clouds(cloud, min_interval=60.0)
    before = asyncio.all_tasks()
    impatient = asyncio.create_task(clouds.one())
    await asyncio.sleep(1)
    impatient.cancel()
    await asyncio.sleep(10)
    assert asyncio.all_tasks() == before
    assert (shown(await clouds.one()), cloud.asked) == (3, 1)


async def test_the_next_scrape_collects_anew() -> None:
    cloud = Cloud()
    clouds = Clouds(cloud)
    assert shown(await clouds.one()) == 3
    cloud.number = 7
    assert shown(await clouds.one()) == 7
    assert (cloud.asked, clouds.count("scrapes_coalesced_total")) == (2, 0)


class TestMinInterval:
    async def test_a_finished_collection_serves_again_for_so_long(self) -> None:
        cloud = Cloud(takes=2)
        clouds = Clouds(cloud, min_interval=30.0)
        first = await clouds.one()
        cloud.number = 7
        await asyncio.sleep(27.9)  # since it began
        again = await clouds.one()
        assert (again.snapshot, again.error, cloud.asked) == (first.snapshot, None, 1)
        assert clouds.count("scrapes_coalesced_total") == 1
        await asyncio.sleep(0.1)
        assert (shown(await clouds.one()), cloud.asked) == (7, 2)

    async def test_a_failed_one_does_not(self) -> None:
        cloud = Cloud(trouble=FORBIDDEN)
        clouds = Clouds(cloud, min_interval=30.0)
        assert reason(await clouds.one()) is Reason.PERMISSION
        cloud.trouble = None
        assert shown(await clouds.one()) == 3

    async def test_nor_does_an_incomplete_one(self) -> None:
        cloud = Cloud(total=4)
        clouds = Clouds(cloud, min_interval=30.0)
        assert shown(await clouds.one()) == 3
        cloud.total = None
        result = await clouds.one()
        assert result.snapshot is not None
        assert result.snapshot.complete

    async def test_it_is_off_by_default(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud)
        await asyncio.gather(clouds.one())
        await asyncio.gather(clouds.one())
        assert cloud.asked == 2


class TestStaleness:
    async def test_the_last_complete_numbers_are_shown_with_their_own_time_and_then_nothing(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud, max_staleness=300.0)
        await clouds.one()
        cloud.trouble, cloud.clock, cloud.number = FORBIDDEN, NOW + 300, 7
        await asyncio.sleep(300)
        stale = await clouds.one()
        assert (shown(stale), reason(stale), stale.last_success) == (3, Reason.PERMISSION, NOW)
        await asyncio.sleep(0.001)
        gone = await clouds.one()
        assert (shown(gone), reason(gone), gone.last_success) == (None, Reason.PERMISSION, NOW)

    async def test_they_come_back_with_the_cloud(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud)
        await clouds.one()
        cloud.trouble = FORBIDDEN
        await clouds.one()
        cloud.trouble, cloud.clock, cloud.number = None, NOW + 60, 5
        result = await clouds.one()
        assert (shown(result), result.error, result.last_success) == (5, None, NOW + 60)

    async def test_a_source_that_never_succeeded_shows_nothing(self) -> None:
        result = await Clouds(Cloud(trouble=FORBIDDEN)).one()
        assert (shown(result), result.last_success) == (None, None)
        assert result.duration == 0

    async def test_incomplete_numbers_are_shown_but_replace_no_complete_ones(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud)
        await clouds.one()
        cloud.number, cloud.total, cloud.clock = 5, 9, NOW + 60
        incomplete = await clouds.one()
        assert (shown(incomplete), incomplete.error, incomplete.last_success) == (5, None, NOW + 60)
        assert incomplete.snapshot is not None
        assert not incomplete.snapshot.complete
        cloud.trouble = FORBIDDEN
        fallback = await clouds.one()
        assert (shown(fallback), fallback.last_success) == (3, NOW)
        assert fallback.snapshot is not None
        assert fallback.snapshot.complete

    async def test_incomplete_numbers_are_no_fallback(self) -> None:
        cloud = Cloud(total=9)
        clouds = Clouds(cloud)
        await clouds.one()
        cloud.trouble = FORBIDDEN
        result = await clouds.one()
        assert (shown(result), result.last_success) == (None, NOW)

    async def test_without_staleness_a_failure_shows_nothing(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud, max_staleness=0.0)
        await clouds.one()
        await asyncio.sleep(1)
        cloud.trouble = FORBIDDEN
        assert shown(await clouds.one()) is None

    async def test_one_who_cannot_wait_is_shown_them_too(self) -> None:
        cloud = Cloud()
        clouds = Clouds(cloud)
        await clouds.one()
        cloud.takes = 5
        patient = asyncio.create_task(clouds.one())
        await asyncio.sleep(1)
        result = await clouds.one(1)
        assert (shown(result), reason(result), result.last_success) == (3, Reason.TIMEOUT, NOW)
        assert str(result.error) == "still under way when this scrape had to be answered"
        await patient


async def test_a_failure_is_never_kept() -> None:
    cloud = Cloud(trouble=FORBIDDEN)
    clouds = Clouds(cloud)
    for _ in range(3):
        await clouds.one()
    cloud.trouble = None
    assert (shown(await clouds.one()), cloud.asked) == (3, 4)


async def test_a_bug_in_one_source_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    clouds = Clouds(Cloud(trouble=ZeroDivisionError("planted")), Cloud())
    broken, fine = await clouds.scrape()
    assert (reason(broken), shown(fine)) == (Reason.INTERNAL, 3)
    assert str(broken.error) == "a bug of the exporter; its log has the traceback"
    assert clouds.count("api_request_failures_total", reason="internal") == 1
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.getMessage() == "source a: a bug of the exporter"


async def test_a_failure_of_a_request_is_counted_once_and_so_is_one_without() -> None:
    refused, unreadable = Clouds(Cloud(trouble=FORBIDDEN)), Clouds(Cloud(trouble=httpx.Response(200)))
    late = Clouds(Cloud(takes=99))
    for clouds, why in ((refused, "permission"), (unreadable, "bad_response"), (late, "timeout")):
        await clouds.one()
        assert clouds.count("api_request_failures_total") == 1
        assert clouds.count("api_request_failures_total", reason=why) == 1


async def test_values_that_are_new_are_counted_each_time_they_are_seen() -> None:
    clouds = Clouds(Cloud(status="HIBERNATING"))
    await asyncio.gather(clouds.one(), clouds.one())
    assert clouds.count("unknown_values_total", field="status") == 3
    await clouds.one()
    assert clouds.count("unknown_values_total", field="status") == 6


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
        {**about, "reason": "permission", "code": "octopus.400003"},
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


async def test_closing_ends_what_is_under_way_and_leaves_nothing_behind() -> None:
    clouds = Clouds(Cloud(takes=99), Cloud())
    before = asyncio.all_tasks()
    scrape = asyncio.create_task(clouds.scrape())
    await asyncio.sleep(1)
    await clouds.scraper.aclose()
    waiting, done = await scrape
    assert (reason(waiting), shown(done)) == (Reason.TIMEOUT, 3)
    assert asyncio.all_tasks() == before
    assert now() == 1
