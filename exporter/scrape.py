"""Scrapes: one collection per source at a time, a deadline for each who waits, and what is shown meanwhile.

The one broad ``except`` of the program is here, where the sources are kept apart.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter.client import Deadline
from exporter.config import Source as Settings
from exporter.errors import Reason, SourceError
from exporter.instruments import SourceInstruments
from exporter.logs import Changes
from exporter.source import Snapshot, Source

log = logging.getLogger(__name__)

GRACE = 0.25
WELL = "well"
INCOMPLETE = "incomplete"
"""The state of a source that is collected; that of one that is not is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one scrape may show of one source.

    ``snapshot`` is what this collection found or, where it failed (``error``), the last complete one while
    it is not too old. ``last_success`` is the moment (seconds since 1970) of the numbers shown, or of the
    last ones there were. ``duration`` (seconds) and ``requests`` are of the last collection that has ended.
    """

    source: Source
    error: SourceError | None
    snapshot: Snapshot | None
    last_success: float | None
    duration: float | None
    requests: int | None = None


class Flight:
    """One collection under way, shared by all scrapes that overlap it."""

    def __init__(self, source: Source, deadline: float) -> None:
        self._source = source
        self.began = asyncio.get_running_loop().time()
        self._latest = self.began + source.settings.timeout
        self._deadline = Deadline(min(deadline, self._latest))
        self._bound: asyncio.Timeout | None = None
        self.requests_before = source.requests
        self.task = asyncio.create_task(self._run(), name=f"collect {source.settings.name}")

    def extend(self, deadline: float) -> None:
        """Let the collection go on for somebody who can wait longer, but not beyond the source's timeout."""
        self._deadline.at = max(self._deadline.at, min(deadline, self._latest))
        # It may have ended in this very moment: then its bound cannot be moved any more.
        if self._bound is not None and not self.task.done() and not self._bound.expired():
            self._bound.reschedule(self._deadline.at)

    async def _run(self) -> Snapshot | SourceError:
        """Collect once; whatever goes wrong is an error of this source alone."""
        try:
            async with asyncio.timeout_at(self._deadline.at) as self._bound:
                return await self._source.collect(self._deadline)
        except SourceError as exc:
            return exc.copy()
        except TimeoutError:
            return self._source.too_late(max(0.0, self._deadline.at - self.began))
        except Exception as exc:  # noqa: BLE001 - what a bug in one source must not do to the others
            error = SourceError(Reason.INTERNAL, "a bug of the exporter; its log has the traceback")
            error.__cause__ = exc
            return error


class Standby:
    """A source and what is remembered of it between scrapes."""

    def __init__(self, source: Source, instruments: SourceInstruments) -> None:
        self.source = source
        self._instruments = instruments
        self._flight: Flight | None = None
        self._complete: Snapshot | None = None
        self._last_success: float | None = None
        self.outcome: Snapshot | SourceError | None = None
        """How the last collection ended; None before there was one."""
        self._ended = 0.0
        self._absent: set[str] = set()
        self._is_crowded = False
        self._duration: float | None = None
        self._requests: int | None = None
        about = {"source": source.settings.name, "api": source.settings.api}
        self._changes = Changes(log, about, WELL, lambda: asyncio.get_running_loop().time())

    async def scrape(self, deadline: float) -> Result:
        """Return what there is to show, at ``deadline`` (of the event loop's clock) at the latest."""
        settings = self.source.settings
        recent = self._complete
        if recent is not None and age(recent) < settings.min_interval:
            self._instruments.coalesced()
            return self._result(None, recent)
        outcome = await self._join(deadline)
        return self._shown(outcome)

    @property
    def last(self) -> Result | None:
        """How the last collection went, with what may be shown now; None before there was one."""
        return None if self.outcome is None else self._shown(self.outcome)

    @property
    def since(self) -> float:
        """How many seconds ago the last collection ended."""
        return asyncio.get_running_loop().time() - self._ended

    async def aclose(self) -> None:
        """End a collection that is under way and close the connections."""
        if self._flight is not None:
            self._flight.task.cancel()
            await asyncio.wait({self._flight.task})
        await self.source.aclose()

    async def retire(self) -> None:
        """Let a collection that is under way end, for those who wait for it, and close the connections."""
        while self._flight is not None:
            await asyncio.wait({self._flight.task})
        await self.source.aclose()

    async def _join(self, deadline: float) -> Snapshot | SourceError:
        """Wait for the collection that is under way, or start one; no longer than until ``deadline``."""
        if self._flight is None:
            self._flight = Flight(self.source, deadline)
            self._flight.task.add_done_callback(self._landed)
        else:
            self._instruments.coalesced()
            self._flight.extend(deadline)
        task = self._flight.task
        # A moment of grace: the collection ends itself at the same deadline, and says what it waited for.
        patience = deadline - asyncio.get_running_loop().time() + GRACE
        done, _ = await asyncio.wait({task}, timeout=max(0.0, patience))
        if done and not task.cancelled():
            return task.result()
        return SourceError(Reason.TIMEOUT, "still under way when this scrape had to be answered")

    def _landed(self, task: asyncio.Task[Snapshot | SourceError]) -> None:
        """Remember how a collection ended; also where nobody waits for it any more."""
        flight, self._flight = self._flight, None
        if flight is None or task.cancelled():
            return
        self._ended = asyncio.get_running_loop().time()
        self._duration = self._ended - flight.began
        self._requests = self.source.requests - flight.requests_before
        outcome = self.outcome = task.result()
        if isinstance(outcome, SourceError):
            if not outcome.counted:
                self._instruments.failed(outcome.reason)
            self._failed(outcome)
            return
        self._succeeded(outcome)

    def _succeeded(self, snapshot: Snapshot) -> None:
        self._instruments.unknown_values(snapshot.tally.unknown)
        self._last_success = snapshot.as_of
        if snapshot.complete:
            self._complete = snapshot
        self._tell_absent(snapshot)
        self._tell_crowded(snapshot)
        if not snapshot.complete:
            self._changes.tell(
                INCOMPLETE,
                logging.WARNING,
                "source %s: collected, but not complete (%d listed, %d reported): totals did not agree, or "
                "the list changed while it was read",
                self.source.settings.name,
                snapshot.listed,
                snapshot.reported,
                listed=snapshot.listed,
                requests=snapshot.requests,
            )
            return
        self._changes.tell(
            WELL,
            logging.INFO,
            "source %s: collected%s (%d listed)",
            self.source.settings.name,
            "" if self._changes.told == WELL else " again",
            snapshot.listed,
            listed=snapshot.listed,
            requests=snapshot.requests,
        )

    def _tell_absent(self, snapshot: Snapshot) -> None:
        """Warn once of each list that the cloud does not know, a misspelt queue type perhaps."""
        for walk in snapshot.walks:
            if walk.absent and walk.name not in self._absent:
                self._absent.add(walk.name)
                log.warning(
                    "source %s: the cloud knows no %s, nothing is shown of it%s",
                    self.source.settings.name,
                    walk.name,
                    f"; {walk.if_absent}" if walk.if_absent else "",
                )

    def _tell_crowded(self, snapshot: Snapshot) -> None:
        """Warn once, until all fits again, that series are not told apart."""
        was_crowded, self._is_crowded = self._is_crowded, snapshot.tally.dropped > 0
        if self._is_crowded and not was_crowded:
            log.warning(
                "source %s: more series than max_series (%d): the last are counted together, as other",
                self.source.settings.name,
                self.source.settings.max_series,
            )

    def _failed(self, error: SourceError) -> None:
        """Log a failure when it begins and when its reason changes, not at every scrape."""
        name, reason = self.source.settings.name, error.reason
        if reason is Reason.INTERNAL:
            bug, error.__cause__ = error.__cause__, None  # its frames hold whole pages, and keys
            message = "source %s: a bug of the exporter"
            self._changes.tell(reason, logging.ERROR, message, name, error=bug, reason=reason.value)
            return
        message = "source %s: not collected (%s): %s"
        told = (message, name, reason, error.fact)
        cure = " ".join(self.source.advice(error))
        self._changes.tell(reason, logging.WARNING, *told, reason=reason.value, code=error.code, cure=cure)

    def _shown(self, outcome: Snapshot | SourceError) -> Result:
        """Return what was found or, where nothing was, the last complete snapshot while it is not too old."""
        if isinstance(outcome, Snapshot):
            return self._result(None, outcome)
        shown = self._complete
        if shown is not None and age(shown) > self.source.settings.max_staleness:
            shown = None
        return self._result(outcome, shown)

    def _result(self, error: SourceError | None, snapshot: Snapshot | None) -> Result:
        return Result(
            source=self.source,
            error=error,
            snapshot=snapshot,
            last_success=snapshot.as_of if snapshot else self._last_success,
            duration=self._duration,
            requests=self._requests,
        )


class Scraper:
    """All sources by name."""

    def __init__(self, standbys: Iterable[Standby]) -> None:
        self._standbys: dict[str, Standby] = {}
        self._retiring: dict[asyncio.Task[None], Standby] = {}
        self.install(standbys)

    def install(self, standbys: Iterable[Standby]) -> None:
        """Scrape these from now on; those that are not among them end what they are at and are gone."""
        before = self._standbys
        self._standbys = {standby.source.settings.name: standby for standby in standbys}
        for name, standby in before.items():
            if self._standbys.get(name) is not standby:
                task = asyncio.create_task(standby.retire(), name=f"retire {name}")
                self._retiring[task] = standby
                task.add_done_callback(self._retiring.pop)

    @property
    def standbys(self) -> Mapping[str, Standby]:
        """The sources by name."""
        return self._standbys

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sources, in the order of the configuration."""
        return tuple(self._standbys)

    def settings(self, name: str) -> Settings:
        """Return the settings of a source."""
        return self._standbys[name].source.settings

    async def scrape(self, names: Sequence[str], budget: float | None) -> list[Result]:
        """Collect the sources side by side.

        ``budget`` is the time in seconds that whoever asks can wait; no source gets more than its timeout.
        """
        now = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for name in names:
                standby = self._standbys[name]
                timeout = standby.source.settings.timeout
                seconds = timeout if budget is None else min(budget, timeout)
                tasks.append(group.create_task(standby.scrape(now + seconds)))
        results = [task.result() for task in tasks]
        log_summary(results, asyncio.get_running_loop().time() - now)
        return results

    async def aclose(self) -> None:
        """End what is under way and close all connections."""
        for standby in [*self._standbys.values(), *self._retiring.values()]:
            await standby.aclose()
        await asyncio.gather(*self._retiring)


def log_summary(results: Sequence[Result], seconds: float) -> None:
    """Say how a scrape went, in one line at the level ``debug``."""
    failed = sum(result.error is not None for result in results)
    requests = sum(result.requests or 0 for result in results)
    log.debug(
        "scraped %d sources, %d failed, in %.3f s; their last collections took %d requests",
        *(len(results), failed, seconds, requests),
        extra={"sources": len(results), "failed": failed, "requests": requests, "seconds": round(seconds, 3)},
    )


def age(snapshot: Snapshot) -> float:
    """Return how long ago the collection of a snapshot began, in seconds."""
    return asyncio.get_running_loop().time() - snapshot.began
