"""A world of chance is consistent in itself, at every moment."""

from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.identities import DATAARTS_WORKSPACES, OCTOPUS_WORKSPACES, PAI_DATASETS
from exporter.simulator.world import ListingOrder, World, random_world
from exporter.simulator.world.dataarts import JOB_TYPES
from exporter.simulator.world.octopus import FAILURES, QUEUE_TYPES
from exporter.simulator.world.timeline import Row
from tests.simulator.clients import NOW

WINDOW = 3.0
seeds = st.integers(0, 10**6)
offsets = st.floats(-WINDOW, 2 * WINDOW)


def small(seed: int) -> World:
    return random_world(seed, start=NOW, window=WINDOW, most=40)


def everything(world: World, t: float) -> dict[str, list[Row]]:
    """All lists at one moment, without the one duration that grows by itself."""
    lists = {f"dataset {name}": world.dataset_jobs(name, t) for name in PAI_DATASETS}
    lists |= {f"workspace {name}": world.system_jobs(name, t) for name in OCTOPUS_WORKSPACES}
    lists |= {f"queue {name}": world.queue(name, t) for name in QUEUE_TYPES}
    lists |= {
        f"factory {workspace} {kind}": world.dataarts_jobs(workspace, kind, t)
        for workspace in DATAARTS_WORKSPACES
        for kind in JOB_TYPES
    }
    lists["workspaces"] = world.workspaces(t)
    return {
        name: [{key: value for key, value in row.items() if key != "running_duration"} for row in rows]
        for name, rows in lists.items()
    }


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_changes_at_its_moments_and_at_no_other_time(seed: int) -> None:
    world = small(seed)
    start, end = NOW - WINDOW, NOW + 2 * WINDOW
    moments = world.moments(start, end)
    assert moments == sorted(set(moments))
    assert all(start < moment <= end for moment in moments)
    before = everything(world, start)
    for moment, following in zip(moments, [*moments[1:], end], strict=True):
        just_before = everything(world, moment - 0.0004)
        assert just_before == before, "nothing changes between two moments"
        before = everything(world, moment)
        if following - moment > 0.001:
            assert everything(world, (moment + following) / 2) == before
    assert everything(world, end) == before


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_something_changes_at_each_of_its_moments(seed: int) -> None:
    """But for steps of progress too small to move a counter, and states that are passed in no time."""
    world = small(seed)
    moments = world.moments(NOW, NOW + WINDOW)
    changed = [everything(world, moment) != everything(world, moment - 0.0004) for moment in moments]
    assert sum(changed) >= 0.7 * len(moments)


@given(seeds, offsets)
@settings(max_examples=150, deadline=None)
def test_counts_no_more_files_than_there_are(seed: int, offset: float) -> None:
    world = small(seed)
    for dataset in PAI_DATASETS:
        for row in world.dataset_jobs(dataset, NOW + offset):
            if "TotalFileCount" in row:
                assert row["CompletedFileCount"] >= 0
                assert row["FailedFileCount"] >= 0
                assert row["CompletedFileCount"] + row["FailedFileCount"] <= row["TotalFileCount"]
            else:
                assert row["Status"] in {"Pending", "Starting", "ManuallyStop"}


@given(seeds, offsets)
@settings(max_examples=150, deadline=None)
def test_times_of_system_jobs_agree_with_each_other(seed: int, offset: float) -> None:
    world, now = small(seed), NOW + offset
    for workspace in OCTOPUS_WORKSPACES:
        for row in world.system_jobs(workspace, now):
            assert row["create_at"] <= row["update_at"] <= now * 1000 + 1
            assert ("start_at" in row) == ("submitting_duration" in row) == ("running_duration" in row)
            assert ("msg_code" in row) == ("msg_error" in row) == (row["status"] in FAILURES)
            if "start_at" in row:
                assert row["submitting_duration"] == row["start_at"] - row["create_at"]
                until = row.get("end_at", round(now * 1000))
                assert row["running_duration"] == until - row["start_at"]
            if "end_at" in row:
                assert row["status"] not in {"QUEUING", "LAUNCHING", "RUNNING", "UPLOADING"}
                assert row["end_at"] == row["update_at"]


@given(seeds, offsets)
@settings(max_examples=150, deadline=None)
def test_the_internal_queue_holds_exactly_the_jobs_that_wait(seed: int, offset: float) -> None:
    world, now = small(seed), NOW + offset
    waiting = {
        (row["id"], row["job_type"], row["workspace_id"])
        for workspace in OCTOPUS_WORKSPACES
        for row in world.system_jobs(workspace, now)
        if row["status"] == "QUEUING"
    }
    entries = world.queue("INTERNAL", now)
    assert {(row["job_id"], row["job_type"], row["workspace_id"]) for row in entries} == waiting
    assert len(entries) == len(waiting)


@given(seeds, offsets)
@settings(max_examples=150, deadline=None)
def test_instances_of_jobs_that_are_never_scheduled_do_not_run(seed: int, offset: float) -> None:
    world, now = small(seed), NOW + offset
    for workspace in DATAARTS_WORKSPACES:
        for row in world.dataarts_jobs(workspace, "REAL_TIME", now):
            assert "lastInstanceStatus" not in row
        for row in world.dataarts_jobs(workspace, "BATCH", now):
            if "lastInstanceStatus" in row:
                assert row["startTime"] >= row["createTime"]
                ended = row.get("lastInstanceEndTime")
                assert (row["lastInstanceStatus"] == "running") == (ended is None)
                assert ended is None or row["startTime"] < ended <= now * 1000 + 1


ORDERS: list[tuple[ListingOrder, Callable[[Row], int], bool]] = [
    (ListingOrder.CREATED_DESCENDING, lambda row: int(row["create_at"]), True),
    (ListingOrder.CREATED_ASCENDING, lambda row: int(row["create_at"]), False),
    (ListingOrder.UPDATED_DESCENDING, lambda row: int(row["update_at"]), True),
    (ListingOrder.UPDATED_ASCENDING, lambda row: int(row["update_at"]), False),
]


@given(seeds, offsets)
@settings(max_examples=60, deadline=None)
def test_lists_in_the_order_that_is_asked_for(seed: int, offset: float) -> None:
    world, now = small(seed), NOW + offset
    for workspace in OCTOPUS_WORKSPACES:
        plain = world.system_jobs(workspace, now)
        for order, key, descending in ORDERS:
            keys = [key(row) for row in world.system_jobs(workspace, now, order)]
            assert keys == sorted(keys, reverse=descending)
        scattered = world.system_jobs(workspace, now, ListingOrder.HASH)
        assert sorted(row["id"] for row in scattered) == sorted(row["id"] for row in plain)


def identifiers(world: World, times: Iterable[float]) -> Iterable[tuple[str, list[object]]]:
    names = {"dataset": "DatasetJobId", "workspace": "id", "queue": "id", "factory": "name"}
    for t in times:
        for name, rows in everything(world, t).items():
            if name.split(" ")[0] in names and name != "workspaces":
                yield name, [row[names[name.split(" ")[0]]] for row in rows]


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_no_list_names_anything_twice(seed: int) -> None:
    for name, keys in identifiers(small(seed), (NOW - 1, NOW, NOW + WINDOW)):
        assert len(set(keys)) == len(keys), name


def test_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    one, same, other = (everything(random_world(seed, start=NOW, system_jobs=20), NOW) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_has_as_many_jobs_as_are_asked_for() -> None:
    counts = {"dataset_jobs": 31, "system_jobs": 17, "queue_entries": 11, "dataarts_jobs": 2000}
    world = random_world(3, start=NOW, **counts)
    crowds = (world.pai_jobs, world.octopus_jobs, world.octopus_queues, world.factory_jobs)
    eternity = [sum(len(crowd.between(0, 1e12)) for crowd in one.values()) for one in crowds]
    assert eternity == list(counts.values())
