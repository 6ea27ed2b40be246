"""Walks over lists that change while they are read, each case by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from exporter.apis.paging import Listing, Page, Walk, read_list, read_surely
from exporter.client import Answer, Request
from exporter.errors import Reason, SourceError
from exporter.model import Item, Job, Phase

AS_OF = 1000.0


def job(key: int, *, status: str = "RUNNING", created: float = 1.0, changed: float | None = 2.0) -> Job:
    return Job(
        key=key,
        workspace="0",
        job_type="T",
        status=status,
        phase=Phase.UNKNOWN,
        created=created,
        changed=changed,
        settled=changed is not None,
    )


@dataclass
class Cloud:
    """A list in memory; before the request ``n`` (from 0) is answered, ``events[n]`` may change it."""

    rows: list[Job]
    events: dict[int, Callable[["Cloud"], None]] = field(default_factory=dict)
    most: int = 1000
    """More rows than this no page has."""
    total: Callable[[int], int] = lambda count: count
    now: float = AS_OF
    asked: list[int] = field(default_factory=list)

    async def fetch(self, request: Request) -> Answer:
        event = self.events.get(len(self.asked))
        if event is not None:
            event(self)
        offset, limit = (int(value) for _, value in request.params)
        self.asked.append(offset)
        self.page = self.rows[offset : offset + min(limit, self.most)]
        self.reported = self.total(len(self.rows))
        return Answer(body=b"", date=self.now)

    def walk(self, size: int) -> Walk:
        return Walk(
            name="list",
            page_size=size,
            request=lambda index, step: Request(
                path="/list", params=(("offset", str(index * step)), ("limit", str(size)))
            ),
            decode=lambda _: Page(items=self.page, total=self.reported, now=self.now),
        )


@dataclass
class Kept:
    """A fold that keeps the rows."""

    items: list[Item] = field(default_factory=list)

    def take(self, items: Sequence[Item], now: float) -> None:
        assert now == AS_OF
        self.items += items

    @property
    def keys(self) -> list[str | int]:
        return sorted((item.key for item in self.items), key=int)


async def read(cloud: Cloud, size: int = 3, *, time_left: float = 1e9) -> Listing[Kept]:
    # One worker, so that the requests come in a known order.
    return await read_surely(cloud.walk(size), cloud.fetch, Kept, 1, lambda: time_left)


def remove(key: int) -> Callable[[Cloud], None]:
    def event(cloud: Cloud) -> None:
        cloud.rows = [row for row in cloud.rows if row.key != key]

    return event


def insert(position: int, row: Job) -> Callable[[Cloud], None]:
    return lambda cloud: cloud.rows.insert(position, row)


def replace(row: Job) -> Callable[[Cloud], None]:
    def event(cloud: Cloud) -> None:
        cloud.rows = [row if known.key == row.key else known for known in cloud.rows]

    return event


def both(*events: Callable[[Cloud], None]) -> Callable[[Cloud], None]:
    def event(cloud: Cloud) -> None:
        for one in events:
            one(cloud)

    return event


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 100])
@pytest.mark.parametrize("workers", [1, 4, 1000])
async def test_reads_every_row_once(count: int, workers: int) -> None:
    kept = Kept()
    cloud = Cloud([job(key) for key in range(count)])
    reading = await read_list(cloud.walk(3), cloud.fetch, kept, workers)
    assert kept.keys == list(range(count))
    assert reading.adds_up
    assert not reading.moved


async def test_a_list_of_one_page_that_is_not_full_costs_one_request() -> None:
    cloud = Cloud([job(key) for key in range(2)])
    listing = await read(cloud)
    assert (listing.complete, cloud.asked) == (True, [0])


async def test_a_full_last_page_is_no_end_until_the_next_one_is_empty() -> None:
    cloud = Cloud([job(key) for key in range(6)])
    listing = await read(cloud)
    assert (listing.complete, cloud.asked) == (True, [0, 3, 6])


async def test_goes_on_in_the_steps_of_a_cloud_that_allows_fewer_rows() -> None:
    cloud = Cloud([job(key) for key in range(5)], most=2)
    listing = await read(cloud, size=10)
    assert listing.complete
    assert listing.fold.keys == [0, 1, 2, 3, 4]


async def test_a_job_pushed_to_the_next_page_counts_once() -> None:
    cloud = Cloud([job(key) for key in range(5)], {1: insert(0, job(99, created=AS_OF + 1))})
    listing = await read(cloud)
    assert listing.complete
    assert listing.fold.keys == [0, 1, 2, 3, 4]


async def test_a_job_born_while_reading_is_left_out() -> None:
    cloud = Cloud([job(key) for key in range(5)], {1: insert(5, job(99, created=AS_OF))})
    listing = await read(cloud)
    assert listing.complete
    assert listing.fold.keys == [0, 1, 2, 3, 4]


async def test_a_row_missed_because_others_moved_up_is_noticed_though_the_total_stays() -> None:
    # 1 goes, 3 moves to the page already read and is missed; 99 comes, so that there are still six.
    swap = both(remove(1), insert(5, job(99, created=AS_OF + 1)))
    cloud = Cloud([job(key) for key in range(6)], {1: swap})
    listing = await read(cloud, time_left=0)
    assert not listing.complete
    assert 3 not in listing.fold.keys


async def test_such_a_list_is_read_once_more_and_is_complete_then() -> None:
    cloud = Cloud([job(key) for key in range(7)], {1: remove(1)})
    listing = await read(cloud)
    assert listing.complete
    assert listing.fold.keys == [0, 2, 3, 4, 5, 6]
    assert cloud.asked.count(0) == 2


async def test_a_change_behind_the_first_page_makes_the_states_doubtful() -> None:
    # 0 was RUNNING when its page was read; before 4 is read, 0 ends and 4 starts: never were two running.
    cloud = Cloud([job(key, status="QUEUING") for key in range(5)])
    cloud.rows[0] = job(0)
    ends, starts = job(0, status="FINISHED", changed=AS_OF + 1), job(4, changed=AS_OF + 1)
    cloud.events[1] = both(replace(ends), replace(starts))
    listing = await read(cloud, time_left=0)
    assert not listing.complete


async def test_a_job_that_tells_no_change_is_settled_by_a_second_reading_that_is_equal() -> None:
    cloud = Cloud([job(key, changed=None) for key in range(5)])
    assert (await read(cloud)).complete
    assert cloud.asked == [0, 3, 0, 3]


async def test_and_is_not_where_the_second_reading_differs() -> None:
    cloud = Cloud([job(key, changed=None) for key in range(5)])
    cloud.events[3] = replace(job(4, status="FINISHED", changed=None))
    assert not (await read(cloud)).complete


@pytest.mark.parametrize("difference", [-7, -1, 1, 7])
async def test_a_total_that_lies_is_not_believed(difference: int) -> None:
    cloud = Cloud([job(key) for key in range(8)], total=lambda count: max(0, count + difference))
    listing = await read(cloud)
    assert not listing.complete
    assert listing.fold.keys == list(range(8))


async def test_a_total_of_a_billion_costs_no_more_than_the_list() -> None:
    cloud = Cloud([job(key) for key in range(8)], total=lambda _: 10**9)
    listing = await read(cloud, time_left=0)
    assert not listing.complete
    assert cloud.asked == [0, 3, 6, 9]


async def test_the_same_page_for_ever_ends() -> None:
    cloud = Cloud([job(key) for key in range(3)], total=lambda _: 3)
    walk = cloud.walk(3)
    same = Walk(name="", page_size=3, request=lambda _, size: walk.request(0, size), decode=walk.decode)
    listing = await read_surely(same, cloud.fetch, Kept, 1, lambda: 0.0)
    assert listing.fold.keys == [0, 1, 2]
    assert len(cloud.asked) == 3


async def test_an_empty_first_page_of_a_list_that_has_rows_is_incomplete() -> None:
    listing = await read(Cloud([], total=lambda _: 5), time_left=0)
    assert (listing.complete, listing.reading.total) == (False, 5)


async def test_a_failure_of_the_second_reading_leaves_the_numbers_of_the_first() -> None:
    def fail(_: Cloud) -> None:
        raise SourceError(Reason.SERVER, "broken")

    cloud = Cloud([job(key) for key in range(5)], {1: remove(1), 2: fail})
    listing = await read(cloud)
    assert not listing.complete
    assert listing.reading.listed == 4


async def test_a_failure_of_a_later_page_is_the_walks_own() -> None:
    def fail(_: Cloud) -> None:
        raise SourceError(Reason.SERVER, "broken")

    with pytest.raises(SourceError, match="broken"):
        await read(Cloud([job(key) for key in range(5)], {1: fail}))
