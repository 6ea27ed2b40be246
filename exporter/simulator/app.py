"""The simulated clouds as an ASGI application."""

import asyncio
from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from exporter.simulator import control
from exporter.simulator.answer import Answer
from exporter.simulator.faults import Fault, Kind
from exporter.simulator.log import OF_INTEREST, Logged, RequestLog
from exporter.simulator.settings import Settings
from exporter.simulator.simulation import OPERATIONS, Operation, Simulation
from exporter.simulator.wire import Request
from exporter.simulator.world.world import World

CONNECTION = "datajobs.connection"
"""Where ``serve`` puts, in a scope's extensions, the transport, so that the connection can be cut."""

DEFAULT_SLOWNESS = 3.0
MOST_BODY = 1_048_576


def build(world: World, settings: Settings, operations: Sequence[Operation] = OPERATIONS) -> Starlette:
    """Return all simulated clouds, and what switches their faults, as one application.

    ``request_log`` finds the log of what the clouds were asked.
    """
    simulation, log = Simulation(world, settings), RequestLog()
    routes = [Route(one.path, Endpoint(simulation, settings, log, one)) for one in operations]
    routes.append(control.route(settings))
    routes.append(Route("/{rest:path}", Endpoint(simulation, settings, log, None)))
    app = Starlette(routes=routes)
    app.state.request_log = log
    return app


def request_log(app: Starlette) -> RequestLog:
    """Return what an application of ``build`` was asked and what it answered."""
    log: RequestLog = app.state.request_log
    return log


class Endpoint:
    """One operation over HTTP, or what is answered where there is none."""

    def __init__(
        self, simulation: Simulation, settings: Settings, log: RequestLog, operation: Operation | None
    ) -> None:
        self._simulation = simulation
        self._settings = settings
        self._log = log
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._log.arrived()
        try:
            await self._answer(scope, receive, send)
        finally:
            self._log.left()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, wait if told to, work out the answer as of then, note it, send it."""
        request = await _read(scope, receive)
        faults = self._settings.faults.draw(self._operation.api) if self._operation else {}
        await asyncio.sleep(self._delay(faults))
        if self._settings.before_request is not None:
            self._settings.before_request()
        now = self._settings.clock()
        connection: asyncio.Transport | None = scope.get("extensions", {}).get(CONNECTION)
        if Kind.DROP_CONNECTION in faults and connection is not None:
            self._note(request, faults, now, None)
            connection.abort()
            await _gone(receive)
            return
        answer = self._simulation.answer(self._operation, request, faults, now)
        self._note(request, faults, now, answer.status)
        if answer.cut_off and connection is not None:
            await _send(answer, send, more=True)
            connection.close()
            await _gone(receive)
            return
        await _send(answer, send, more=False)

    def _delay(self, faults: Mapping[Kind, Fault]) -> float:
        """Return how long to wait, in seconds."""
        slow = faults.get(Kind.SLOW)
        if slow is None:
            return self._settings.latency
        return self._settings.latency + (DEFAULT_SLOWNESS if slow.value is None else slow.value)

    def _note(self, request: Request, faults: Mapping[Kind, Fault], now: float, status: int | None) -> None:
        """Put the request into the log."""
        self._log.add(
            Logged(
                at=now,
                api=self._operation.api if self._operation else None,
                method=request.method,
                path=request.raw_path,
                query=request.raw_query,
                headers={name: value for name, value in request.headers if name in OF_INTEREST},
                faults=tuple(faults),
                status=status,
            )
        )


async def _read(scope: Scope, receive: Receive) -> Request:
    """Return the request as it came over the wire; a body is read up to a limit."""
    body, more = b"", True
    while more and len(body) < MOST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        body=body,
        path=scope.get("path_params", {}),
    )


async def _send(answer: Answer, send: Send, *, more: bool) -> None:
    """Send an answer; with ``more`` its end is left open."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.wire_headers()})
    async for chunk in answer.chunks():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if not more:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass
