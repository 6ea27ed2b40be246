"""Listening: addresses in Prometheus' form, sockets, and uvicorn on all of them."""

import asyncio
import math
import re
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?"
ADDRESS = re.compile(rf"(?P<host>{HOST}|):(?P<port>[0-9]{{1,5}})")
MOST_PORT = 65535
BACKLOG = 2048
PATIENCE = 5.0
"""Seconds that requests in flight are given when the server is told to stop."""
LAST_WORDS = 2
"""Seconds that they are then given to say that they did not finish."""


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
        return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as exc:
        raise AddressError(f"cannot listen on {address}: {why(exc)}") from exc


def why(error: OSError) -> str:
    """Say why an address cannot be had, without the address, which the standard library's words repeat."""
    return (error.strerror or str(error)).partition(" (while attempting")[0]


def url(listening: socket.socket, path: str = "/") -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listening.getsockname()[:2]
    if host in {"::", "0.0.0.0"}:  # noqa: S104  compared with, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"


class _Server(uvicorn.Server):
    """uvicorn that tells when it is up, and leaves signals to whoever runs it: a demo is two servers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    give_up: Callable[[], Awaitable[None]],
    patience: float = PATIENCE,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve on the sockets while the block runs; requests in flight are finished after it.

    Those that take longer than ``patience`` seconds are hurried: ``give_up`` ends what they wait for.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=math.ceil(patience) + LAST_WORDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=list(sockets)), name="serve")
    try:
        await server.up.wait()
        yield task
    finally:
        server.should_exit = True
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done:
            await give_up()
        await task


def stop_requested() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
