"""Log lines about clients that are turned away: never a flood of them, however many knock."""

import logging
import time
from collections.abc import Callable

QUIET = 60.0
"""Seconds for which further refusals are told at the level debug only."""


class Refusals:
    """A log that warns once a minute."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._next = float("-inf")

    def note(self, message: str, *arguments: object) -> None:
        """Tell of a client that was turned away."""
        now = self._clock()
        if now < self._next:
            self._log.debug(message, *arguments)
            return
        self._next = now + QUIET
        self._log.warning(f"{message} (at most one such line a minute, all at debug)", *arguments)
