"""From clouds in trouble through the exporter, Prometheus and Alertmanager to a webhook, and back."""

import pytest
from anyio.from_thread import start_blocking_portal

from demo.stack import stack
from exporter.commands.simulate import Weather
from tests.e2e import alarm
from tests.e2e.alarm import Mark, Story, Teller, mark_of, unresolved
from tests.programs import program

SPEED = 45.0
CALM = 8
"""A seed of such clouds."""

KNOWN_BAD = {"dataarts", "pai-vision"}


@pytest.fixture(scope="module")
def story() -> Story:
    """All that happened, in clouds in which no REAL_TIME job is in exception by itself."""
    program("prometheus", package="prometheus")
    program("prometheus-alertmanager", package="prometheus-alertmanager")
    story = Story()
    running = stack(Weather(seed=CALM, jobs=200), SPEED, story.heard.append, usual_ports=False)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running) as found:
        Teller(found, story).tell()
    return story


@pytest.mark.parametrize("mark", [alarm.JOBS_FAILED, alarm.QUEUE_WAITS])
def test_jobs_that_fail_and_a_queue_that_is_stuck_are_told(story: Story, mark: Mark) -> None:
    [first, *_] = story.told(mark, "firing", 0, story.moved)
    assert first.receiver == "team"


def test_only_the_queue_that_is_stuck_is_told(story: Story) -> None:
    told = {one.labels["queue_type"] for one in story.told(alarm.QUEUE_WAITS, "firing")}
    assert told == {"RESIM"}
    assert story.told(alarm.QUEUE_WAITS, "resolved", 0, story.moved) == []


@pytest.mark.parametrize(
    ("mark", "receiver"),
    [(alarm.SOURCE_FAILS, "team"), (alarm.DATA_STALE, "pager"), (alarm.LIST_LIES, "team")],
)
def test_a_cloud_that_is_down_and_a_list_that_lies_are_told_until_they_are_well(
    story: Story, mark: Mark, receiver: str
) -> None:
    assert {one.receiver for one in story.told(mark, "firing")} == {receiver}
    assert story.told(mark, "resolved", 0, story.returned) == []
    assert story.told(mark, "resolved", story.returned)


def test_nothing_is_told_of_jobs_that_cannot_be_known(story: Story) -> None:
    """Though something is wrong with them, as is told as soon as it can be known."""
    firing = [
        mark_of(labels)
        for labels in unresolved(story.heard[: story.returned])
        if labels["about"] == "jobs" and labels["source"] in KNOWN_BAD
    ]
    assert firing == []
    active = {one["labels"].get("source") for one in story.active if one["labels"]["about"] == "jobs"}
    assert active & KNOWN_BAD == set()
    assert {mark_of(one["labels"]) for one in story.active} >= {alarm.SOURCE_FAILS, alarm.LIST_LIES}
    for mark in (alarm.IN_EXCEPTION, alarm.FILES_FAIL):
        assert story.told(mark, "firing", story.returned, story.ended)


def test_even_an_alert_about_them_would_be_silenced_and_no_other_one(story: Story) -> None:
    states = {source: one["status"]["state"] for source, one in story.posted.items()}
    assert states == {"dataarts": "suppressed", "pai-vision": "suppressed", "octopus": "active"}
    assert all(story.posted[source]["status"]["inhibitedBy"] for source in KNOWN_BAD)
    told = {one.labels["source"] for one in story.heard[: story.returned] if one.name == "Posted"}
    assert told == {"octopus"}


def test_all_of_it_is_resolved_when_the_troubles_end(story: Story) -> None:
    for mark in alarm.MUST_END:
        assert story.told(mark, "resolved")
    assert alarm.MUST_END & {mark_of(labels) for labels in unresolved(story.heard)} == set()
    assert (
        alarm.MUST_END & {mark_of(one["labels"]) for one in story.left if one["state"] == "firing"} == set()
    )


def test_every_message_says_what_is_wrong_and_where_to_look(story: Story) -> None:
    for notice in story.heard:
        if notice.name != "Posted":
            assert set(notice.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
            text = " ".join(notice.annotations.values())
            assert "<no value>" not in text
            assert "<error" not in text
            assert notice.annotations["runbook_url"].endswith(f"#{notice.name.lower()}")


def test_the_exporter_is_never_missed(story: Story) -> None:
    """Scrapes go on all the time: the exporter answers, whatever becomes of the clouds."""
    assert [one for one in story.heard if one.labels["about"] == "exporter"] == []
