"""Counts what each caller asks for within a second."""

from collections import deque

from exporter.simulator.refusal import Cloud, throttled
from exporter.simulator.settings import Settings

PERIOD = 1.0


class Throttle:
    """Refuses a caller's requests beyond ``requests_per_second`` in any second; refused ones do not count."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recent: dict[str, deque[float]] = {}

    def admit(self, caller: str, cloud: Cloud, now: float) -> None:
        """Count one request of ``caller``.

        Raises Refusal: if it is one too many.
        """
        limit = self._settings.requests_per_second
        if limit is None:
            return
        recent = self._recent.setdefault(caller, deque())
        while recent and recent[0] <= now - PERIOD:
            recent.popleft()
        if len(recent) >= limit:
            raise throttled(cloud, limit=limit, wait=(recent[0] + PERIOD - now) if recent else PERIOD)
        recent.append(now)
