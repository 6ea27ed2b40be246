"""Whether a cloud accepts our credentials, and what not to do while it does not.

Huawei Cloud locks an access key for five minutes after more than five refused signatures in a row, so a
crowd of requests must never go out with credentials that have not been accepted yet.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress

from exporter.errors import Reason, SourceError

FIRST_WAIT = 60.0
LONGEST_WAIT = 600.0
"""Seconds without a request after the first refusal, doubled with each further one up to the longest."""

ACCEPTED_BY = frozenset({Reason.PERMISSION, Reason.BAD_REQUEST})
"""Refusals that a cloud gives only to somebody whom it has recognised."""


async def at_once() -> None:
    """Be ready."""


AT_WILL = nullcontext()


def loop_time() -> float:
    """Return the clock that all deadlines and waits go by."""
    return asyncio.get_running_loop().time()


SILENCE = 1.0
"""Seconds without an answer after which the next source may try too: a cloud that refuses is quick to."""


class Standing:
    """The standing of one set of credentials, shared by all sources that use it.

    Until the cloud has accepted these very secrets once, requests go out one at a time; only where one is
    left without an answer for a while may another source try. After a refusal none goes out until a wait
    has passed, and then only one, or until ``fingerprint`` tells of other secrets (a rotated key may try
    at once).
    """

    def __init__(
        self, fingerprint: Callable[[], Awaitable[int]], clock: Callable[[], float] = loop_time
    ) -> None:
        self._fingerprint = fingerprint
        self._clock = clock
        self._only_lane = asyncio.Lock()
        self._turnstile = asyncio.Lock()
        self._trying = 0
        self._ended = asyncio.Event()
        self._accepted: int | None = None
        self._refusal: SourceError | None = None
        self._wait = 0.0
        self._refused_until = 0.0
        self._refused_fingerprint = 0

    @asynccontextmanager
    async def admit(
        self, ready: Callable[[], Awaitable[None]] = at_once, lane: asyncio.Lock | None = None
    ) -> AsyncIterator[None]:
        """Let one request through, when it is ``ready``, and learn from how it ends.

        ``lane`` is that of a source, a lock that only its requests are given. Raises
        SourceError(AUTHENTICATION) unsent, also where another is refused while this one gets ready.
        """
        async with AT_WILL if await self._is_accepted() else self._turn(lane or self._only_lane):
            if self._refusal is not None:
                await self._check()
            await ready()
            fingerprint = await self._check()
            tries_again = self._hold_others(fingerprint)
            try:
                yield
            except SourceError as exc:
                self._learn(exc, fingerprint, tries_again=tries_again)
                raise
            self._accept(fingerprint)

    @asynccontextmanager
    async def _turn(self, lane: asyncio.Lock) -> AsyncIterator[None]:
        """Wait in the lane until the cloud has accepted us once; after that nobody waits."""
        async with lane:
            if await self._begins_to_try():
                try:
                    yield
                finally:
                    self._trying -= 1
                    self._ended.set()
                return
        yield

    async def _begins_to_try(self) -> bool:
        """Wait for the end of a request that is trying, or for its silence; tell whether to try is needed."""
        async with self._turnstile:
            if self._trying:
                with suppress(TimeoutError):
                    async with asyncio.timeout(SILENCE):
                        await self._ended.wait()
            if await self._is_accepted():
                return False
            self._trying += 1
            self._ended.clear()
            return True

    async def _is_accepted(self) -> bool:
        return self._accepted is not None and self._accepted == await self._fingerprint()

    async def _check(self) -> int:
        """Refuse to ask again while the cloud has said no to these very secrets; return their fingerprint."""
        fingerprint = await self._fingerprint()
        left = self._refused_until - self._clock()
        if self._refusal is not None and left > 0 and fingerprint == self._refused_fingerprint:
            why = f"not asked for another {left:.0f} s, so that the key is not locked"
            raise SourceError(
                Reason.AUTHENTICATION,
                f"{why}: {self._refusal.message}",
                code=self._refusal.code,
                fact=f"{why}: {self._refusal.fact}",
                hint=self._refusal.hint,
                cures=self._refusal.cures,
            )
        return fingerprint

    def _hold_others(self, fingerprint: int) -> bool:
        """Tell whether a request tries again what was refused; then nobody else does until it has ended."""
        if self._refusal is None or fingerprint != self._refused_fingerprint:
            return False
        self._refused_until = self._clock() + FIRST_WAIT
        return True

    def _learn(self, exc: SourceError, fingerprint: int, *, tries_again: bool) -> None:
        """Note what a failure says of the secrets that the request was sent with."""
        if exc.reason in ACCEPTED_BY:
            self._accept(fingerprint)
        if exc.reason is not Reason.AUTHENTICATION or exc.retryable:
            if tries_again:
                self._refused_until = self._clock()  # it tells nothing new: the next one may try
            return
        if self._accepted == fingerprint:
            self._accepted = None
        is_known = self._refusal is not None and fingerprint == self._refused_fingerprint
        if is_known and not tries_again and self._clock() < self._refused_until:
            return  # was under way when the first of them was refused: one refusal, not many
        self._wait = min(2 * self._wait, LONGEST_WAIT) if is_known else FIRST_WAIT
        self._refusal = exc
        self._refused_until = self._clock() + self._wait
        self._refused_fingerprint = fingerprint

    def _accept(self, fingerprint: int) -> None:
        """Remember secrets that the cloud accepts; an answer that comes late speaks for the old ones only."""
        self._accepted = fingerprint
        if fingerprint == self._refused_fingerprint:
            self._refusal = None
            self._refused_until = 0.0
