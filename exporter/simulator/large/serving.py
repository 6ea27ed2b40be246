"""A large world on a socket, at a distance, with as little between as can be.

What is measured is a client; so this side must not be what it waits for. It speaks just the HTTP that
clients of the clouds speak (GET and POST with a length, connections that stay), sends an answer in one piece,
and makes no mistakes on purpose.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import compile_path

from exporter.simulator.answer import Answer
from exporter.simulator.app import build
from exporter.simulator.large.operations import operations
from exporter.simulator.large.world import LargeWorld
from exporter.simulator.settings import Settings
from exporter.simulator.simulation import Operation, Simulation
from exporter.simulator.wire import Request

EARLY = 0.0015
"""Seconds: timers of the event loop are late by up to a millisecond, and to wake a process takes time.

With this the round trip is in the mean what a client wants that asks for one page at a time."""

LENGTH = re.compile(r"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


def large_clouds(world: LargeWorld, settings: Settings) -> Starlette:
    """Return the simulated clouds around a large world, as an application to be served like the others."""
    return build(world.places(), settings, operations(world))


@asynccontextmanager
async def at_a_distance(world: LargeWorld, settings: Settings, round_trip: float) -> AsyncIterator[str]:
    """Serve a large world on a free port; give its address.

    An answer comes ``round_trip`` seconds after its request: what it takes to work it out is part of them, as
    it is of a real round trip. Connections are cut at the end.
    """
    lines: set[Line] = set()
    gateway = Gateway(world, settings)
    # Without a socket of our own asyncio switches Nagle's algorithm off.
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(gateway, round_trip, lines), host="127.0.0.1", port=0, backlog=2048
    )
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for line in list(lines):
            line.cut()
        await server.wait_closed()


class Gateway:
    """Answers one request after the other, out of a large world."""

    def __init__(self, world: LargeWorld, settings: Settings) -> None:
        self._settings = settings
        self._simulation = Simulation(world.places(), settings)
        self._ways = [(compile_path(one.path)[0], one) for one in operations(world)]

    def answer(self, head: str, body: bytes) -> bytes:
        """Return the answer to a request, both as they go over the wire."""
        first, *rest = head.split("\r\n")
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        pairs = (line.partition(":") for line in rest)
        operation, parts = self._operation(path)
        request = Request(
            method=method,
            raw_path=path,
            raw_query=query,
            headers=tuple((name.lower(), value.strip()) for name, _, value in pairs),
            body=body,
            path=parts,
        )
        return on_the_wire(self._simulation.answer(operation, request, {}, self._settings.clock()))

    def _operation(self, path: str) -> tuple[Operation | None, dict[str, str]]:
        for pattern, operation in self._ways:
            match = pattern.match(path)
            if match is not None:
                return operation, match.groupdict()
        return None, {}


def on_the_wire(answer: Answer) -> bytes:
    """Return an answer as HTTP has it."""
    lines: Sequence[bytes] = [name + b": " + value for name, value in answer.wire_headers()]
    return b"\r\n".join((b"HTTP/1.1 %d Answered" % answer.status, *lines, b"", answer.body))


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, gateway: Gateway, round_trip: float, lines: set["Line"]) -> None:
        self._gateway = gateway
        self._round_trip = round_trip
        self._lines = lines
        self._received = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a connection over TCP
        self._transport = transport
        self._lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whoever left
        """Forget it."""
        self._lines.discard(self)

    def cut(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole, when its time has come."""
        due = self._loop.time() + self._round_trip - EARLY
        self._received += data
        while (request := self._whole()) is not None:
            answer = self._gateway.answer(*request)
            if self._loop.time() < due:
                self._loop.call_at(due, self._send, answer)
            else:
                self._send(answer)

    def _whole(self) -> tuple[str, bytes] | None:
        """Take a whole request from what was received."""
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        told = head.decode("latin-1")
        found = LENGTH.search(told)
        length = int(found[1]) if found else 0
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return told, rest[:length]

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)
