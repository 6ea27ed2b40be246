"""One source: its client, its plan, and one collection of its lists into a snapshot."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from exporter.apis.api import Api, Plan, sentence
from exporter.apis.counting import Means, read_well
from exporter.apis.paging import Fetch, Listing, Walk, Way, first_of
from exporter.apis.parts import Terms
from exporter.apis.words import Words
from exporter.client import Client, Deadline, Meter
from exporter.config import Source as Settings
from exporter.errors import Reason, SourceError
from exporter.groups import Queued, QueueGroup, fit
from exporter.lateness import late
from exporter.tally import Tally, merged


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkReport:
    """How the reading of one list went; nothing but its name while it is under way or was given up.

    ``pages`` counts those of both readings where it was read twice; ``requests`` has what else the list
    needed and what was sent again, and ``steady`` what it needs again at each scrape. ``way`` says
    whether it was read or counted. ``error`` is why it was not read: ``absent`` says that there is no such
    list, which fails nothing, and ``if_absent`` what to do then.
    """

    name: str
    listed: int = 0
    reported: int = 0
    complete: bool = False
    pages: int = 0
    requests: int = 0
    steady: int = 0
    way: Way = Way.WALK
    seconds: float = 0.0
    absent: bool = False
    if_absent: str = ""
    error: SourceError | None = None


@dataclass(slots=True, kw_only=True)
class Course:
    """How a collection goes: what to find the lists took (in requests), and each list by its name."""

    planning: int = 0
    walks: dict[str, WalkReport] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one collection found: replaced whole, never edited.

    ``as_of`` is its moment in seconds since 1970 by the cloud's clock; ``began`` is the event loop's clock.
    """

    tally: Tally
    complete: bool
    listed: int
    reported: int
    as_of: float
    began: float
    requests: int
    planning: int = 0
    walks: tuple[WalkReport, ...] = ()


class Login(Protocol):
    """What is known of the credentials in use."""

    @property
    def expires_at(self) -> float | None:
        """When they end, in seconds since 1970; None if never or not known."""

    @property
    def identity(self) -> str:
        """Who we are to the cloud, never a secret; '' while that is not known."""


class Source:
    """A source as it lives between scrapes: connections, what was learnt, and nothing of any job."""

    def __init__(self, settings: Settings, api: Api, client: Client, login: Login) -> None:
        self.settings = settings
        self.api = api
        self.words: Words = api.words
        self.course = Course()
        """The collection that is under way, or the last one."""
        self.thorough = False
        """Whether the other lists are read to their end where one fails: a scrape spares the requests."""
        self._client = client
        self._answers_before = 0
        self._sent_before = Meter()
        self._login = login
        self._plan: Plan = api.plan(settings.options)

    @property
    def skew(self) -> float | None:
        """How far our clock was ahead of the cloud's at its last answer, in seconds."""
        return self._client.skew

    @property
    def now(self) -> float:
        """The cloud's clock, in seconds since 1970; ours as long as it has told none."""
        return self._client.now

    @property
    def credentials_expire_at(self) -> float | None:
        """When the credentials in use end, in seconds since 1970."""
        return self._login.expires_at

    @property
    def identity(self) -> str:
        """Who the cloud takes us for; '' before the first request."""
        return self._login.identity

    @property
    def requests(self) -> int:
        """How many requests were sent so far, those that were sent again included; logins are not."""
        return self._client.requests

    def advice(self, error: SourceError) -> tuple[str, ...]:
        """Return what to do about a failure of this source, in sentences."""
        return self.api.advice(error, self.settings.endpoint)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def too_late(self, seconds: float) -> SourceError:
        """Return why a collection that was given so many seconds has run into its deadline."""
        sent = self._client.sent
        return late(
            self.settings,
            seconds,
            answers=self._client.answers - self._answers_before,
            sent=Meter(sent.requests - self._sent_before.requests, sent.seconds - self._sent_before.seconds),
        )

    async def collect(self, deadline: Deadline) -> Snapshot:
        """Read every list once; raises SourceError. The caller ends it at the deadline."""
        began = asyncio.get_running_loop().time()
        requests = self._client.requests
        self._sent_before = replace(self._client.sent)
        self._answers_before = self._client.answers
        self.course = course = Course()
        walks = await self._plan(partial(self._client.get, deadline=deadline))
        course.planning = self._client.requests - requests
        course.walks = {walk.name: WalkReport(name=walk.name) for walk in walks}
        listings = await self._read_all(walks, deadline)
        readings = [listing.reading for listing in listings]
        return Snapshot(
            tally=merged(listing.fold for listing in listings),
            complete=all(listing.complete for listing in listings) and not overlapping(listings),
            listed=sum(reading.listed for reading in readings),
            reported=sum(reading.total for reading in readings),
            as_of=min((reading.as_of for reading in readings), default=self.now),
            began=began,
            requests=self._client.requests - requests,
            planning=course.planning,
            walks=tuple(course.walks.values()),
        )

    async def _read_all(self, walks: Sequence[Walk], deadline: Deadline) -> list[Listing[Tally]]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._read(walk, deadline)) for walk in walks]
        except BaseExceptionGroup as failures:
            raise first_of(failures) from failures
        outcomes = [task.result() for task in tasks]
        failed = [report.error for report in self.course.walks.values() if report.error and not report.absent]
        if failed:
            raise failed[0]
        absent = [outcome for outcome in outcomes if isinstance(outcome, SourceError)]
        # A deployment knows at least one queue type: where it knows none, the request itself is wrong.
        if absent and len(absent) == len(outcomes) and absent[0].reason is Reason.BAD_REQUEST:
            raise self._none_of(walks, absent[0])
        return [outcome for outcome in outcomes if isinstance(outcome, Listing)]

    def _none_of(self, walks: Sequence[Walk], error: SourceError) -> SourceError:
        """Return the failure of a source that has none of its lists, with what to do about each."""
        each = tuple(f"{walk.name}: {walk.if_absent}" for walk in walks if walk.if_absent)
        whole = error.copy()
        whole.walk = ", ".join(walk.name for walk in walks)
        whole.cures = (*map(sentence, each), *self.advice(error))
        return whole

    async def _read(self, walk: Walk, deadline: Deadline) -> Listing[Tally] | SourceError:
        """Read one list; return the error of one that is not there, or that does not stop the others."""
        meter, clock = Meter(), asyncio.get_running_loop().time
        began = clock()
        fetch = partial(self._client.get, deadline=deadline, meter=meter)
        outcome = await self._outcome(walk, fetch, deadline)
        self.course.walks[walk.name] = reported(walk, outcome, meter.requests, clock() - began)
        if isinstance(outcome, SourceError) and not (walk.absent(outcome) or self.thorough):
            raise outcome
        return outcome

    async def _outcome(self, walk: Walk, fetch: Fetch, deadline: Deadline) -> Listing[Tally] | SourceError:
        try:
            listing = await read_well(walk, self._means(fetch, deadline), self._new_tally)
        except SourceError as exc:
            exc.walk = walk.name
            return exc
        if listing.complete:
            add_zeros(listing.fold, walk)
        return listing

    def _means(self, fetch: Fetch, deadline: Deadline) -> Means:
        settings = self.settings
        return Means(
            fetch=fetch,
            workers=self._client.concurrency,
            time_left=deadline.remaining,
            requests_per_second=settings.requests_per_second,
            terms=Terms(lookback=settings.lookback, longest_job=settings.longest_job),
        )

    def _new_tally(self) -> Tally:
        settings = self.settings
        return Tally(
            lookback=settings.lookback,
            standing=self.words.standing,
            per_job=settings.per_job,
            most=settings.max_series,
            documented=self.words.documented,
        )


def reported(walk: Walk, outcome: Listing[Tally] | SourceError, requests: int, seconds: float) -> WalkReport:
    """Say in short how the reading of a list went."""
    if isinstance(outcome, SourceError):
        absent = walk.absent(outcome)
        return WalkReport(
            name=walk.name,
            requests=requests,
            seconds=seconds,
            absent=absent,
            if_absent=walk.if_absent,
            error=outcome.copy(),
        )
    return WalkReport(
        name=walk.name,
        listed=outcome.reading.listed,
        reported=outcome.reading.total,
        complete=outcome.complete,
        pages=outcome.requests,
        requests=requests,
        steady=outcome.requests if outcome.steady is None else outcome.steady,
        way=outcome.way,
        seconds=seconds,
    )


def add_zeros(tally: Tally, walk: Walk) -> None:
    """Say of a whole list that what it is about and does not hold is not there."""
    tally.whole_types.update((fit(place), job_type) for place, job_type in walk.zeros)
    if walk.queue_type is not None and not tally.queue:
        tally.queue[QueueGroup("", walk.queue_type)] = Queued()


def overlapping(listings: Sequence[Listing[Tally]]) -> bool:
    """Tell whether two lists share a job or a group: then the cloud has ignored what tells them apart."""
    known: set[object] = set()
    # The longest list comes last: what it holds need not be remembered.
    in_turn = sorted(listings, key=lambda listing: len(listing.reading.seen))
    for number, listing in enumerate(in_turn, start=1):
        tally = listing.fold
        several = (listing.reading.seen, tally.jobs.told_apart, tally.last_runs.told_apart)
        for mine in several:
            if not known.isdisjoint(mine):
                return True
        if number < len(in_turn):
            known.update(*several)
    return False
