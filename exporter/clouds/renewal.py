"""Keys that end: asked for in a thread, shared by all requests, and renewed before they end."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from exporter.clouds.chain_cures import cures
from exporter.credentials import AccessKey
from exporter.errors import Reason, SourceError

log = logging.getLogger(__name__)

Ask = Callable[[], AccessKey | SourceError]
"""Gets a key, taking its time, in a thread; never raises. An error's message tells no secret."""

Start = Callable[[Callable[[], None]], None]
"""Runs a function beside the event loop."""

MOST_EARLY = 1800.0
"""Seconds before its end at which a key is renewed, or a quarter of its life if that is less."""
LOOK_AGAIN = 60.0
"""Seconds after which a key without an end is asked for again: a profile's file may have changed."""
LAST_MOMENTS = 30.0
"""A key with fewer seconds left is not handed out while a new one may come."""
PAUSE_WITHOUT_KEY = 10.0
PAUSE_WITH_KEY = 60.0
"""Seconds between an attempt that failed and the next, by whether there is a key to serve on."""
DOUBTFUL = 300.0
"""Seconds after which a key that a cloud refuses is asked for anew: its session may have been revoked."""
PATIENCE = 8.0
"""Seconds that a request waits for a key: less than a source's usual timeout, which would not say why."""
GIVEN_UP = 120.0
"""Seconds after which an attempt that does not end is left to itself and another one may begin."""


def in_a_thread(job: Callable[[], None]) -> None:
    """Run a function in a thread that does not keep the process from ending, whatever it hangs in."""
    threading.Thread(target=job, name="credentials", daemon=True).start()


class RenewedKey:
    """A KeySource over something slow. However many requests need a key, one attempt is under way.

    A key that is being renewed early serves on meanwhile, and until its end where it cannot be renewed; that
    is logged once. ``what`` says in messages where the keys come from.
    """

    def __init__(
        self, ask: Ask, what: str, *, now: Callable[[], float] = time.time, start: Start = in_a_thread
    ) -> None:
        self._ask = ask
        self._what = what
        self._now = now
        self._start = start
        self._key: AccessKey | None = None
        self._taken_at = 0.0
        self._renew_at = 0.0
        self._attempt: asyncio.Future[None] | None = None
        self._begun_at = 0.0
        self._failure: SourceError | None = None
        self._failed_at = 0.0

    async def __call__(self) -> AccessKey:
        """Return the key to sign with now; raises SourceError(CREDENTIALS) where there is none."""
        if self._key is not None and self._now() < self._renew_at:
            return self._key
        attempt = self._under_way()
        if attempt is not None and self._left() <= LAST_MOMENTS:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(attempt)
        if self._key is None or self._left() <= 0:
            raise self._absent()
        return self._key

    def renew(self) -> None:
        """Have the key renewed now, where it is not quite new: a cloud may have refused it."""
        if self._key is not None and abs(self._now() - self._taken_at) >= DOUBTFUL:
            self._renew_at = self._now()

    def _left(self) -> float:
        """Return how many seconds the key has left; 0 without one."""
        if self._key is None:
            return 0.0
        return float("inf") if self._key.expires_at is None else self._key.expires_at - self._now()

    def _under_way(self) -> asyncio.Future[None] | None:
        """Return the attempt that is under way, perhaps begun now; None shortly after one that failed."""
        if self._attempt is not None and abs(self._now() - self._begun_at) < GIVEN_UP:
            return self._attempt
        pause = PAUSE_WITH_KEY if self._left() > LAST_MOMENTS else PAUSE_WITHOUT_KEY
        if self._failure is not None and abs(self._now() - self._failed_at) < pause:
            return None
        return self._begin()

    def _begin(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        attempt: asyncio.Future[None] = loop.create_future()

        def job() -> None:
            outcome = self._ask()
            with suppress(RuntimeError):  # the loop is closed: the program has ended without us
                loop.call_soon_threadsafe(self._end, attempt, outcome)

        self._attempt, self._begun_at = attempt, self._now()
        self._start(job)
        return attempt

    def _end(self, attempt: asyncio.Future[None], outcome: AccessKey | SourceError) -> None:
        if attempt is not self._attempt:
            return  # given up before
        self._attempt = None
        if isinstance(outcome, SourceError):
            self._note(outcome)
        elif outcome.expires_at is not None and outcome.expires_at <= self._now():
            message = f"a key that ended {_moment(outcome.expires_at)} was given; is the clock right?"
            self._note(SourceError(Reason.CREDENTIALS, message, cures=cures([("", message)])))
        else:
            self._take(outcome)
        attempt.set_result(None)

    def _take(self, key: AccessKey) -> None:
        if self._failure is not None:
            log.info("%s: there is a key again", self._what)
        self._key, self._failure, self._taken_at = key, None, self._now()
        left = self._left()
        # Not at once: metadata may give the same key again until shortly before its end.
        early = max(left - min(left / 4, MOST_EARLY), PAUSE_WITHOUT_KEY)
        self._renew_at = self._now() + (LOOK_AGAIN if key.expires_at is None else early)

    def _note(self, failure: SourceError) -> None:
        is_news, self._failure, self._failed_at = self._failure is None, failure, self._now()
        if is_news and self._key is not None:
            end = _moment(self._key.expires_at)
            log.warning(
                "%s: the key is not renewed, and serves on until it ends (%s): %s", self._what, end, failure
            )

    def _absent(self) -> SourceError:
        """Return why there is no key."""
        late = f"no answer within {PATIENCE:g} s"
        why = self._failure.message if self._failure else late
        todo = self._failure.cures if self._failure else cures([("", late)])
        if self._attempt is not None:
            why = late + (f"; before that: {why}" if self._failure else "")
        if self._key is not None:
            why = f"the key ended {_moment(self._key.expires_at)} and is not renewed: {why}"
        return SourceError(Reason.CREDENTIALS, f"{self._what}: {why}", cures=todo)


def _moment(seconds: float | None) -> str:
    return "never" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
