"""What the check found of each source and each of its lists, as values with stable names."""

import math
from collections.abc import Iterable

import msgspec

from exporter.apis.api import RateLimit
from exporter.errors import Reason, SourceError
from exporter.scrape import Result
from exporter.source import Course, Source, WalkReport

OK = "ok"
INCOMPLETE = "incomplete"
ABSENT = "absent"
"""A list that the cloud does not have; it fails nothing."""
UNREAD = "unread"
"""A list that was not reached, or not read to its end, when its source failed."""
HOUR = 3600.0
FEW = 10.0
"""Below so many requests an hour the fraction counts."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A failure: in our word, in the cloud's words, and what to do about it."""

    reason: str
    meaning: str
    message: str
    code: str | None
    cures: tuple[str, ...]
    lists: tuple[str, ...]
    """The lists that failed so; none where the failure is not of a list."""


class ListFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One list: ``items`` of ``reported`` were listed; ``requests`` counts more than ``pages`` may need.

    ``way`` is ``walk`` where it was read page by page, ``count`` where what ended long ago was only counted.
    """

    name: str
    state: str
    items: int
    reported: int
    complete: bool
    pages: int
    requests: int
    way: str
    seconds: float
    advice: str = ""
    """What to do about a list that the cloud does not have."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One source; what is not known of one that failed is None.

    ``requests`` is what this collection took, retries included. ``requests_per_scrape`` is what a scrape
    takes once everything is learnt, ``requests_per_hour`` has the discovery of lists in it.
    """

    source: str
    api: str
    region: str | None
    endpoint: str | None
    credentials: str
    identity: str
    state: str
    items: int | None
    reported: int | None
    complete: bool
    pages: int
    requests: int
    discovery_requests: int
    seconds: float
    timeout_seconds: float
    clock_skew_seconds: float | None
    requests_per_scrape: int | None
    requests_per_hour: float | None
    most_requests_per_second: float | None
    rate_limit: RateLimit | None
    lists: tuple[ListFinding, ...]
    errors: tuple[Trouble, ...]


def finding(result: Result, scrape_interval: float) -> Finding:
    """Return what a collection says of its source, for scrapes every ``scrape_interval`` seconds."""
    source, snapshot = result.source, result.snapshot if result.error is None else None
    settings, course = source.settings, source.course
    lists = tuple(list_finding(report) for report in course.walks.values())
    steady = None if snapshot is None else steady_requests(course)
    seconds = result.duration or 0.0
    return Finding(
        source=settings.name,
        api=settings.api,
        region=settings.region,
        endpoint=settings.endpoint,
        credentials=settings.credentials_name,
        identity=source.identity,
        state=state_of(result),
        items=None if snapshot is None else snapshot.listed,
        reported=None if snapshot is None else snapshot.reported,
        complete=snapshot is not None and snapshot.complete,
        pages=sum(one.pages for one in lists),
        requests=result.requests or 0,
        discovery_requests=course.planning,
        seconds=round(seconds, 3),
        timeout_seconds=settings.timeout,
        clock_skew_seconds=None if source.skew is None else round(source.skew, 1),
        requests_per_scrape=steady,
        requests_per_hour=None if steady is None else hourly(source, steady, scrape_interval, seconds),
        most_requests_per_second=None
        if steady is None
        else min(float(steady + course.planning), settings.requests_per_second),
        rate_limit=source.api.rate_limit,
        lists=lists,
        errors=() if result.error is None else tuple(troubles(source, result.error)),
    )


def state_of(result: Result) -> str:
    """Say in a word how a source is: the reason where it failed."""
    if result.error is not None:
        return result.error.reason.value
    return OK if result.snapshot is not None and result.snapshot.complete else INCOMPLETE


def list_finding(report: WalkReport) -> ListFinding:
    """Return what is known of a list."""
    return ListFinding(
        name=report.name,
        state=list_state(report),
        items=report.listed,
        reported=report.reported,
        complete=report.complete,
        pages=report.pages,
        requests=report.requests,
        way=report.way.value,
        seconds=round(report.seconds, 3),
        advice=report.if_absent if report.absent else "",
    )


def list_state(report: WalkReport) -> str:
    """Say in a word how a list is: the reason where it failed."""
    if report.error is not None:
        return ABSENT if report.absent else report.error.reason.value
    if report.pages == 0:
        return UNREAD
    return OK if report.complete else INCOMPLETE


def steady_requests(course: Course) -> int:
    """Return what a scrape takes once what can be learnt of the lists is; one that is absent takes one."""
    return sum(report.steady or 1 for report in course.walks.values())


def hourly(source: Source, steady: int, scrape_interval: float, seconds: float) -> float:
    """Return how many requests an hour of scrapes takes, with ``min_interval`` and discovery as they are.

    Scrapes that overlap share a collection, which takes so many ``seconds``, and its pace bounds all.
    """
    collected = max(whole_times(scrape_interval, source.settings.min_interval), seconds)
    planned = whole_times(collected, source.api.planned_for(source.settings.options))
    found = steady * HOUR / collected + source.course.planning * HOUR / planned
    found = min(found, source.settings.requests_per_second * HOUR)
    return round(found) if found >= FEW else round(found, 4)


def whole_times(interval: float, least: float) -> float:
    """Return the least multiple of ``interval`` that is not below ``least``, once at least."""
    return interval * max(1, math.ceil(least / interval))


def troubles(source: Source, error: SourceError) -> Iterable[Trouble]:
    """Yield what went wrong with a source: once for all lists that failed alike."""
    alike: dict[tuple[Reason, str | None], list[tuple[str, SourceError]]] = {}
    for report in source.course.walks.values():
        if report.error is not None and not report.absent:
            alike.setdefault((report.error.reason, report.error.code), []).append((report.name, report.error))
    if (error.reason, error.code) not in alike:
        yield trouble(source, error, none_of(source.course))
    for several in alike.values():
        yield trouble(source, several[0][1], tuple(name for name, _ in several))


def none_of(course: Course) -> tuple[str, ...]:
    """Return all lists where the cloud has none of them, which is then the failure."""
    names = tuple(report.name for report in course.walks.values() if report.absent)
    return names if len(names) == len(course.walks) else ()


def trouble(source: Source, error: SourceError, lists: tuple[str, ...]) -> Trouble:
    """Say what an error of a source means and what to do about it."""
    return Trouble(
        reason=error.reason.value,
        meaning=error.reason.meaning,
        message=error.fact,
        code=error.code,
        cures=source.advice(error),
        lists=lists,
    )
