"""How fast a source may ask: so many requests in any second, no more."""

import asyncio
from collections import deque


class Pace:
    """Lets at most ``rate`` requests begin in a second, whichever second one looks at.

    A rate below one means one request in ``1 / rate`` seconds; of a rate above one the fraction is cut.
    """

    def __init__(self, rate: float) -> None:
        self._most = max(1, int(rate))
        self._window = max(1.0, 1.0 / rate)
        self._begun: deque[float] = deque()
        self._line = asyncio.Lock()

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
        now = asyncio.get_running_loop().time()
        while self._begun and self._begun[0] + self._window <= now:
            self._begun.popleft()
        return self._begun[0] + self._window - now if len(self._begun) >= self._most else 0.0
