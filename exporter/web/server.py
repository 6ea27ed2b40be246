"""Listening: addresses in Prometheus' form, sockets, and uvicorn on all of them."""

import asyncio
import logging
import os
import re
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.web.hardening import hardened

log = logging.getLogger(__name__)

HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?"
ADDRESS = re.compile(rf"(?P<host>{HOST}|):(?P<port>[0-9]{{1,5}})")
MOST_PORT = 65535
BACKLOG = 2048
PATIENCE = 5.0
"""Seconds that requests in flight are given when the server is told to stop."""
LAST_WORDS = 2.0
"""Seconds that they are then given to say that they did not finish."""
KEPT = 320
"""Seconds that a connection is kept for the next request. Prometheus gives one up after 300: where we did so
first, a request might be on its way."""
MOST_UNSENT = 16_384
"""Bytes of an answer that the system keeps where the client takes none."""
LONGEST_HEAD = 32_768
"""Bytes that the first line and the headers of a request may have."""
GOODBYE = 1.0
"""Seconds that connections are given to close once nothing is asked on them any more."""
STOPPING = (signal.SIGINT, signal.SIGTERM)


class AddressError(Exception):
    """An address that cannot be read or listened on; the message says why and what to write."""


def parse(text: str) -> tuple[str, int]:
    """Return host ('' for all) and port of ``host:port``, ``:port``, ``[::1]:port``; raises AddressError."""
    match = ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > MOST_PORT:
        raise AddressError(f"{text!r} is no address: write host:port, :port or [::1]:port")
    return match["host"].strip("[]"), int(match["port"])


def listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Return a listening socket for each address; raises AddressError and then leaves none open."""
    sockets: list[socket.socket] = []
    try:
        sockets.extend(_bound(address) for address in addresses)
    except AddressError:
        for other in sockets:
            other.close()
        raise
    return sockets


def _bound(address: str) -> socket.socket:
    host, port = parse(address)
    try:
        # All addresses of the machine, of both families where it has both.
        both = not host and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
        # What is accepted inherits it, and asyncio does not set it there. Without it the body of an answer on
        # a connection that is kept waits until its header is acknowledged, for 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Inherited as well. Else the system takes megabytes of an answer that nobody takes, and hides them
        # from the bounds of connection.py. Not every system has it.
        with suppress(AttributeError, OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
    except OSError as exc:
        raise AddressError(f"cannot listen on {address}: {why(exc)}") from exc
    return listening


def why(error: OSError) -> str:
    """Say why an address cannot be had, without the address, which the standard library's words repeat."""
    return (error.strerror or str(error)).partition(" (while attempting")[0]


def url(listening: socket.socket, path: str = "/", *, secure: bool = False) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listening.getsockname()[:2]
    if host in {"::", "0.0.0.0"}:  # noqa: S104  compared with, not listened on
        host = "localhost"
    return f"http{'s' * secure}://{f'[{host}]' if ':' in host else host}:{port}{path}"


class _Server(uvicorn.Server):
    """uvicorn that tells when it is up, and ends in its own way.

    Signals are left to whoever runs it: a demo is two servers.
    """

    def __init__(
        self, config: uvicorn.Config, give_up: Callable[[], Awaitable[None]], patience: float
    ) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._give_up = give_up
        self._patience = patience

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way, hurry what takes too long, cut what does not end even so."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if not await self._until(self._answered, self._patience):
            await self._give_up()
            if not await self._until(self._answered, LAST_WORDS):
                log.warning("answers that did not end in time were cut: %d", self._unanswered())
        await self._until(self._parted, GOODBYE)
        await self._cut()
        await self.lifespan.shutdown()

    async def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self._until(self._parted, GOODBYE)
        for task in self.server_state.tasks:
            task.cancel()
        await self._until(self._answered, GOODBYE)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds, at most for so long; tell whether it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110  uvicorn has no events for them
                    await asyncio.sleep(0.02)
        return condition()

    def _answered(self) -> bool:
        return self._unanswered() == 0

    def _unanswered(self) -> int:
        """Count the requests that are under way and the answers that have not been taken yet."""
        left = [1 for other in self.server_state.connections if other.transport.get_write_buffer_size()]
        return len(self.server_state.tasks) + len(left)

    def _parted(self) -> bool:
        return not self.server_state.connections


def _cancellable(app: ASGIApp) -> ASGIApp:
    """Return an application whose requests may be cancelled: uvicorn takes that for an error of theirs."""

    async def without_a_word(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return without_a_word


def settings(app: ASGIApp) -> uvicorn.Config:
    """Return how uvicorn is to serve."""
    from exporter.web.connection import connections  # not for the commands that only read addresses

    return uvicorn.Config(
        hardened(_cancellable(app)),
        http=connections(),
        ws="none",
        h11_max_incomplete_event_size=LONGEST_HEAD,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEPT,
    )


@asynccontextmanager
async def serving(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    give_up: Callable[[], Awaitable[None]],
    patience: float = PATIENCE,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve on the sockets while the block runs; requests in flight are finished after it.

    Those that take longer than ``patience`` seconds are hurried: ``give_up`` ends what they wait for. What
    has not ended two seconds later is cut.
    """
    config = settings(app)
    config.load()
    config.ssl = tls
    server = _Server(config, give_up, patience)
    task = asyncio.create_task(server.serve(sockets=list(sockets)), name="serve")
    try:
        await server.up.wait()
        yield task
    finally:
        server.should_exit = True
        await task


def stop_requested() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set; the second of them ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def begin() -> None:
        stop.set()
        for number in STOPPING:
            loop.remove_signal_handler(number)
            # Not the system's own way, which a container's first process does not have.
            signal.signal(number, lambda number, _: os._exit(128 + number))

    for number in STOPPING:
        loop.add_signal_handler(number, begin)
    return stop
