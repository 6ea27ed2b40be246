"""What is shown while nothing new is there."""

import asyncio

import pytest

from exporter.errors import Reason
from tests.apis.cases import NOW
from tests.scraping import FORBIDDEN, Cloud, Clouds, reason, shown
from tests.turned import TURNED, Backend


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def test_a_finished_collection_serves_again_for_the_min_interval() -> None:
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


async def test_a_failed_collection_does_not_serve_again() -> None:
    cloud = Cloud(trouble=FORBIDDEN)
    clouds = Clouds(cloud, min_interval=30.0)
    assert reason(await clouds.one()) is Reason.PERMISSION
    cloud.trouble = None
    assert shown(await clouds.one()) == 3


async def test_nor_does_an_incomplete_collection() -> None:
    cloud = Cloud(total=4)
    clouds = Clouds(cloud, min_interval=30.0)
    assert shown(await clouds.one()) == 3
    cloud.total = None
    result = await clouds.one()
    assert result.snapshot is not None
    assert result.snapshot.complete


async def test_by_default_none_serves_again() -> None:
    cloud = Cloud()
    clouds = Clouds(cloud)
    await asyncio.gather(clouds.one())
    await asyncio.gather(clouds.one())
    assert cloud.asked == 2


async def test_the_last_complete_numbers_are_shown_with_their_own_time_and_then_nothing() -> None:
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


async def test_new_numbers_come_with_the_cloud() -> None:
    cloud = Cloud()
    clouds = Clouds(cloud)
    await clouds.one()
    cloud.trouble = FORBIDDEN
    await clouds.one()
    cloud.trouble, cloud.clock, cloud.number = None, NOW + 60, 5
    result = await clouds.one()
    assert (shown(result), result.error, result.last_success) == (5, None, NOW + 60)


async def test_a_source_that_never_succeeded_shows_nothing() -> None:
    result = await Clouds(Cloud(trouble=FORBIDDEN)).one()
    assert (shown(result), result.last_success) == (None, None)
    assert result.duration == 0


async def test_incomplete_numbers_are_shown_but_replace_no_complete_ones() -> None:
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


async def test_incomplete_numbers_are_no_fallback() -> None:
    cloud = Cloud(total=9)
    clouds = Clouds(cloud)
    await clouds.one()
    cloud.trouble = FORBIDDEN
    result = await clouds.one()
    assert (shown(result), result.last_success) == (None, NOW)


async def test_without_staleness_a_failure_shows_nothing() -> None:
    cloud = Cloud()
    clouds = Clouds(cloud, max_staleness=0.0)
    await clouds.one()
    await asyncio.sleep(1)
    cloud.trouble = FORBIDDEN
    assert shown(await clouds.one()) is None


async def test_one_who_cannot_wait_is_shown_the_last_complete_numbers_too() -> None:
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
