"""How many series a family may have, and what is left out beyond. Pure.

What was listed comes before zeros, and documented words before what a cloud invents.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from exporter import metrics
from exporter.apis.words import Words
from exporter.groups import Group
from exporter.metrics import Family
from exporter.model import Phase
from exporter.scrape import Result
from exporter.source import Snapshot
from exporter.tally import Tally

Vocabulary = Callable[[Words, str], Iterable[tuple[str, Phase]]]
"""The statuses that jobs of a type can have, or their runs."""


def shown_zeros(
    snapshot: Snapshot, words: Words, known: Set[Group], vocabulary: Vocabulary
) -> Sequence[Group]:
    """Return of what a whole list says there is none: so much as fits beside what is known."""
    every = zeros(snapshot, words, known, vocabulary)
    room = max(0, snapshot.tally.most - len(known))
    return every if len(every) <= room else sorted(every)[:room]


def zeros(snapshot: Snapshot, words: Words, known: Set[Group], vocabulary: Vocabulary) -> Sequence[Group]:
    """Return all groups of which a whole list says that there is none in them."""
    if not snapshot.complete:
        return ()
    seen = snapshot.tally.seen_types
    every = {Group(*kind, *status) for kind in seen for status in vocabulary(words, kind[1])}
    return list(every - known)


def dropped(result: Result) -> Iterator[tuple[Family, int]]:
    """Yield each family that is limited by itself, and how many of its series are not shown."""
    words, snapshot = result.source.words, result.snapshot
    tally = Tally(lookback=0.0) if snapshot is None else snapshot.tally
    if not words.statuses:
        yield metrics.QUEUE_DEPTH, tally.queue.dropped
        return
    yield metrics.JOBS, tally.jobs.dropped + zeros_left_out(snapshot, words, tally.jobs, Words.statuses_of)
    if words.runs:
        zeros_of_runs = zeros_left_out(snapshot, words, tally.last_runs, Words.runs_of)
        yield metrics.LAST_RUN_JOBS, tally.last_runs.dropped + zeros_of_runs


def zeros_left_out(
    snapshot: Snapshot | None, words: Words, known: Mapping[Group, object], vocabulary: Vocabulary
) -> int:
    """Return how many zeros are not given for want of room."""
    if snapshot is None or fits(snapshot.tally, words):
        return 0
    room = max(0, snapshot.tally.most - len(known))
    return max(0, len(zeros(snapshot, words, known.keys(), vocabulary)) - room)


def fits(tally: Tally, words: Words) -> bool:
    """Tell quickly of most sources that all their zeros fit: this is asked at each scrape."""
    types = len(tally.jobs) + len(tally.whole_types)
    return types * (1 + max(len(words.statuses), len(words.run_statuses))) <= tally.most
