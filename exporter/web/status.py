"""How each source was at its last scrape, in words: what the status page shows. No cloud is asked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.config import duration
from exporter.errors import SourceError
from exporter.model import Phase
from exporter.scrape import Result, Scraper, Standby
from exporter.source import Snapshot

Count = tuple[str, int]
PHASES = [phase.value for phase in Phase]
MOST_LISTS = 8
"""So many lists that are not complete are named."""


class Tone(StrEnum):
    """How a state is to be taken."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong: what it means, what was found, what to do, and what is shown meanwhile."""

    meaning: str
    found: Sequence[str]
    cures: Sequence[str]
    meanwhile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A source; what is not known is None or empty. Times are seconds since 1970, ages seconds."""

    name: str
    api: str
    place: str
    state: str = "not asked yet"
    tone: Tone = Tone.NEUTRAL
    trouble: Trouble | None = None
    jobs: Sequence[Count] = ()
    last_runs: Sequence[Count] = ()
    queues: Sequence[Count] = ()
    listed: str = ""
    as_of: float | None = None
    age: float | None = None
    asked: float | None = None
    """How long ago the last collection ended."""
    requests: int | None = None
    seconds: float | None = None


def statuses(scraper: Scraper) -> list[Status]:
    """Return the status of each source, in the order of the configuration."""
    return [status(standby) for standby in scraper.standbys.values()]


def status(standby: Standby) -> Status:
    """Return how a source was when it was last asked."""
    settings, result = standby.source.settings, standby.last
    place = settings.region or settings.endpoint or ""
    if result is None:
        return Status(name=settings.name, api=settings.api, place=place)
    tone, word, trouble = judged(result)
    shown = result.snapshot
    return Status(
        name=settings.name,
        api=settings.api,
        place=place,
        state=word,
        tone=tone,
        trouble=trouble,
        jobs=() if shown is None else jobs_of(shown),
        last_runs=() if shown is None else last_runs_of(shown),
        queues=() if shown is None else queues_of(shown),
        listed="" if shown is None else listed(shown),
        as_of=result.last_success,
        age=age(result),
        asked=standby.since,
        requests=result.requests,
        seconds=result.duration,
    )


def judged(result: Result) -> tuple[Tone, str, Trouble | None]:
    """Return how a result is to be taken, its word, and what is wrong with it."""
    if result.error is not None:
        return Tone.BAD, f"failed: {result.error.reason}", failure(result, result.error)
    if result.snapshot is not None and not result.snapshot.complete:
        return Tone.DOUBTFUL, "incomplete", disagreement(result.snapshot)
    return Tone.GOOD, "ok", None


def failure(result: Result, error: SourceError) -> Trouble:
    """Say what went wrong, and whether there is something to show in spite of it."""
    limit = duration(result.source.settings.max_staleness)
    if result.snapshot is not None:
        meanwhile = f"Until they are {limit} old, the last complete numbers are given to Prometheus."
    elif result.last_success is not None:
        meanwhile = f"The last complete numbers are older than {limit}: Prometheus is given none."
    else:
        meanwhile = "There are no numbers yet."
    return Trouble(
        meaning=error.reason.meaning,
        found=(f"{error.walk}: {error.fact}" if error.walk else error.fact,),
        cures=result.source.advice(error),
        meanwhile=meanwhile,
    )


def disagreement(snapshot: Snapshot) -> Trouble:
    """Say which lists did not agree with themselves."""
    lists = [walk for walk in snapshot.walks if not walk.complete and not walk.absent]
    told = [f"{walk.name}: {walk.listed} of {walk.reported} listed" for walk in lists[:MOST_LISTS]]
    more = [f"and {len(lists) - MOST_LISTS} more"] if len(lists) > MOST_LISTS else []
    return Trouble(
        meaning="What the API listed is not a whole list of one moment.",
        found=[*told, *more] or ["Two of its lists have jobs in common."],
        cures=(
            "The list changed while it was read, or its total is wrong. Each scrape reads it anew: wait, and "
            "if it lasts, raise concurrency and requests_per_second so that it is read more quickly.",
        ),
    )


def listed(snapshot: Snapshot) -> str:
    """Say how many jobs were listed, and of how many where the API reports another number."""
    same = snapshot.listed == snapshot.reported
    return str(snapshot.listed) if same else f"{snapshot.listed} of {snapshot.reported}"


def jobs_of(snapshot: Snapshot) -> list[Count]:
    """Return how many jobs are in each phase, by the life of a job."""
    return by_phase((group.phase, numbers.jobs) for group, numbers in snapshot.tally.jobs.items())


def last_runs_of(snapshot: Snapshot) -> list[Count]:
    """Return how many scheduled jobs have a last run in each phase."""
    return by_phase((group.phase, runs.jobs) for group, runs in snapshot.tally.last_runs.items())


def by_phase(counted: Iterable[tuple[Phase, int]]) -> list[Count]:
    """Return the sums by phase, those that are nothing left out."""
    found: Counter[str] = Counter()
    for phase, count in counted:
        found[phase.value] += count
    return [(phase, found[phase]) for phase in PHASES if found[phase]]


def queues_of(snapshot: Snapshot) -> list[Count]:
    """Return how many entries wait in each queue, also in an empty one."""
    found: dict[str, int] = {}
    for group, queued in snapshot.tally.queue.items():
        found[group.queue_type] = found.get(group.queue_type, 0) + queued.entries
    return sorted(found.items())


def age(result: Result) -> float | None:
    """Return how old the numbers are, or the last ones there were, by the cloud's clock."""
    if result.last_success is None:
        return None
    return max(0.0, result.source.now - result.last_success)
