"""Log lines about clients that are turned away: never a flood of them, however many knock."""

import logging
import time
from collections.abc import Callable

QUIET = 60.0
"""Seconds for which further refusals are told at the level debug only."""


class Refusals:
    """A log that warns of each kind of refusal once a minute; a kind is a message before it is filled in."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._next: dict[str, float] = {}

    def note(self, message: str, *arguments: object) -> None:
        """Tell of a client that was turned away."""
        now = self._clock()
        if now < self._next.get(message, now):
            self._log.debug(message, *arguments)
            return
        self._next[message] = now + QUIET
        self._log.warning(f"{message} (at most one such line a minute, all at debug)", *arguments)
