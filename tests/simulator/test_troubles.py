"""A world in trouble: what goes wrong, for how long, and that its past stays what it was."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.identities import DATAARTS_WORKSPACES, OCTOPUS_WORKSPACES, PAI_DATASETS
from exporter.simulator.world import World, living_world, random_world
from exporter.simulator.world.octopus import QUEUE_TYPES
from exporter.simulator.world.timeline import NEVER, Row
from exporter.simulator.world.trouble import RUSH, Spell, Trouble, TroubleKind, held
from exporter.simulator.world.troubled import troubled
from tests.simulator.clients import NOW
from tests.simulator.test_world import everything

MINUTE, HOUR = 60.0, 3600.0
WINDOW = 3.0


@pytest.fixture(scope="module")
def world() -> World:
    return living_world(7, NOW, jobs=400)


def in_trouble(world: World, text: str, *, end: float = NEVER) -> World:
    trouble = Trouble.parse(text)
    return troubled(world, (Spell(trouble=trouble, begin=NOW - trouble.ago, end=end),))


def pai(world: World, t: float) -> list[Row]:
    return [row for name in PAI_DATASETS for row in world.dataset_jobs(name, t)]


def octopus(world: World, t: float) -> list[Row]:
    return [row for workspace in OCTOPUS_WORKSPACES for row in world.system_jobs(workspace, t)]


def factory(world: World, kind: str, t: float) -> list[Row]:
    return [row for workspace in DATAARTS_WORKSPACES for row in world.dataarts_jobs(workspace, kind, t)]


def by(rows: Iterable[Row], name: str) -> Counter[object]:
    return Counter(row.get(name) for row in rows)


def test_without_troubles_a_world_is_itself(world: World) -> None:
    assert troubled(world, ()) is world


def test_jobs_fail_one_after_the_other_and_later_ones_do_not(world: World) -> None:
    bad = in_trouble(world, "jobs-fail", end=NOW + HOUR)
    failures = [by(octopus(bad, NOW + second), "status")["RUN_FAILED"] for second in range(0, 70, 5)]
    assert failures == sorted(failures)
    assert len(set(failures)) > 5, "not all at once"
    ran = {row["id"] for row in octopus(world, NOW) if row["status"] == "RUNNING"}
    after = {row["id"]: row for row in octopus(bad, NOW + MINUTE)}
    fared = by((after[number] for number in ran if number in after), "status")
    assert (len(ran) > 10, fared["RUNNING"], fared["RUN_FAILED"] > len(ran) / 2) == (True, 0, True)
    assert by(pai(bad, NOW + MINUTE), "Status")["Failed"] > by(pai(world, NOW + MINUTE), "Status")["Failed"]
    assert by(octopus(bad, NOW + HOUR), "status")["RUNNING"] < 5
    later, usual = octopus(bad, NOW + 10 * HOUR), octopus(world, NOW + 10 * HOUR)
    assert by(later, "status")["RUNNING"] == by(usual, "status")["RUNNING"] > 5


def test_only_jobs_of_one_type_and_one_list_fail(world: World) -> None:
    bad = in_trouble(world, "jobs-fail=FRAME_EXTRACT@1h")
    fared = {row["job_type"] for row in octopus(bad, NOW) if row["status"] == "RUNNING"}
    assert "FRAME_EXTRACT" not in fared
    assert len(fared) > 2
    assert pai(bad, NOW) == pai(world, NOW)
    other = in_trouble(world, "pai_dataset_jobs:jobs-fail@1h")
    assert octopus(other, NOW) == octopus(world, NOW)
    assert by(pai(other, NOW), "Status")["Running"] < by(pai(world, NOW), "Status")["Running"]


def test_a_rate_strikes_a_share(world: World) -> None:
    usual = by(factory(world, "REAL_TIME", NOW), "status")["NORMAL"]
    half = by(factory(in_trouble(world, "streams-break:0.5@1m"), "REAL_TIME", NOW), "status")["NORMAL"]
    assert 0.25 * usual < half < 0.75 * usual


def test_jobs_that_hang_run_ever_longer_and_do_no_file(world: World) -> None:
    bad = in_trouble(world, "jobs-hang")
    ran = {row["id"] for row in octopus(world, NOW) if row["status"] == "RUNNING"}
    later = [row for row in octopus(bad, NOW + 3 * HOUR) if row["id"] in ran]
    assert len(later) == len(ran)
    assert {row["status"] for row in later} == {"RUNNING"}
    assert all(row["running_duration"] > 3 * HOUR * 1000 for row in later)

    def files(t: float) -> dict[str, int]:
        names = {row["DatasetJobId"] for row in pai(world, NOW) if row["Status"] == "Running"}
        rows = (row for row in pai(bad, t) if row["DatasetJobId"] in names)
        return {row["DatasetJobId"]: row["CompletedFileCount"] for row in rows}

    assert files(NOW) == files(NOW + 3 * HOUR)
    assert len(files(NOW)) > 10


def test_hanging_jobs_go_on_soon_after_the_trouble(world: World) -> None:
    bad = in_trouble(world, "jobs-hang@3h", end=NOW)
    now, soon = (by(octopus(bad, t), "status")["RUNNING"] for t in (NOW - 1, NOW + RUSH + 1))
    assert now > 2 * soon
    assert by(octopus(bad, NOW + 10 * HOUR), "status") == by(octopus(world, NOW + 10 * HOUR), "status")


@pytest.mark.parametrize("queue_type", QUEUE_TYPES)
def test_nobody_leaves_a_stuck_queue_until_it_moves_again(world: World, queue_type: str) -> None:
    end = NOW + HOUR
    bad = in_trouble(world, "queue-stuck", end=end)
    seen: set[int] = set()
    for t in (NOW, NOW + 600, NOW + 1800, end - 0.001):
        present = {row["id"] for row in bad.queue(queue_type, t)}
        assert present > seen
        seen = present
    before = {row["id"] for row in bad.queue(queue_type, NOW)}
    assert before == {row["id"] for row in world.queue(queue_type, NOW)}
    after = bad.queue(queue_type, end + 2 * RUSH)
    assert after == world.queue(queue_type, end + 2 * RUSH)
    assert len(after) < len(seen)


def test_jobs_wait_as_long_as_the_internal_queue_is_stuck(world: World) -> None:
    bad = in_trouble(world, "queue-stuck=INTERNAL@2h")
    queued = {row["id"] for row in octopus(bad, NOW) if row["status"] == "QUEUING"}
    assert queued == {row["job_id"] for row in bad.queue("INTERNAL", NOW)}
    assert len(queued) > 2 * by(octopus(world, NOW), "status")["QUEUING"]
    oldest = min(row["rank_stamp"] for row in bad.queue("INTERNAL", NOW))
    assert NOW - 3 * HOUR < oldest / 1000 < NOW - 1.9 * HOUR
    assert bad.queue("RESIM", NOW) == world.queue("RESIM", NOW)
    assert by(octopus(bad, NOW), "status")["RUNNING"] < 3, "nothing new has come to run"


def test_half_of_the_files_fail_and_such_jobs_end_in_part(world: World) -> None:
    bad = in_trouble(world, "files-fail@2h")
    rows = {row["DatasetJobId"]: row for row in pai(bad, NOW)}
    usual = {row["DatasetJobId"]: row for row in pai(world, NOW)}
    fresh = [row for row in rows.values() if row.get("CompletedFileCount", 0) and row["Status"] == "Running"]
    shares = [
        row["FailedFileCount"] / (row["FailedFileCount"] + row["CompletedFileCount"])
        for row in fresh
        if usual[row["DatasetJobId"]]["FailedFileCount"] == 0
    ]
    assert len(shares) > 5
    assert all(0 < share <= 0.5 for share in shares)
    assert by(rows.values(), "Status")["PartialFailed"] > 3 * by(usual.values(), "Status")["PartialFailed"]


def test_every_run_fails_until_the_trouble_ends(world: World) -> None:
    bad = in_trouble(world, "runs-fail@7h", end=NOW + 1)
    recent = [
        row for row in factory(bad, "BATCH", NOW) if row.get("lastInstanceEndTime", 0) / 1000 > NOW - 6 * HOUR
    ]
    assert len(recent) > 50
    assert {row["lastInstanceStatus"] for row in recent} == {"fail"}
    later = [row for row in factory(bad, "BATCH", NOW + 7 * HOUR) if row["status"] == "SCHEDULING"]
    assert by(later, "lastInstanceStatus")["success"] > len(later) / 2


def test_streams_break_and_are_mended(world: World) -> None:
    bad = in_trouble(world, "streams-break", end=NOW + MINUTE)
    before, during, after = (
        by(factory(bad, "REAL_TIME", t), "status") for t in (NOW - 1, NOW + 59, NOW + 61)
    )
    assert before["NORMAL"] > 10
    assert (during["NORMAL"], during["EXCEPTION"]) == (0, before["NORMAL"] + before["EXCEPTION"])
    assert abs(after["NORMAL"] - before["NORMAL"]) < 3
    assert factory(bad, "BATCH", NOW) == factory(world, "BATCH", NOW)


kinds = st.lists(st.sampled_from(TroubleKind), min_size=1, max_size=4)
moments = st.floats(-WINDOW, 2 * WINDOW).map(lambda offset: round(NOW + offset, 3))


@given(st.integers(0, 10**6), kinds, moments, moments, moments)
@settings(max_examples=100, deadline=None)
def test_the_past_stays_what_it_was(
    seed: int, struck: list[TroubleKind], one: float, other: float, t: float
) -> None:
    """Neither the beginning of a trouble nor its end changes what was listed before."""
    usual = random_world(seed, start=NOW, window=WINDOW, most=40)
    begin, end = sorted((one, other))
    begun = troubled(usual, tuple(Spell(trouble=Trouble(kind=kind), begin=begin) for kind in struck))
    over = troubled(usual, tuple(Spell(trouble=Trouble(kind=kind), begin=begin, end=end) for kind in struck))
    if t < begin:
        assert everything(begun, t) == everything(usual, t)
    if t < end:
        assert everything(over, t) == everything(begun, t)


@given(st.integers(0, 10**6), kinds, moments, moments)
@settings(max_examples=25, deadline=None)
def test_changes_at_its_moments_and_at_no_other_time(
    seed: int, struck: list[TroubleKind], one: float, other: float
) -> None:
    begin, end = sorted((one, other))
    spells = tuple(Spell(trouble=Trouble(kind=kind), begin=begin, end=end) for kind in struck)
    world = troubled(random_world(seed, start=NOW, window=WINDOW, most=20), spells)
    before = everything(world, NOW)
    found = world.moments(NOW, NOW + WINDOW)
    for moment in found:
        assert everything(world, moment - 0.0004) == before, "nothing changes between two moments"
        before = everything(world, moment)
    assert everything(world, NOW + WINDOW) == before


@given(st.lists(moments, min_size=2, max_size=2), st.lists(st.tuples(moments, moments), max_size=3))
def test_what_is_held_up_keeps_its_order(pair: list[float], spans: list[tuple[float, float]]) -> None:
    trouble = Trouble(kind=TroubleKind.QUEUE_STUCK)
    spells = tuple(Spell(trouble=trouble, begin=min(span), end=max(span)) for span in sorted(spans))
    first, second = sorted(pair)
    assert first <= held(first, spells) <= held(second, spells)


def test_a_trouble_is_read_as_it_is_written() -> None:
    for text in ("jobs-fail", "octopus_system_jobs:jobs-hang=FRAME_EXTRACT:0.5", "queue-stuck=RESIM"):
        assert str(Trouble.parse(text)) == text
    assert Trouble.parse("runs-fail:0.25@90m").ago == 5400
    assert Trouble.parse("runs-fail@1.5h") == Trouble.parse("runs-fail@30s"), "it is the same trouble"
    assert [Trouble.parse(kind).kind for kind in TroubleKind] == list(TroubleKind)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("jobs-fail@soon", "is not"),
        ("jobs-fail@5d", "is not"),
        ("dataarts_jobs:jobs-fail", "strikes pai_dataset_jobs, octopus_system_jobs, not dataarts_jobs"),
        ("queue-stuck=FRAME_EXTRACT", "can be narrowed to one of PROCESSOR, INTERNAL, RESIM"),
        ("runs-fail=BATCH", "takes no type"),
        ("jobs-fail:2", "a rate is between 0 and 1"),
        ("jobs-fail:1.2.3", "'1.2.3' is not a number"),
    ],
)
def test_says_what_is_wrong_with_a_trouble(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Trouble.parse(text)
