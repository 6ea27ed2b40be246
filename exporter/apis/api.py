"""What a list API is to the rest of the program."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from exporter.apis.paging import Fetch, Walk
from exporter.apis.words import Words
from exporter.errors import Reason, SourceError

Plan = Callable[[Fetch], Awaitable[Sequence[Walk]]]
"""Names the lists to read in this collection; may ask the cloud which there are. Raises SourceError."""


def at_each_collection(_: Any) -> float:
    """Say that what a plan has found out is good for one collection."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many requests/s a page of the vendor allows."""

    per_user: float
    per_api: float
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One list API.

    ``endpoint`` gives the address of a region's service; ``plan`` makes, from an instance of ``options``, the
    plan of one source, which may remember what it has learnt for as long as the source lives, and asks again
    which lists there are when that is ``planned_for`` seconds old. ``rate_limit`` is None where no page of
    the vendor tells one. ``cures`` says what to do about a failure where that can be said more exactly than
    of all APIs: the action to grant, the header that an option becomes, the regions.
    """

    name: str
    cloud: str
    options: type[msgspec.Struct]
    endpoint: Callable[[str], str]
    words: Words
    plan: Callable[[Any], Plan]
    planned_for: Callable[[Any], float] = at_each_collection
    rate_limit: RateLimit | None = None
    cures: Mapping[Reason, str] = field(default_factory=dict)

    def advice(self, error: SourceError, endpoint: str | None = None) -> tuple[str, ...]:
        """Return what to do about a failure, in sentences: what the cloud's own words tell comes first.

        ``endpoint`` is that of the source where it names one: its region is then not what to look at.
        """
        if error.cures:
            return error.cures
        own = self.cures.get(error.reason)
        if endpoint is not None and error.reason is Reason.CONNECTION:
            own = f"Check endpoint ({endpoint}), and DNS, proxies and firewalls on the way to it."
        # Of an action to grant the API knows more than a cloud's error does.
        hint = "" if own and error.reason is Reason.PERMISSION else error.hint
        return (*([sentence(hint)] if hint else []), own or error.reason.cure)


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '?')) else '.'}"


def always(walks: Sequence[Walk]) -> Plan:
    """Return the plan of a source whose lists are known from its configuration."""

    async def plan(_: Fetch) -> Sequence[Walk]:
        return walks

    return plan
