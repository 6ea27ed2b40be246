"""What happened between simulated clouds in trouble and a webhook, told from beginning to end.

The programs are the real ones and the rules those that we ship, many times as fast. Everything happens to
one set of sources at once, each of which has a trouble of its own, and is written down for tests to look at.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from demo.receiver import Notice
from demo.stack import Stack

PATIENCE = 120.0
"""Seconds that anything may take on a busy machine."""

CLOUD_DOWN, LYING_TOTAL = "dataarts_jobs:http-503-empty", "pai_dataset_jobs:wrong-total=3"
BEHIND_THEM = ("streams-break@1h", "files-fail@2h")
"""What is wrong in the sources of which nothing can be known meanwhile."""

FAILING, STUCK = "octopus_system_jobs:jobs-fail", "queue-stuck=RESIM@2h"

Mark = tuple[str, str]
"""The name of an alert, and its source."""

QUEUE_WAITS, JOBS_FAILED = ("DatajobsQueueWaitingLong", "octopus-queue"), ("DatajobsJobsFailed", "octopus")
SOURCE_FAILS, DATA_STALE = ("DatajobsSourceFailing", "dataarts"), ("DatajobsDataStale", "dataarts")
LIST_LIES = ("DatajobsListIncomplete", "pai-vision")
IN_EXCEPTION, FILES_FAIL = ("DatajobsJobInException", "dataarts"), ("DatajobsFilesFailing", "pai-vision")
MUST_END = {QUEUE_WAITS, JOBS_FAILED, SOURCE_FAILS, DATA_STALE, LIST_LIES, IN_EXCEPTION}
"""Those that end with the trouble; files that have failed stay so."""


@dataclass(slots=True, kw_only=True)
class Story:
    """All that the webhook heard, and how far it was (in ``heard``) at turning points."""

    heard: list[Notice] = field(default_factory=list)
    moved: int = 0
    """The queue moves again and jobs no longer fail."""
    returned: int = 0
    """It is known that one cloud is down and that another one lies; from here on both are well again."""
    ended: int = 0
    """What was wrong behind them ends, too."""
    active: list[dict[str, Any]] = field(default_factory=list)
    """The alerts that Prometheus had just before."""
    posted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What Alertmanager made then of an alert about the jobs of each source."""
    left: list[dict[str, Any]] = field(default_factory=list)
    """The alerts that Prometheus had at the end."""
    seconds: dict[str, float] = field(default_factory=dict)

    def told(self, mark: Mark, status: str, begin: int = 0, end: int | None = None) -> list[Notice]:
        """Return what was heard of an alert between two points."""
        return [one for one in self.heard[begin:end] if mark_of(one.labels) == mark and one.status == status]


def mark_of(labels: dict[str, str]) -> Mark:
    """Return what an alert is and of which source."""
    return labels["alertname"], labels.get("source", "")


def unresolved(notices: Sequence[Notice]) -> list[dict[str, str]]:
    """Return the labels of the alerts whose last word is not that they are resolved."""
    last = {tuple(sorted(one.labels.items())): one.status for one in notices}
    return [dict(labels) for labels, status in last.items() if status != "resolved"]


class Teller:
    """Brings troubles about, one after the other, and waits for what comes of them."""

    def __init__(self, stack: Stack, story: Story) -> None:
        self._stack = stack
        self._story = story
        self._http = httpx.Client(trust_env=False, timeout=10)
        self._started = time.monotonic()

    def tell(self) -> None:
        """Live through the whole story; whatever does not happen in time is missing in it."""
        story = self._story
        with self._http:
            self._wait("collected", lambda: self._query("sum(datajobs_source_success)") == "4")
            self._put(CLOUD_DOWN, LYING_TOTAL, *BEHIND_THEM, FAILING, STUCK)
            self._until("jobs and queue", QUEUE_WAITS, JOBS_FAILED)
            story.moved = len(story.heard)
            self._put(CLOUD_DOWN, LYING_TOTAL, *BEHIND_THEM)
            self._until("clouds", SOURCE_FAILS, DATA_STALE, LIST_LIES)
            story.active = self._alerts()
            self._post_for("dataarts", "pai-vision", "octopus")
            self._until("posted", ("Posted", "octopus"))
            story.returned = len(story.heard)
            self._put(*BEHIND_THEM)
            self._until("what was behind", IN_EXCEPTION, FILES_FAIL, begin=story.returned)
            story.ended = len(story.heard)
            self._put()
            self._wait("resolved", lambda: MUST_END.isdisjoint(map(mark_of, unresolved(story.heard))))
            story.left = self._alerts()

    def _until(self, name: str, *marks: Mark, begin: int = 0) -> None:
        """Wait until the webhook has heard that all of these fire."""
        self._wait(name, lambda: all(self._story.told(mark, "firing", begin) for mark in marks))

    def _wait(self, name: str, happened: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not happened() and time.monotonic() < end:
            time.sleep(0.1)
        self._story.seconds[name] = time.monotonic() - self._started

    def _put(self, *faults: str) -> None:
        """Let just these faults and troubles be."""
        self._http.put(self._stack.faults, content="\n".join(faults)).raise_for_status()

    def _query(self, expression: str) -> str:
        """Return the one value of a query; nothing where there is none."""
        url = f"{self._stack.programs['prometheus'].url}/api/v1/query"
        found = self._http.get(url, params={"query": expression}).raise_for_status().json()["data"]["result"]
        return found[0]["value"][1] if found else ""

    def _alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that Prometheus has."""
        url = f"{self._stack.programs['prometheus'].url}/api/v1/alerts"
        alerts: list[dict[str, Any]] = self._http.get(url).raise_for_status().json()["data"]["alerts"]
        return alerts

    def _post_for(self, *sources: str) -> None:
        """Have an alert about the jobs of each source, and note what Alertmanager makes of it."""
        url = f"{self._stack.programs['alertmanager'].url}/api/v2/alerts"
        ends = (datetime.now(UTC) + timedelta(seconds=PATIENCE)).isoformat()
        common = {"alertname": "Posted", "job": "datajobs", "about": "jobs", "severity": "critical"}
        alerts = [{"labels": {**common, "source": source}, "endsAt": ends} for source in sources]
        self._http.post(url, json=alerts).raise_for_status()
        self._wait("judged", lambda: self._posted(url) == set(sources))

    def _posted(self, url: str) -> set[str]:
        """Return the sources of which Alertmanager has judged such an alert."""
        found = self._http.get(url, params={"filter": 'alertname="Posted"'}).raise_for_status().json()
        judged = {one["labels"]["source"]: one for one in found if one["status"]["state"] != "unprocessed"}
        self._story.posted |= judged
        return set(self._story.posted)
