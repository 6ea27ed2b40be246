"""What the check found of each source and each of its lists, as values with stable names."""

import math
from collections.abc import Iterable, Sequence

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
    requests_per_hour: int | None
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
        seconds=round(result.duration or 0.0, 3),
        timeout_seconds=settings.timeout,
        clock_skew_seconds=None if source.skew is None else round(source.skew, 1),
        requests_per_scrape=steady,
        requests_per_hour=None if steady is None else round(hourly(source, steady, scrape_interval)),
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


def hourly(source: Source, steady: int, scrape_interval: float) -> float:
    """Return how many requests an hour of scrapes takes, with ``min_interval`` and discovery as they are."""
    collected = whole_times(scrape_interval, source.settings.min_interval)
    planned = whole_times(collected, source.api.planned_for(source.settings.options))
    return steady * HOUR / collected + source.course.planning * HOUR / planned


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
        yield trouble(source, error, ())
    for several in alike.values():
        yield trouble(source, several[0][1], tuple(name for name, _ in several))


def trouble(source: Source, error: SourceError, lists: tuple[str, ...]) -> Trouble:
    """Say what an error of a source means and what to do about it."""
    return Trouble(
        reason=error.reason.value,
        meaning=error.reason.meaning,
        message=error.fact,
        code=error.code,
        cures=source.api.advice(error),
        lists=lists,
    )


def warnings(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what fails nothing today and will be a trouble some day."""
    return (*beyond_a_limit(findings), *short_of_time(findings), *clocks_apart(findings))


def beyond_a_limit(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a sentence for each user who may ask an API more often than it allows."""
    sharing: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        sharing.setdefault((one.api, one.identity or one.credentials), []).append(one)
    for (api, identity), several in sharing.items():
        limit = several[0].rate_limit
        most = sum(one.most_requests_per_second or 0.0 for one in several)
        if limit is not None and most > limit.per_user:
            names = ", ".join(one.source for one in several)
            yield (
                f"{names}: up to {most:g} requests/s by {identity}, and {api} allows a user "
                f"{limit.per_user:g}: lower requests_per_second."
            )


ENOUGH = 0.8
"""The part of its timeout that a source may take without a word."""


def short_of_time(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a sentence for each source that came close to its timeout."""
    for one in findings:
        if not one.errors and one.seconds > ENOUGH * one.timeout_seconds:
            yield (
                f"{one.source}: took {one.seconds:.1f} s of the {one.timeout_seconds:g} s that it has: raise "
                "timeout and Prometheus' scrape_timeout, or split the source."
            )


MUCH_SKEW = 60.0


def clocks_apart(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a sentence where our clock is not that of a cloud: signatures bear 15 minutes."""
    apart = [one for one in findings if abs(one.clock_skew_seconds or 0.0) > MUCH_SKEW]
    if apart:
        skew = apart[0].clock_skew_seconds or 0.0
        side = "ahead of" if skew > 0 else "behind"
        names = ", ".join(one.source for one in apart)
        yield f"{names}: our clock is {abs(skew):.0f} s {side} the cloud's: set it, with NTP."
