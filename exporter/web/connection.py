"""Connections of scrapers: HTTP by uvicorn, with bounds on what slow and idle clients may hold.

An answer that a client takes slowly waits in memory until it is taken. It may do so for a while, and all of
them together up to a size: beyond either, connections are cut. So are those on which a request does not come
to its end, and, where there are too many, those on which nothing is asked.
"""

import asyncio
import logging
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.web.hardening import HEADERS
from exporter.web.refusals import Refusals

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that an answer may take to be taken; Prometheus has long given up by then."""
HEAD_PATIENCE = 15.0
"""Seconds that a request may take to come, from the connection or from its first byte on."""
MOST_CONNECTIONS = 1000
"""So many connections there are at once, or half as many as the process may have files open."""
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


class Malformed:
    """Clients that do not speak HTTP: uvicorn would log a line of each."""

    WORDS = "Invalid HTTP request received."

    def __init__(self) -> None:
        self._refusals = Refusals(log)
        logging.getLogger("uvicorn.error").addFilter(is_not_malformed)

    def note(self, transport: asyncio.Transport) -> None:
        """Note a client that was answered with 400."""
        client = (transport.get_extra_info("peername") or ["an unknown client"])[0]
        self._refusals.note("answered 400 to %s, which sent no HTTP", client)


def is_not_malformed(record: logging.LogRecord) -> bool:
    """Tell a line of uvicorn's from one of those that are told here instead."""
    return record.msg != Malformed.WORDS


class Idle:
    """The connections on which nothing is being answered, the one that has been so for longest first."""

    def __init__(self, patience: float = HEAD_PATIENCE, most: int | None = None) -> None:
        self._patience = patience
        self._most = most_connections() if most is None else most
        self._since: dict[asyncio.Transport, asyncio.TimerHandle | None] = {}
        self._refusals = Refusals(log)

    def begins(self, transport: asyncio.Transport, connections: int) -> None:
        """Note a new connection, one of so many; where that is too many, cut one that is idle."""
        self.waits(transport, for_request=True)
        if connections > self._most:
            self._cut(next(iter(self._since)), f"idle, and there were more than {self._most}")

    def waits(self, transport: asyncio.Transport, *, for_request: bool) -> None:
        """Note that nothing is being answered on a connection; a request that has begun must come soon."""
        timer = self._since.get(transport)
        if timer is None and for_request:
            timer = asyncio.get_running_loop().call_later(self._patience, self._late, transport)
        self._since[transport] = timer

    def ends(self, transport: asyncio.Transport) -> None:
        """Note that something is being answered on a connection, or that it has gone."""
        timer = self._since.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def _late(self, transport: asyncio.Transport) -> None:
        self._cut(transport, f"without a whole request within {self._patience:g} s")

    def _cut(self, transport: asyncio.Transport, why: str) -> None:
        self.ends(transport)
        client = (transport.get_extra_info("peername") or ["an unknown client"])[0]
        self._refusals.note("cut a connection of %s: it was %s", client, why)
        transport.abort()


def most_connections() -> int:
    """Return how many connections there may be: the clouds need files, too."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


class Connection(H11Protocol):
    """HTTP of uvicorn on a connection that is cut where its client holds it for nothing."""

    waiting: Waiting
    idle: Idle
    malformed: Malformed
    """All shared by the connections of a server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Be told of every byte that waits, not only of 64 KiB and more; make room, or give up."""
        super().connection_made(transport)
        # Not 0: over TLS that would pause writing for ever, before there is anything to write.
        transport.set_write_buffer_limits(high=1, low=0)
        self.idle.begins(transport, len(self.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.idle.ends(self.transport)
        self.waiting.ends(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request, or answer it."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self.idle.ends(self.transport)
        elif not self.transport.is_closing():
            self.idle.waits(self.transport, for_request=True)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()  # which begins the next one, if that has come already
        if self.cycle.response_complete and not self.transport.is_closing():
            begun = bool(self.conn.trailing_data[0]) or self.cycle.more_body
            self.idle.waits(self.transport, for_request=begun)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close.

        uvicorn's own way raises an error where an answer is under way, or the last request was a HEAD.
        """
        self.malformed.note(self.transport)
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if is_answering:
            cycle.disconnected = True
            cycle.message_event.set()
        if not (is_answering and cycle.response_started):
            self.transport.write(malformed_answer(msg))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Take a wish for another protocol for what it is: one that need not be granted, nor logged."""

    def pause_writing(self) -> None:
        """Take note: something waits to be taken."""
        super().pause_writing()
        self.waiting.begins(self.transport)

    def resume_writing(self) -> None:
        """Take note: all was taken."""
        super().resume_writing()
        self.waiting.ends(self.transport)


def malformed_answer(text: str) -> bytes:
    """Return the answer to what is no HTTP."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close", **HEADERS}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(["HTTP/1.1 400 Bad Request", *lines, "", f"{text}\n"]).encode()


def connections(waiting: Waiting | None = None, idle: Idle | None = None) -> type[Connection]:
    """Return the kind of connections that share what waits: those of one server."""
    members: dict[str, Any] = {
        "waiting": waiting or Waiting(),
        "idle": idle or Idle(),
        "malformed": Malformed(),
    }
    return type("ConnectionOfOneServer", (Connection,), members)
