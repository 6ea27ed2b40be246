"""DataArts Factory's jobs (page "Viewing a Job List") and the instances and workspaces above them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from exporter.simulator.world.timeline import NEVER, Row, Timeline, milliseconds

JOB_TYPES = ("BATCH", "REAL_TIME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Instances that start every ``period`` milliseconds from ``first`` on, before ``until`` seconds.

    The n-th ends after ``duration`` milliseconds, less than a period, with the n-th of ``outcomes``;
    these repeat. Those that end in one of the spans ``bad``, from a moment up to another, fail.
    """

    first: int
    period: int
    duration: int
    outcomes: tuple[str, ...]
    until: float = NEVER
    bad: tuple[tuple[float, float], ...] = ()

    def last(self, t: float) -> tuple[str, float | None] | None:
        """Return the state of the newest instance at ``t`` and its end; None where none has started."""
        number = self._newest(t)
        if number is None:
            return None
        end = self._start(number) + self.duration
        if t < end / 1000:
            return "running", None
        if any(begin <= end / 1000 < over for begin, over in self.bad):
            return "fail", end / 1000
        return self.outcomes[number % len(self.outcomes)], end / 1000

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return starts and ends of instances in (start, end]."""
        newest = self._newest(end)
        while newest is not None and newest >= 0:
            begin = self._start(newest)
            if (begin + self.duration) / 1000 <= start:
                return
            for moment in (begin / 1000, (begin + self.duration) / 1000):
                if start < moment <= end:
                    yield moment
            newest -= 1

    def _start(self, number: int) -> int:
        """When the n-th instance starts, in milliseconds."""
        return self.first + number * self.period

    def _newest(self, t: float) -> int | None:
        """Return the number of the newest instance that has started at ``t``."""
        newest = (math.floor(t * 1000) - self.first) // self.period + 1
        if self.until < t:
            newest = min(newest, (math.floor(self.until * 1000) - self.first) // self.period + 1)
        while newest >= 0 and not self._begun(newest, t):
            newest -= 1
        return newest if newest >= 0 else None

    def _begun(self, number: int, t: float) -> bool:
        """Whether the n-th instance has started at ``t``; the comparison every estimate must pass."""
        begin = self._start(number) / 1000
        return begin <= t and begin < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryJob:
    """A job definition. Its state is the scheduler's; how a BATCH job fares, its last instance tells.

    ``scheduled`` is when the scheduling was switched on, ``schedule_end`` its configured end.
    """

    name: str
    job_type: str
    workspace: str
    user: str
    timeline: Timeline
    scheduled: float | None = None
    schedule_end: float | None = None
    runs: Runs | None = None

    @property
    def key(self) -> str:
        """The job's name, unique in its workspace."""
        return self.name

    def row(self, t: float) -> Row:
        """Return one Job of the list; what is not set is left out."""
        row: Row = {
            "name": self.name,
            "jobType": self.job_type,
            "status": self.timeline.state(t),
            "createUser": self.user,
            "createTime": milliseconds(self.timeline.born),
        }
        if self.scheduled is not None and t >= self.scheduled:
            row["startTime"] = milliseconds(self.scheduled)
        if self.schedule_end is not None:
            row["endTime"] = milliseconds(self.schedule_end)
        last = self.runs.last(t) if self.runs and self.job_type == "BATCH" else None
        if last is not None:
            row["lastInstanceStatus"] = last[0]
            if last[1] is not None:
                row["lastInstanceEndTime"] = milliseconds(last[1])
        return row

    def moments(self, start: float, end: float) -> Iterable[float]:
        """Return changes of the scheduler's state and of the last instance in (start, end]."""
        changes = self.timeline.moments(start, end)
        if self.scheduled is not None and start < self.scheduled <= end:
            changes = chain(changes, (self.scheduled,))
        if self.runs is None:
            return changes
        begin = max(start, self.timeline.born)
        return chain(
            changes, (moment for moment in self.runs.moments(begin, end) if moment < self.timeline.gone)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryWorkspace:
    """A workspace of a DataArts Studio instance; ``kind`` is 0 private, 1 default, 2 public."""

    id: str
    name: str
    instance: str
    project: str
    created: float
    kind: int = 0

    def row(self) -> Row:
        """Return one entry of ``data`` in the list of workspaces."""
        return {
            "id": self.id,
            "name": self.name,
            "is_default": self.kind,
            "instance_id": self.instance,
            "project_id": self.project,
            "domain_id": "demo0000000000000000000000domain",
            "eps_id": "0",
            "description": "",
            "owner_name": "demo-owner",
            "member_num": 3,
            "create_time": milliseconds(self.created),
            "update_time": milliseconds(self.created),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioInstance:
    """An instance of DataArts Studio; status 2 is in effect."""

    id: str
    name: str
    region: str
    status: int = 2

    def row(self) -> Row:
        """Return one entry of ``commodity_orders`` in the list of instances."""
        return {
            "resource_id": self.id,
            "resource_name": self.name,
            "status": self.status,
            "region_id": self.region,
            "eps_id": "0",
        }
