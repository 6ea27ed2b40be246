"""How fast a source may ask: so many requests in any second, no more."""

import asyncio
from collections import deque


class Pace:
    """Lets ``rate`` requests a second begin, counted in every window, not on average.

    A rate below one means one request in ``1 / rate`` seconds.
    """

    def __init__(self, rate: float) -> None:
        most = max(1, int(rate))
        self._window = most / rate
        self._begun: deque[float] = deque(maxlen=most)

    async def turn(self) -> None:
        """Return when the next request may begin, first come, first served."""
        now = asyncio.get_running_loop().time()
        begin = now
        if len(self._begun) == self._begun.maxlen:
            begin = max(now, self._begun[0] + self._window)
        self._begun.append(begin)
        if begin > now:
            await asyncio.sleep(begin - now)
