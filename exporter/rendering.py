"""What a scrape shows, as bytes: what did not change since the last scrape is not written again.

The event loop is given back between families and sources, so that a large answer does not stop the others.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from prometheus_client import Metric

from exporter import collector
from exporter.collector import JOB_FAMILIES, SOURCE_ROWS, Shown
from exporter.metrics import Family
from exporter.scrape import Result
from exporter.source import Snapshot, Source
from exporter.writer import Block, Form, written, written_metric

TURN = 0.005
"""Seconds of work after which others get their turn."""

_numbers = itertools.count()


@dataclass(slots=True, kw_only=True, eq=False)
class Kept:
    """What was written of one snapshot; no two have the same number."""

    shown: Shown
    number: int = field(default_factory=lambda: next(_numbers))
    blocks: dict[tuple[str, Form], Block] = field(default_factory=dict)

    def block(self, family: Family, form: Form) -> Block:
        """Return what a family says of it."""
        key = (family.name, form)
        block = self.blocks.get(key)
        if block is None:
            block = self.blocks[key] = collector.about_jobs(family, self.shown, form)
        return block


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a scrape shows.

    ``jobs`` comes first and is the same wherever ``key`` is; ``rest`` may differ each time.
    """

    key: Hashable
    jobs: Sequence[bytes]
    rest: Sequence[bytes]

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join((*self.jobs, *self.rest))


class Turns:
    """Gives the event loop back where it was kept for a while."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = clock()

    async def pause(self) -> None:
        """Let others run, if it is their turn."""
        if self._clock() - self._began > TURN:
            await asyncio.sleep(0)
            self._began = self._clock()


class Renderer:
    """Writes scrapes, and keeps of each source what was written of its last snapshot."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Source, Kept] = WeakKeyDictionary()

    async def render(self, results: Sequence[Result], own: Iterable[Metric], form: Form) -> Body:
        """Write every family that has something to say of these sources, then ``own`` metrics."""
        turns = Turns()
        kept = [self._kept_of(result, result.snapshot) for result in results if result.snapshot is not None]
        jobs = [part async for part in about_jobs(kept, form, turns)]
        rest = [part async for part in about_sources(results, form, turns)]
        for metric in own:
            rest.extend(written_metric(form, metric))
            await turns.pause()
        return Body(key=(form, *(one.number for one in kept)), jobs=jobs, rest=[*rest, form.end])

    def _kept_of(self, result: Result, snapshot: Snapshot) -> Kept:
        before = self._kept.get(result.source)
        if before is not None and before.shown.snapshot is snapshot:
            return before
        kept = Kept(shown=Shown(result, snapshot, None if before is None else before.shown))
        self._kept[result.source] = kept
        return kept


async def about_jobs(kept: Sequence[Kept], form: Form, turns: Turns) -> AsyncIterator[bytes]:
    """Yield the families about jobs."""
    for family in JOB_FAMILIES:
        blocks = []
        for one in kept:
            blocks.append(one.block(family, form))
            await turns.pause()
        for part in of_catalogue(family, blocks, form):
            yield part


async def about_sources(results: Sequence[Result], form: Form, turns: Turns) -> AsyncIterator[bytes]:
    """Yield the families about the sources themselves."""
    for family in SOURCE_ROWS:
        for part in of_catalogue(family, [collector.about_sources(family, results)], form):
            yield part
        await turns.pause()


def of_catalogue(family: Family, blocks: Sequence[Block], form: Form) -> Iterable[bytes]:
    """Return a family of the catalogue; nothing at all where it has no samples."""
    if not any(blocks):
        return ()
    return written(form, family.name, family.kind.value, family.help, blocks)
