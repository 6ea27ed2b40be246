"""What the check warns of: what fails nothing today, and is or will be a trouble."""

import math
from collections.abc import Iterable, Sequence

from exporter.commands.findings import ABSENT, INCOMPLETE, Finding, ListFinding
from exporter.config import duration

MOST_NAMES = 3


def warnings(findings: Sequence[Finding], scrape_interval: float = math.inf) -> tuple[str, ...]:
    """Return a sentence for each trouble, with what to do, for scrapes every ``scrape_interval`` seconds."""
    return (
        *not_complete(findings),
        *not_there(findings),
        *beyond_a_limit(findings),
        *short_of_time(findings),
        *too_often(findings, scrape_interval),
        *clocks_apart(findings),
    )


def not_complete(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a sentence for each source whose lists did not agree with themselves."""
    for one in findings:
        if one.errors or one.complete:
            continue
        told = some([how_far(mine) for mine in one.lists if mine.state == INCOMPLETE])
        yield (
            f"{one.source}: not complete: {told or 'two of its lists have jobs in common'}. Jobs kept "
            "changing while the list was read, or its total is wrong. Try again; if it lasts, raise "
            "concurrency and requests_per_second so that it is read more quickly, and timeout so that it can "
            "be read twice."
        )


def how_far(one: ListFinding) -> str:
    """Say how much of a list was listed."""
    same = one.items == one.reported
    return f"{one.name} ({one.items}{'' if same else f' of {one.reported}'} listed)"


def some(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def not_there(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a sentence for each list that the cloud does not have; where it has none, that is the failure."""
    for one in findings:
        for mine in one.lists if not one.errors else ():
            if mine.state == ABSENT:
                told = mine.advice or "check the options of the source"
                yield f"{one.source}: {mine.name} is not known to the cloud; {told}"


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


def too_often(findings: Sequence[Finding], scrape_interval: float) -> Iterable[str]:
    """Yield a sentence for each source that takes longer than there is between two scrapes."""
    for one in findings:
        if not one.errors and one.seconds > scrape_interval:
            yield (
                f"{one.source}: took {one.seconds:.1f} s, and is scraped every {duration(scrape_interval)}: "
                "scrapes that come meanwhile share one collection. Scrape less often."
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
