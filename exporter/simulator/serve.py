"""The simulated clouds on a real socket."""

import asyncio
import socket
from collections.abc import Callable
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from exporter.simulator.app import CONNECTION

KEEP_ALIVE = 75
BACKLOG = 2048


class Simulator:
    """Serves an application of ``build`` for as long as the context lasts.

    Port 0 takes a free one. ``address`` and ``url`` tell where it listens, from entering the context on.
    Leaving it closes every connection at once, answered or not, and leaves no task behind. Signals are
    left to whoever runs it.
    """

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._wanted = (host, port)
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port on which it listens."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the simulated clouds do not listen")
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    @property
    def url(self) -> str:
        """The address as scheme, host and port."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> "Simulator":
        """Listen and serve.

        Raises OSError: where the address cannot be had.
        """
        host, port = self._wanted
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        config = _configuration(self._app)
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # Inherited by its connections. asyncio does not set it on these: they do not tell that they are TCP.
        # Without it a body waits until the header is acknowledged, for 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Protocol(config=config, server_state=self._state, app_state={}), sock=listener
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()


async def serve(app: ASGIApp, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled; ``ready`` is told the address once it listens."""
    async with Simulator(app, host=host, port=port) as simulator:
        ready(simulator.url)
        await asyncio.get_running_loop().create_future()


class _Protocol(H11Protocol):
    """HTTP of uvicorn, whose application is handed the connection and so can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application for this connection."""
        super().connection_made(transport)
        inner = self.app

        async def handed(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), CONNECTION: transport}
            try:
                await inner(scope, receive, send)
            except asyncio.CancelledError:
                if not transport.is_closing():  # we close first and cancel then: nobody is left to be told
                    raise

        self.app = handed


def _configuration(app: ASGIApp) -> uvicorn.Config:
    """Return uvicorn's settings: neither date nor name of its own, no access log."""
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    config.load()
    return config
