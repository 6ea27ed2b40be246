"""Whether a cloud accepts our credentials, and what not to do while it does not.

Huawei Cloud locks an access key for five minutes after more than five refused signatures in a row, so a
crowd of requests must never go out with credentials that have not been accepted yet.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from exporter.errors import Reason, SourceError

FIRST_WAIT = 60.0
LONGEST_WAIT = 600.0
"""Seconds without a request after the first refusal, doubled with each further one up to the longest."""

ACCEPTED_BY = frozenset({Reason.PERMISSION, Reason.BAD_REQUEST})
"""Refusals that a cloud gives only to somebody whom it has recognised."""


class Standing:
    """The standing of one set of credentials, shared by all sources that use it.

    Until the cloud has accepted them once, requests go out one at a time. After a refusal none goes out until
    a wait has passed or ``fingerprint`` tells of other secrets (a rotated key may try at once).
    """

    def __init__(
        self, fingerprint: Callable[[], Awaitable[int]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fingerprint = fingerprint
        self._clock = clock
        self._alone = asyncio.Lock()
        self._accepted = False
        self._refusal: SourceError | None = None
        self._refusals = 0
        self._refused_until = 0.0
        self._refused_fingerprint = 0

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Let one request through and learn from how it ends; raises SourceError(AUTHENTICATION) unsent."""
        async with self._turn():
            await self._check()
            try:
                yield
            except SourceError as exc:
                await self._learn(exc)
                raise
            self._accept()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold the lock until the cloud has accepted us once; after that nobody waits."""
        if not self._accepted:
            await self._alone.acquire()
            if not self._accepted:
                try:
                    yield
                finally:
                    self._alone.release()
                return
            self._alone.release()
        yield

    async def _check(self) -> None:
        """Refuse to ask again while the cloud has said no to these very secrets a moment ago."""
        if self._refusal is None:
            return
        left = self._refused_until - self._clock()
        if left > 0 and await self._fingerprint() == self._refused_fingerprint:
            raise SourceError(
                Reason.AUTHENTICATION,
                f"not asked for another {left:.0f} s, so that the key is not locked: {self._refusal.message}",
                code=self._refusal.code,
            )

    async def _learn(self, exc: SourceError) -> None:
        if exc.reason in ACCEPTED_BY:
            self._accept()
        if exc.reason is not Reason.AUTHENTICATION:
            return
        self._accepted = False
        if self._clock() < self._refused_until:
            return  # was under way when the first of them was refused: one refusal, not many
        self._refusals += 1
        self._refusal = exc
        self._refused_until = self._clock() + min(FIRST_WAIT * 2 ** (self._refusals - 1), LONGEST_WAIT)
        self._refused_fingerprint = await self._fingerprint()

    def _accept(self) -> None:
        self._accepted = True
        self._refusal = None
        self._refusals = 0
        self._refused_until = 0.0
