"""Connections of scrapers: HTTP by uvicorn, with bounds on the answers that nobody takes.

An answer that a client takes slowly waits in memory until it is taken. It may do so for a while, and all of
them together up to a size: beyond either, connections are cut.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.web.refusals import Refusals

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that an answer may take to be taken; Prometheus has long given up by then."""
MOST_WAITING = 64 * 2**20
"""Bytes of answers that may wait to be taken, of all connections together."""


class Waiting:
    """The connections whose answers wait to be taken, the one that has waited longest first."""

    def __init__(self, patience: float = PATIENCE, most: int = MOST_WAITING) -> None:
        self._patience = patience
        self._most = most
        self._since: dict[asyncio.Transport, asyncio.TimerHandle] = {}
        self._refusals = Refusals(log)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._since)

    def begins(self, transport: asyncio.Transport) -> None:
        """Note that an answer begins to wait; what has waited longest makes room for it."""
        loop = asyncio.get_running_loop()
        self._since[transport] = loop.call_later(self._patience, self._cut, transport, "in time")
        size = sum(other.get_write_buffer_size() for other in self._since)
        for other in list(self._since):
            if size <= self._most:
                break
            size -= other.get_write_buffer_size()
            self._cut(other, "while others wait")

    def ends(self, transport: asyncio.Transport) -> None:
        """Note that an answer was taken, or will never be."""
        timer = self._since.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def _cut(self, transport: asyncio.Transport, why: str) -> None:
        self.ends(transport)
        client = (transport.get_extra_info("peername") or ["an unknown client"])[0]
        self._refusals.note("cut the connection of %s, which did not take its answer %s", client, why)
        transport.abort()


class Connection(H11Protocol):
    """HTTP of uvicorn on a connection that is cut where its client does not take what it asked for."""

    waiting: Waiting
    """Shared by all connections of a server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Be told of every byte that waits, not only of 64 KiB and more."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.waiting.ends(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Take note: something waits to be taken."""
        super().pause_writing()
        self.waiting.begins(self.transport)

    def resume_writing(self) -> None:
        """Take note: all was taken."""
        super().resume_writing()
        self.waiting.ends(self.transport)


def connections(waiting: Waiting | None = None) -> type[Connection]:
    """Return the kind of connections that share what waits: those of one server."""
    members: dict[str, Any] = {"waiting": waiting or Waiting()}
    return type("ConnectionOfOneServer", (Connection,), members)
