"""How fast one may ask: so many requests in any second, no more, and fewer after a cloud said too many."""

import asyncio
from collections import deque

RECOVERY = 60.0
"""So many seconds it takes from a standstill back to the full rate."""

SLOWEST = 1 / 64
"""The part of the full rate that always remains."""


class Pace:
    """Lets at most ``rate`` requests begin in a second, whichever second one looks at.

    A rate below one means one request in ``1 / rate`` seconds; of a rate above one the fraction is cut.
    Throttling halves the rate, once a second at most; from then on it grows by the same amount each second.
    """

    def __init__(self, rate: float) -> None:
        self._full = rate
        self._slowed_to = rate
        self._slowed_at = float("-inf")
        self._begun: deque[float] = deque()
        self._line = asyncio.Lock()

    @property
    def rate(self) -> float:
        """How many requests may begin in a second just now."""
        grown = self._full * (asyncio.get_running_loop().time() - self._slowed_at) / RECOVERY
        return min(self._full, self._slowed_to + grown)

    def allow(self, rate: float) -> None:
        """Change the full rate."""
        self._full = rate

    def slow_down(self) -> None:
        """Halve the rate: a cloud has found it too high. What it finds within a second is one finding."""
        now = asyncio.get_running_loop().time()
        if now - self._slowed_at >= 1.0:
            self._slowed_to, self._slowed_at = max(self._full * SLOWEST, self.rate / 2), now

    async def turn(self) -> None:
        """Return when the next request may begin, first come, first served.

        Who stops waiting gives the turn to the next: a collection that is ended leaves none behind.
        """
        async with self._line:
            while (wait := self._wait()) > 0:  # noqa: ASYNC110 - time is what is waited for
                await asyncio.sleep(wait)
            self._begun.append(asyncio.get_running_loop().time())

    def _wait(self) -> float:
        """Return the seconds until one more may begin; forget those that are a window ago."""
        now, rate = asyncio.get_running_loop().time(), self.rate
        most, window = max(1, int(rate)), max(1.0, 1.0 / rate)
        while self._begun and self._begun[0] + window <= now:
            self._begun.popleft()
        # Where the rate was cut there may be more than now fit into a window: the first ones do not matter.
        return self._begun[-most] + window - now if len(self._begun) >= most else 0.0
