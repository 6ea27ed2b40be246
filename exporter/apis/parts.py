"""What a list API can filter and sort by, as data, and what was learnt of a cloud while counting.

A list is counted where that needs fewer requests than reading it: jobs that ended long ago are only counts,
and a filter with a page of one row tells a count.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from exporter.apis.paging import Fetch, Page
from exporter.apis.words import Words
from exporter.client import Answer, Request
from exporter.model import ACTIVE, Job, Phase
from exporter.rows import Rows

MOST_NEW_WORDS = 20
"""So many undocumented statuses, and as many types, are counted; beyond them lists are read whole."""

UNFIT_FOR = 600.0
"""For so many seconds a list is read whole after its cloud was seen to overlook a filter."""


class Order(StrEnum):
    """The orders that counting asks for."""

    NEWEST_CHANGE = "newest change first"
    OLDEST_CHANGE = "oldest change first"
    NEWEST_END = "newest end first"
    NEWEST_CREATION = "newest creation first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which rows are asked for: ``size`` of them from ``first`` on, in an order, of a part of the list.

    ``before`` bounds the last change, ``since`` the creation, both in whole seconds since 1970. A filter
    takes one value: how an API writes down several is in no document.
    """

    workspace: str | None = None
    job_type: str | None = None
    status: str | None = None
    since: int | None = None
    before: int | None = None
    order: Order | None = None
    first: int = 0
    size: int = 1

    def admits(self, job: Job) -> bool:
        """Tell whether a row is one that was asked for; if not, the cloud overlooks a filter."""
        return (
            self.workspace in (None, job.workspace)
            and self.job_type in (None, job.job_type)
            and self.status in (None, job.status)
            and (self.before is None or (job.changed is not None and job.changed < self.before))
            and (self.since is None or (job.created is not None and job.created >= self.since))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many jobs of a type and status there are, and when the newest of them ended, if that is known."""

    jobs: int
    newest_end: float | None = None


Kind = tuple[str, str]
"""A job type and a status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted of the jobs that changed last before ``cut``.

    Nothing comes to them any more: a job that changes leaves them. So a total that is still the same is
    still of the same jobs.
    """

    cut: int
    kinds: dict[Kind, Count]

    @property
    def jobs(self) -> int:
        """How many they are together."""
        return sum(count.jobs for count in self.kinds.values())


Jobs = dict[str | int, Job]
"""Jobs by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an attempt brought: jobs as they were at ``now``, counts of all others, and why it may be wrong.

    ``seen`` are the keys of all rows that tell this list from others; ``steady`` says how many of the
    requests the next attempt needs again.
    """

    jobs: Jobs
    counts: dict[Kind, Count]
    seen: set[int]
    total: int
    now: float
    requests: int
    steady: int
    doubts: tuple[str, ...]
    workspace: str | None = None
    """The workspace of what is only counted, where that is not known from the configuration."""

    @property
    def listed(self) -> int:
        """How many jobs are known or counted."""
        return len(self.jobs) + sum(count.jobs for count in self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is recent, and how much longer ago a recently finished job may have been created, in seconds."""

    lookback: float
    longest_job: float


class Attempt(Protocol):
    """One attempt at counting a list."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""

    async def read(self) -> Found:
        """Count; raises SourceError, and UnfitError where the list must, or should, be read whole."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What one list has taught, for as long as its source lives; numbers, and nothing of any job."""

    counted_last: bool = False
    """Whether it was counted the last time."""
    unfit_until: float = 0.0
    """Until when it is read whole, by the clock of the event loop."""
    is_order_proven: bool = False
    are_ends_in_disorder: bool = False
    new_types: set[str] = field(default_factory=set)
    new_statuses: set[str] = field(default_factory=set)
    refused: set[Kind] = field(default_factory=set)
    """What the cloud does not know: it answered 400."""
    counts: Counts | None = None
    extra_pages: int = 0
    """What keeping the counts has cost: pages of jobs that are not recent any more."""

    def note(self, jobs: Iterable[Job], words: Words) -> None:
        """Remember words of rows that no document has."""
        for job in jobs:
            if job.unknown:
                learn(self.new_types, job.job_type, words.documented)
                learn(self.new_statuses, job.status, words.statuses)


def learn(known: set[str], word: str, documented: Iterable[str]) -> None:
    """Remember a word that can be asked for, unless it is a known one, or there are too many."""
    if word and word not in documented and len(known) < MOST_NEW_WORDS:
        known.add(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Countable:
    """A list that can be counted: how a part of it is asked for, and its words.

    ``page_size`` is what is asked for; a cloud may give less. ``overhead`` is how many requests ``method``
    takes at least beside one for each kind.
    """

    workspace: str
    dataset: str | None = None
    page_size: int
    ask: Callable[[Part], Request]
    decode: Callable[[Answer], Page]
    words: Words
    method: "Callable[[Countable, Fetch, Terms], Attempt]"
    overhead: int
    memory: Memory = field(default_factory=Memory)

    @property
    def types(self) -> list[str]:
        """Every job type that may be there."""
        return [*self.words.documented, *sorted(self.memory.new_types)]

    @property
    def active(self) -> list[str]:
        """The statuses whose jobs are all read."""
        return [status for status, phase in self.words.statuses.items() if phase in ACTIVE]

    @property
    def counted(self) -> list[str]:
        """The statuses whose jobs are counted."""
        known = [status for status, phase in self.words.statuses.items() if phase not in ACTIVE]
        return [*known, *sorted(self.memory.new_statuses)]

    @property
    def kinds(self) -> list[Kind]:
        """What is counted, kind by kind."""
        pairs = [(job_type, status) for status in self.counted for job_type in self.types]
        return [kind for kind in pairs if kind not in self.memory.refused]

    def noting(self, answer: Answer) -> Page:
        """Decode a page and remember its new words."""
        page = self.decode(answer)
        self.memory.note(samples(page), self.words)
        return page

    def phase(self, status: str) -> Phase:
        """Return our word for a status."""
        return self.words.phase(status)


class UnfitError(Exception):
    """A list cannot be counted, or not at a profit; ``seconds`` says for how long it is read whole."""

    def __init__(self, why: str, seconds: float = UNFIT_FOR) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds


class RefusedError(UnfitError):
    """The cloud refused a parameter."""


def jobs_of(page: Page) -> list[Job]:
    """Return the rows of a list of jobs."""
    return [item for item in page.items if isinstance(item, Job)]


def samples(page: Page) -> list[Job]:
    """Return at least one job of each kind that is on a page."""
    items = page.items.samples() if isinstance(page.items, Rows) else page.items
    return [item for item in items if isinstance(item, Job)]
