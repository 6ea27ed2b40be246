"""Counts status by status: nothing may change meanwhile, and what does is noticed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.apis import pai_dataset_jobs
from exporter.apis.by_status import ByStatus
from exporter.apis.parts import Found, Terms, UnfitError
from exporter.client import Answer, Request
from tests.apis.cases import answer

NOW = 1_900_000_000.0
TERMS = Terms(lookback=3600.0, longest_job=86400.0)
ENDS = ("Succeeded", "PartialFailed", "Failed", "ManuallyStop")
Row = dict[str, Any]
Event = Callable[["Cloud"], object]


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(number: int, status: str, age: float) -> Row:
    """Return a job that ended, or was created if it is active, ``age`` seconds ago."""
    known: Row = {
        "DatasetJobId": f"dsjob-{number:06d}",
        "JobAction": pai_dataset_jobs.ACTIONS[number % 6],
        "Status": status,
        "CreateTime": iso(NOW - age - (60 if status in ENDS else 0)),
        "WorkspaceId": "145883",
        "CompletedFileCount": 1,
    }
    return known | ({"FinishTime": iso(NOW - age)} if status in ENDS else {})


@dataclass
class Cloud:
    """A dataset in memory; before the request ``n`` (from 0) is answered, ``events[n]`` may change it."""

    rows: dict[int, Row]
    events: dict[int, Event] = field(default_factory=dict)
    overlooks: frozenset[str] = frozenset()
    asked: int = 0

    async def fetch(self, request: Request) -> Answer:
        event = self.events.get(self.asked)
        self.asked += 1
        if event is not None:
            event(self)
        query = {name: value for name, value in request.params if value not in self.overlooks}
        found = [
            row
            for row in self.rows.values()
            if query.get("Status", row["Status"]) == row["Status"]
            and query.get("JobAction", row["JobAction"]) == row["JobAction"]
        ]
        order = query.get("SortBy", "DatasetJobId")
        found.sort(key=lambda row: (row.get(order, "9"), row["DatasetJobId"]), reverse=True)
        size = int(query["PageSize"])
        first = (int(query["PageNumber"]) - 1) * size
        return answer({"TotalCount": len(found), "DatasetJobs": found[first : first + size]}, NOW)

    @property
    def kinds(self) -> Counter[tuple[str, str]]:
        return Counter((row["JobAction"], row["Status"]) for row in self.rows.values())


def a_cloud(**changes: Any) -> Cloud:
    past = {number: row(number, ENDS[number % 4], 7200 + 60 * number) for number in range(3000)}
    recent = {4000 + number: row(4000 + number, "Succeeded", 60 * number) for number in range(40)}
    active = {5000 + number: row(5000 + number, "Running", 50 * number) for number in range(60)}
    return Cloud(past | recent | active, **changes)


async def count(cloud: Cloud) -> Found:
    countable = pai_dataset_jobs.walk("d-1", None).counting
    assert countable is not None
    return await ByStatus(countable, cloud.fetch, TERMS).read()


def kinds(found: Found) -> Counter[tuple[str, str]]:
    known = Counter((job.job_type, job.status) for job in found.jobs.values())
    known.update({kind: count.jobs for kind, count in found.counts.items() if count.jobs})
    return known


async def test_the_numbers_are_those_of_the_list() -> None:
    cloud = a_cloud()
    found = await count(cloud)
    assert (found.doubts, kinds(found), found.workspace) == ((), cloud.kinds, "145883")
    assert cloud.asked == 46
    assert found.counts["SemanticIndex", "Succeeded"].newest_end == NOW - 60 * 2
    assert sum(job.status == "Succeeded" for job in found.jobs.values()) >= 40


def vanish(number: int) -> Event:
    return lambda cloud: cloud.rows.pop(number)


def become(number: int, status: str) -> Event:
    return lambda cloud: cloud.rows.update({number: cloud.rows[number] | row(number, status, 0)})


def swap(cloud: Cloud) -> None:
    """Let a job vanish and another be born."""
    cloud.rows.pop(100)
    cloud.rows[6000] = row(6000, "Running", 0)


def progress(cloud: Cloud) -> None:
    cloud.rows[5000]["CompletedFileCount"] = 2


CHANGES: dict[str, Event] = {
    "a finished job vanishes": vanish(100),
    "an active job vanishes": vanish(5000),
    "a job ends": become(5000, "Succeeded"),
    "a job goes on": become(5030, "Starting"),
    "one vanishes and one is born": swap,
    "files come forward": progress,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_at_any_moment_is_noticed_or_makes_no_difference(change: Event) -> None:
    endings: Counter[bool] = Counter()
    for at in range(1, 46, 3):
        cloud = a_cloud(events={at: change})
        found = await count(cloud)
        assert found.doubts or kinds(found) in (cloud.kinds, a_cloud().kinds)
        endings[bool(found.doubts)] += 1
    assert endings[True] >= 10


async def test_a_status_that_no_document_has_makes_it_incomplete() -> None:
    cloud = a_cloud()
    cloud.rows[100]["Status"] = "Dreaming"
    assert "the parts do not add up to the total" in (await count(cloud)).doubts


async def test_where_the_order_of_ends_is_overlooked_recent_jobs_are_found_by_creation() -> None:
    cloud = a_cloud(overlooks=frozenset({"FinishTime"}))
    cloud.rows[2999] |= {"DatasetJobId": "dsjob-999999"}  # so that the order without one is no order of ends
    found = await count(cloud)
    assert (found.doubts, kinds(found)) == ((), cloud.kinds)
    assert {f"dsjob-{4000 + number:06d}" for number in range(40)} <= found.jobs.keys()


async def test_an_overlooked_filter_or_order_of_creation_makes_it_unfit() -> None:
    for words in ({"Running", "Succeeded", "Failed"}, set(pai_dataset_jobs.ACTIONS)):
        with pytest.raises(UnfitError):
            await count(a_cloud(overlooks=frozenset(words)))
