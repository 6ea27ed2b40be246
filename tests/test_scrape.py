"""Deadlines, and collections that scrapes share."""

import asyncio

import httpx
import pytest

from exporter.errors import Reason
from exporter.scrape import GRACE
from tests.apis.cases import NOW
from tests.scraping import FORBIDDEN, Cloud, Clouds, reason, shown
from tests.turned import TURNED, Backend, now


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


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
    assert str(result.error) == "not one answer from the cloud within 2.5 s (its timeout)"


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
