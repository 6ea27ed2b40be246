"""The living world goes on for ever, looks like the real thing, and stays small and quick."""

import time
import tracemalloc
from collections import Counter
from itertools import pairwise

import pytest

from exporter.simulator.identities import DATAARTS_WORKSPACES, OCTOPUS_WORKSPACES, PAI_DATASETS
from exporter.simulator.world import World, living_world
from exporter.simulator.world.dataarts import JOB_TYPES
from exporter.simulator.world.timeline import Row
from tests.simulator.clients import NOW

DAY = 86_400.0
TIMES = [NOW, NOW + 3600, NOW + 40 * DAY, NOW + 3000 * DAY]


@pytest.fixture(scope="module")
def world() -> World:
    return living_world(1, NOW)


def pai(world: World, t: float) -> list[Row]:
    return [row for name in PAI_DATASETS for row in world.dataset_jobs(name, t)]


def octopus(world: World, t: float) -> list[Row]:
    return [row for name in OCTOPUS_WORKSPACES for row in world.system_jobs(name, t)]


def factory(world: World, t: float) -> list[Row]:
    scopes = [(workspace, kind) for workspace in DATAARTS_WORKSPACES for kind in JOB_TYPES]
    return [row for scope in scopes for row in world.dataarts_jobs(*scope, t)]


@pytest.mark.parametrize("t", TIMES)
def test_lists_about_as_many_jobs_as_are_asked_for_at_any_time(world: World, t: float) -> None:
    for rows in (pai(world, t), octopus(world, t), factory(world, t)):
        assert 150 < len(rows) < 500
    small = living_world(1, NOW, jobs=30)
    assert 5 < len(pai(small, t)) < 70


@pytest.mark.parametrize("t", TIMES)
def test_has_jobs_in_every_phase_and_few_that_fail(world: World, t: float) -> None:
    hours = [t + hour * 3600 for hour in range(24)]
    of_pai = Counter(row["Status"] for hour in hours for row in pai(world, hour))
    assert set(of_pai) == {
        *("Pending", "Starting", "Running", "Succeeded", "PartialFailed", "Failed", "ManuallyStop"),
        *("Deleting", "Deleted"),
    } - ({"Deleting"} - set(of_pai))
    assert 0.01 < (of_pai["Failed"] + of_pai["PartialFailed"]) / of_pai.total() < 0.2
    of_octopus = Counter(row["status"] for hour in hours for row in octopus(world, hour))
    assert {"QUEUING", "LAUNCHING", "RUNNING", "UPLOADING", "FINISHED", "RUN_FAILED", "STOPPED"} <= set(
        of_octopus
    )
    failures = sum(of_octopus[name] for name in ("SUBMIT_FAILED", "RUN_FAILED", "UPLOAD_FAILED"))
    assert 0.01 < failures / of_octopus.total() < 0.2
    of_factory = Counter(row["status"] for hour in hours for row in factory(world, hour))
    assert {"SCHEDULING", "PAUSED", "STOPPED", "NORMAL"} <= set(of_factory)


def test_never_uses_an_id_twice(world: World) -> None:
    lives: dict[object, object] = {}
    for step in range(60):
        t = NOW + step * 1800
        for rows, key, birth in (
            (pai(world, t), "DatasetJobId", "CreateTime"),
            (octopus(world, t), "id", "create_at"),
        ):
            assert len({row[key] for row in rows}) == len(rows)
            for row in rows:
                assert lives.setdefault(row[key], row[birth]) == row[birth]
    assert len(lives) > 1000


def test_files_progress_while_a_job_runs(world: World) -> None:
    running = [row for row in pai(world, NOW) if row["Status"] == "Running"]
    assert running
    later = {row["DatasetJobId"]: row for row in pai(world, NOW + 600)}
    progress = [
        later[row["DatasetJobId"]]["CompletedFileCount"] - row["CompletedFileCount"] for row in running
    ]
    assert all(step >= 0 for step in progress)
    assert any(step > 0 for step in progress)


def test_dataarts_jobs_run_again_and_again(world: World) -> None:
    def last_ends(t: float) -> dict[str, int]:
        return {
            row["name"]: row["lastInstanceEndTime"]
            for row in factory(world, t)
            if "lastInstanceEndTime" in row
        }

    ends = [last_ends(NOW + day * DAY) for day in range(4)]
    steady = set.intersection(*(set(one) for one in ends))
    moving = [name for name in steady if ends[0][name] < ends[1][name] < ends[2][name] < ends[3][name]]
    assert len(moving) > 50


def test_queues_are_never_long_empty_nor_overflowing(world: World) -> None:
    for queue_type in ("PROCESSOR", "INTERNAL", "RESIM"):
        lengths = [len(world.queue(queue_type, NOW + hour * 3600)) for hour in range(48)]
        assert 3 < sum(lengths) / len(lengths) < 100


def test_the_past_is_the_same_however_it_is_asked_for() -> None:
    forward, backward = living_world(4, NOW, jobs=60), living_world(4, NOW, jobs=60)
    times = [NOW + step * 7 * 3600 for step in range(10)]
    seen = {t: (pai(forward, t), octopus(forward, t), factory(forward, t)) for t in times}
    for t in reversed(times):
        assert (pai(backward, t), octopus(backward, t), factory(backward, t)) == seen[t]
    assert living_world(5, NOW, jobs=60).system_jobs("0", NOW) != seen[NOW][1]


def test_changes_at_its_moments_only(world: World) -> None:
    moments = world.moments(NOW, NOW + 300)
    assert len(moments) > 20
    for earlier, later in pairwise(moments[:40]):
        one, other = pai(world, earlier), pai(world, (earlier + later) / 2)
        assert one == other
        assert factory(world, earlier) == factory(world, (earlier + later) / 2)


def test_memory_stays_flat_for_days() -> None:
    world = living_world(2, NOW, jobs=60)
    step = 3600.0

    def live(hours: range) -> None:
        for hour in hours:
            pai(world, NOW + hour * step)
            octopus(world, NOW + hour * step)
            factory(world, NOW + hour * step)

    live(range(48))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        live(range(48, 144))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 2_000_000


def test_listing_two_thousand_jobs_takes_milliseconds() -> None:
    world = living_world(3, NOW, jobs=4600)
    octopus(world, NOW)
    begin = time.process_time()
    rows = world.system_jobs("0", NOW)
    assert len(rows) > 2000
    assert time.process_time() - begin < 0.25, "some tens of milliseconds on a slow machine"
