"""Each condition under which counts by last change are complete, one by one."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from exporter.apis import octopus, octopus_system_jobs
from exporter.apis.by_update import ByUpdate
from exporter.apis.counting import Means, read_well
from exporter.apis.paging import Listing, Walk, Way
from exporter.apis.parts import Found, Terms, UnfitError
from exporter.client import Answer, Request
from exporter.errors import Reason, SourceError
from exporter.tally import Tally
from tests.apis.cases import answer

NOW = 1_900_000_000
LOOKBACK = 3600.0
TERMS = Terms(lookback=LOOKBACK, longest_job=86400.0)
TYPES = octopus_system_jobs.JOB_TYPES
ENDS = ("FINISHED", "SUBMIT_FAILED", "RUN_FAILED", "UPLOAD_FAILED", "STOPPED")
SIZE = 20
Row = dict[str, Any]
Event = Callable[["Cloud"], None]


def row(key: int, status: str, age: float, **changes: object) -> Row:
    """Return a job that changed last ``age`` seconds ago."""
    at = round((NOW - age) * 1000)
    known: Row = {
        "id": key,
        "job_type": TYPES[key % len(TYPES)],
        "status": status,
        "create_at": at - 60_000,
        "update_at": at,
    }
    if status in ENDS:
        known["end_at"] = at
    return known | changes


@dataclass
class Cloud:
    """A workspace in memory; before the request ``n`` (from 0) is answered, ``events[n]`` may change it."""

    rows: dict[int, Row]
    events: dict[int, Event] = field(default_factory=dict)
    overlooks: frozenset[str] = frozenset()
    refuses: Callable[[dict[str, str]], bool] = lambda _: False
    now: float = NOW
    told: Callable[[int], int] = lambda total: total
    asked: list[dict[str, str]] = field(default_factory=list)

    async def fetch(self, request: Request) -> Answer:
        query = dict(request.params)
        event = self.events.get(len(self.asked))
        self.asked.append(query)
        self.now += 0.01
        if event is not None:
            event(self)
        if self.refuses(query):
            raise SourceError(Reason.BAD_REQUEST, "no such value")
        heeded = {name: value for name, value in query.items() if name not in self.overlooks}
        found = [row for row in self.rows.values() if wanted(row, heeded)]
        if "sort" in heeded:
            found.sort(key=lambda row: (row["update_at"], row["id"]), reverse=heeded["sort"] == "UPDATE_DESC")
        first, size = int(query["offset"]), int(query["limit"])
        info = {"total": self.told(len(found))}
        body = {
            "meta_info": {"current_time": round(self.now * 1000)},
            "payload": {"list": found[first : first + size], "page_info": info},
        }
        return answer(body)

    def put(self, *rows: Row) -> None:
        self.rows.update((row["id"], row) for row in rows)

    def change(self, key: int, status: str) -> None:
        """Let a job change its status now."""
        at = round(self.now * 1000)
        end = {"end_at": at} if status in ENDS else {}
        self.put(self.rows[key] | {"status": status, "update_at": at} | end)

    def born(self, key: int) -> None:
        at = round(self.now * 1000)
        self.put(row(key, "QUEUING", 0, create_at=at, update_at=at))

    @property
    def kinds(self) -> Counter[tuple[str, str]]:
        return Counter((row["job_type"], row["status"]) for row in self.rows.values())


def wanted(row: Row, query: dict[str, str]) -> bool:
    return (
        query.get("job_types") in (None, row["job_type"])
        and query.get("statuses") in (None, row["status"])
        and ("end_time" not in query or row["update_at"] <= int(query["end_time"]))
    )


RECENT, STALE = 500, 600
"""The keys of active jobs: one that changed a moment ago, and one that did hours ago."""


def a_cloud(more: Iterable[Row] = (), **changes: Any) -> Cloud:
    """Return a workspace with 1,000 jobs that ended long ago, 30 recent ones, and active ones."""
    past = [row(1000 + number, ENDS[number % 5], 7200 + 60 * number) for number in range(1000)]
    recent = [row(5000 + number, "FINISHED", 10 + 100 * number) for number in range(30)]
    active = [row(RECENT + number, "RUNNING", 5 + 900 * number) for number in range(4)]
    stale = [row(STALE + number, "QUEUING", 9000 + number) for number in range(45)]
    rows = [*past, *recent, *active, *stale, *more]
    return Cloud({one["id"]: one for one in rows}, **changes)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(octopus, "PAGE_SIZE", SIZE)


def the_walk() -> Walk:
    """Return the list."""
    return octopus_system_jobs.walk("/p", "0")


async def count(cloud: Cloud, walk: Walk | None = None) -> Found:
    """Make one attempt."""
    countable = (walk or the_walk()).counting
    assert countable is not None
    return await ByUpdate(countable, cloud.fetch, TERMS).read()


async def read(cloud: Cloud, walk: Walk | None = None, *, time_left: float = 1e9) -> Listing[Tally]:
    """Read the list as a source does."""
    means = Means(
        fetch=cloud.fetch, workers=1, time_left=lambda: time_left, requests_per_second=1e9, terms=TERMS
    )
    return await read_well(walk or the_walk(), means, lambda: Tally(lookback=LOOKBACK))


def kinds(found: Found) -> Counter[tuple[str, str]]:
    known = Counter((job.job_type, job.status) for job in found.jobs.values())
    known.update({kind: count.jobs for kind, count in found.counts.items() if count.jobs})
    return known


async def requests_of(cloud: Cloud) -> int:
    await count(cloud)
    asked = len(cloud.asked)
    cloud.asked.clear()
    cloud.now = NOW
    return asked


USUAL = 41
"""A page, how much is new, the order, a page more, 30 counts, 3 + 3 of active jobs, a page again."""


async def test_the_usual_workspace_takes_so_many_requests() -> None:
    assert await requests_of(a_cloud()) == USUAL


async def test_the_numbers_are_those_of_the_list() -> None:
    cloud = a_cloud()
    found = await count(cloud)
    assert (found.doubts, kinds(found), found.listed) == ((), cloud.kinds, 1079)
    assert {key for key in found.jobs if int(key) < 1000} == {*range(500, 504), *range(600, 645)}
    assert len(found.jobs) < 100  # what ended long ago is not kept


async def test_the_newest_end_of_what_is_counted_is_known() -> None:
    cloud = a_cloud()
    found = await count(cloud)
    for (job_type, status), counted in found.counts.items():
        ends = [
            row["end_at"] / 1000
            for row in cloud.rows.values()
            if (row["job_type"], row["status"]) == (job_type, status) and row["id"] not in found.jobs
        ]
        assert counted.newest_end == max(ends, default=None)


async def test_the_newest_end_is_looked_for_where_jobs_changed_after_it() -> None:
    """Job 1000 was touched later than all others of its kind, and ended long before."""
    cloud = a_cloud([row(1000, "FINISHED", 7000, end_at=(NOW - 90_000) * 1000)])
    found = await count(cloud)
    assert found.counts[TYPES[1000 % 6], "FINISHED"].newest_end == NOW - 7200 - 60 * 30


@pytest.mark.parametrize("at", range(1, USUAL))
async def test_a_job_that_changes_at_any_moment_is_what_it_is_at_the_end(at: int) -> None:
    changes: list[Event] = [
        lambda cloud: cloud.change(STALE, "RUNNING"),
        lambda cloud: cloud.change(STALE + 44, "FINISHED"),
        lambda cloud: cloud.change(RECENT, "FINISHED"),
        lambda cloud: cloud.change(RECENT + 3, "STOPPED"),
        lambda cloud: cloud.born(9001),
    ]
    for change in changes:
        cloud = a_cloud(events={at: change})
        found = await count(cloud)
        assert found.doubts or kinds(found) == cloud.kinds
        assert not found.doubts or found.doubts == ("a part of the list changed whenever it was read",)


async def test_a_birth_and_a_vanishing_that_cancel_out_are_noticed() -> None:
    def swap(cloud: Cloud) -> None:
        cloud.born(9001)
        del cloud.rows[RECENT]

    for at in range(1, USUAL):
        assert "jobs vanished" in (await count(a_cloud(events={at: swap}))).doubts


@pytest.mark.parametrize("key", [1500, RECENT, STALE, 5003])
async def test_a_job_that_vanishes_is_noticed(key: int) -> None:
    for at in range(1, USUAL):
        found = await count(a_cloud(events={at: lambda cloud: cloud.rows.pop(key)}))
        assert "jobs vanished" in found.doubts


async def test_a_job_that_is_over_and_changes_after_it_was_counted_is_noticed() -> None:
    noticed = 0
    for at in range(2, USUAL):
        cloud = a_cloud(events={at: lambda cloud: cloud.change(1500, "FINISHED")})
        found = await count(cloud)
        noticed += "jobs changed after they had been counted" in found.doubts
        assert found.doubts or kinds(found) == cloud.kinds
    assert noticed


async def test_and_is_also_where_a_job_of_an_unknown_type_makes_up_for_it() -> None:
    unknown = row(7000, "FINISHED", 9000, job_type="DREAM")
    for at in range(2, USUAL):
        found = await count(a_cloud([unknown], events={at: lambda cloud: cloud.change(1500, "FINISHED")}))
        assert found.doubts


async def test_more_changes_than_a_page_has_are_noticed() -> None:
    def many(cloud: Cloud) -> None:
        for number in range(SIZE + 1):
            cloud.change(STALE + number, "RUNNING")

    found = await count(a_cloud(events={USUAL - 1: many}))
    assert "more jobs changed meanwhile than a page has" in found.doubts


async def test_a_page_that_changed_at_once_is_trouble_for_a_moment_only() -> None:
    cloud = a_cloud(row(8000 + number, "STOPPED", 4) for number in range(25))
    cloud.rows = {key: row for key, row in cloud.rows.items() if row["update_at"] <= (NOW - 4) * 1000}
    assert "more jobs changed at once than a page has" in (await count(cloud)).doubts
    cloud.now += 100
    assert (await count(cloud)).doubts == ()


async def test_a_list_in_which_nothing_has_changed_for_long_is_no_trouble() -> None:
    cloud = a_cloud()
    cloud.now += 10 * LOOKBACK
    found = await count(cloud)
    assert (found.doubts, kinds(found)) == ((), cloud.kinds)


@pytest.mark.parametrize("name", ["end_time", "statuses", "job_types"])
async def test_a_filter_that_is_overlooked_makes_it_unfit(name: str) -> None:
    with pytest.raises(UnfitError, match="filter"):
        await count(a_cloud(overlooks=frozenset({name})))


async def test_an_order_that_is_overlooked_makes_it_unfit() -> None:
    cloud = a_cloud(overlooks=frozenset({"sort"}))
    with pytest.raises(UnfitError, match=r"order|last change"):
        await count(cloud)
    # Also where the list happens to come in that order.
    cloud.rows = dict(sorted(cloud.rows.items(), key=lambda item: -item[1]["update_at"]))
    with pytest.raises(UnfitError, match="order"):
        await count(cloud)


async def test_an_order_that_is_refused_is_not_asked_for_again() -> None:
    walk, cloud = the_walk(), a_cloud(refuses=lambda query: "sort" in query)
    for sorted_requests in (1, 0):
        cloud.asked.clear()
        listing = await read(cloud, walk)
        assert (listing.way, listing.complete, listing.reading.listed) == (Way.WALK, True, 1079)
        assert sum("sort" in query for query in cloud.asked) == sorted_requests


async def test_a_list_whose_filter_is_overlooked_is_read_and_left_alone() -> None:
    walk, cloud = the_walk(), a_cloud(overlooks=frozenset({"end_time"}))
    first, second = await read(cloud, walk), await read(cloud, walk)
    assert (first.way, first.complete) == (second.way, second.complete) == (Way.WALK, True)
    assert second.requests == 54  # nothing but its pages


async def test_a_type_that_the_cloud_refuses_is_one_without_jobs() -> None:
    cloud = a_cloud(refuses=lambda query: query.get("job_types") == TYPES[0])
    cloud.rows = {key: row for key, row in cloud.rows.items() if row["job_type"] != TYPES[0]}
    walk = the_walk()
    assert (await count(cloud, walk)).doubts == ()
    assert walk.counting is not None
    assert len(walk.counting.memory.refused) == 5


@pytest.mark.parametrize("field", ["status", "job_type"])
async def test_a_word_that_is_new_is_learnt_by_reading_and_counted_then(field: str) -> None:
    cloud = a_cloud([row(7000, "FINISHED", 9000) | {field: "DREAM"}])
    walk = the_walk()
    assert "the parts do not add up to the total" in (await count(cloud)).doubts
    first, second = await read(cloud, walk), await read(cloud, walk)
    assert (first.way, first.complete, second.way, second.complete) == (Way.WALK, True, Way.COUNT, True)
    assert second.fold.unknown == {field: 1}


async def test_counts_are_kept_and_cost_nothing_again() -> None:
    walk, cloud = the_walk(), a_cloud()
    requests = []
    for _ in range(3):
        cloud.change(STALE, "RUNNING")
        cloud.now += 60
        listing = await read(cloud, walk)
        assert (listing.way, listing.complete) == (Way.COUNT, True)
        assert sum(numbers.jobs for numbers in listing.fold.jobs.values()) == 1079
        requests.append(listing.requests)
    assert requests == [43, 10, 10]


async def test_counts_that_are_kept_are_taken_anew_where_they_are_wrong() -> None:
    walk, cloud = the_walk(), a_cloud()
    await read(cloud, walk)
    del cloud.rows[1500]
    listing = await read(cloud, walk)
    assert (listing.complete, listing.reading.listed) == (True, 1078)
    cloud.change(1501, "STOPPED")
    again = await read(cloud, walk)
    assert (again.complete, again.reading.listed) == (True, 1078)


async def test_old_counts_are_taken_anew_once_they_cost_more_than_they_save() -> None:
    walk, cloud = the_walk(), a_cloud()
    await read(cloud, walk)
    memory = walk.counting.memory if walk.counting else None
    assert memory is not None
    for number in range(200):
        cloud.put(row(20_000 + number, "FINISHED", -number))
    cloud.now += 3 * LOOKBACK
    counted = []
    for _ in range(8):
        cloud.now += 60
        assert (await read(cloud, walk)).complete
        counted.append(memory.counts is None)
    assert True in counted


async def test_a_clock_in_whole_seconds_loses_nothing() -> None:
    for at in range(1, USUAL):
        cloud = a_cloud(events={at: lambda cloud: cloud.change(STALE + 44, "FINISHED")})
        fetch = cloud.fetch

        async def told(
            request: Request, fetch: Callable[[Request], Any] = fetch, cloud: Cloud = cloud
        ) -> Answer:
            now, cloud.now = cloud.now, float(int(cloud.now))
            found: Answer = await fetch(request)
            cloud.now = max(cloud.now, now + 0.01)
            return found

        cloud.now += 0.9
        countable = the_walk().counting
        assert countable is not None
        found = await ByUpdate(countable, told, TERMS).read()
        assert found.doubts or kinds(found) == cloud.kinds


@pytest.mark.parametrize("difference", [-1, 1, 7])
async def test_totals_that_lie_are_not_believed(difference: int) -> None:
    cloud = a_cloud(told=lambda total: max(0, total + difference))
    assert (await count(cloud)).doubts


async def test_a_million_past_jobs_cost_no_more_than_a_thousand() -> None:
    """Each of the past jobs of the second workspace stands for a thousand."""
    small, large = a_cloud(), a_cloud()
    thousandfold = sum(
        row["id"] >= 1000 and row["update_at"] < (NOW - 4000) * 1000 for row in large.rows.values()
    )
    fetch = large.fetch

    async def multiplied(request: Request) -> Answer:
        query = dict(request.params)
        found = await fetch(request)
        body = octopus_system_jobs.DECODER.decode(found.body)
        total = body.payload.page_info.total
        if "job_types" in query:
            total *= 1000
        elif "statuses" not in query:
            total += 999 * thousandfold
        return answer(
            found.body.replace(b'"total": %d' % body.payload.page_info.total, b'"total": %d' % total)
        )

    means = Means(fetch=multiplied, workers=1, time_left=lambda: 1e9, requests_per_second=1e9, terms=TERMS)
    walk = the_walk()
    listing = await read_well(walk, means, lambda: Tally(lookback=LOOKBACK))
    once = await read(small)
    assert (listing.complete, listing.reading.listed) == (True, 1079 + 999 * thousandfold)
    assert listing.requests == once.requests <= 80
