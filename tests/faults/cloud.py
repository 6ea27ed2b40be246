"""A simulated cloud on a socket of its own, byte by byte, that can be told to go wrong."""

import asyncio
import math
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from starlette.routing import compile_path

from exporter.simulator.answer import Answer
from exporter.simulator.call import Call
from exporter.simulator.faults import Api
from exporter.simulator.settings import Settings
from exporter.simulator.simulation import OPERATIONS, Operation, Simulation
from exporter.simulator.wire import Request
from tests.faults.lists import START, ListOf, crowded_world

RESET = struct.pack("ii", 1, 0)
"""Linger for no time: a connection that is closed so is reset."""

Handler = Callable[[Call], dict[str, Any]]


def remembering(handler: Handler) -> Handler:
    """Return what works an answer out once: whoever asks for the same at the same time is told the same."""
    known: dict[tuple[str, str, str | None, float], dict[str, Any]] = {}

    def handle(call: Call) -> dict[str, Any]:
        asked = call.request
        key = (asked.raw_path, asked.raw_query, asked.header("workspace"), call.now)
        if key not in known:
            known[key] = handler(call)
        return known[key]

    return handle


def quick(operation: Operation) -> Operation:
    """Return an operation that remembers; who may call it is looked at each time."""
    return replace(operation, handler=remembering(operation.handler)) if operation.handler else operation


PATHS = [(compile_path(one.path)[0], quick(one)) for one in OPERATIONS]


class Position(StrEnum):
    """What a fault strikes."""

    FIRST = "first page"
    MIDDLE = "middle"
    LOGIN = "login"


class Gone(Exception):  # noqa: N818 - it is no error that a client leaves
    """The client has closed the connection."""


@cache
def the_world() -> Simulation:
    """Return the clouds behind all sockets, which never change."""
    return Simulation(crowded_world(), Settings(tolerance=float("inf")))


@dataclass
class Exchange:
    """One request for a page, and the connection to answer on."""

    cloud: "Cloud"
    request: Request
    operation: Operation | None
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def index(self) -> int | None:
        """Which page of the list is asked for, from 0; None where it is something else, a login perhaps."""
        if self.operation is None or self.operation.api != self.cloud.list.api:
            return None
        return self.cloud.list.index(dict(self.request.query()))

    @property
    def is_login(self) -> bool:
        """Tell whether a token is asked for."""
        return self.operation is not None and self.operation.api is Api.IAM_TOKENS

    def truth(self) -> Answer:
        """Return the true answer."""
        return the_world().answer(self.operation, self.request, {}, self.cloud.clock())

    async def reply(self, answer: Answer, **headers: str) -> None:
        """Send an answer as it is; a header that is given here stands in the place of the answer's."""
        told = {"content-length": str(len(answer.body)), **answer.headers}
        if answer.content_type:
            told["content-type"] = answer.content_type
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        await self.send(head(answer.status, told) + answer.body)

    async def send(self, data: bytes) -> None:
        """Send bytes; raises Gone."""
        if self.writer.is_closing() or self.reader.at_eof():
            raise Gone
        self.writer.write(data)
        await self.writer.drain()
        self.cloud.sent += len(data)

    async def wait(self, seconds: float | None = None) -> None:
        """Do nothing for so long, or until the client has gone; raises Gone then."""
        try:
            if not await asyncio.wait_for(self.reader.read(1), seconds):
                raise Gone
        except TimeoutError:
            return

    def reset(self) -> None:
        """Let the connection be reset."""
        reset(self.writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection without a goodbye."""
    connection = writer.get_extra_info("socket")
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


Act = Callable[[Exchange], Awaitable[None]]
"""Answers a request in the way of a fault."""


@dataclass
class Strike:
    """A fault at work: ``left`` says how often it strikes, None for good; ``onwards`` also later pages."""

    act: Act
    position: Position
    left: int | None = None
    onwards: bool = False

    def hits(self, exchange: Exchange) -> bool:
        """Tell whether a request is struck, and count it."""
        if self.left == 0 or not self._is_meant(exchange):
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def _is_meant(self, exchange: Exchange) -> bool:
        if self.position is Position.LOGIN:
            return exchange.is_login
        begin = 0 if self.position is Position.FIRST else 1
        index = exchange.index
        return index is not None and (index == begin or (index > begin and self.onwards))


@dataclass
class Names(AbstractResolver):
    """A resolver that knows every host, or for the next ``unknown`` questions none; asks nobody."""

    unknown: float = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self.unknown > 0:
            self.unknown -= 1
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=flags
            )
        ]

    async def close(self) -> None:
        pass


@dataclass
class Cloud:
    """Answers one list and the logins for it, truly unless ``strike`` hits, for as long as the context lasts.

    ``certificates`` are what it shows by their names, the good one as "good"; without them it speaks no TLS.
    """

    list: ListOf
    certificates: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    now: float = START
    sent: int = 0
    """Bytes of answers, those included that the client did not take."""
    requests: int = 0
    strangers: int = 0
    """Connections to where redirects lead."""
    strike: Strike | None = None
    names: Names = field(default_factory=Names)
    bad_certificate: str = ""
    bad_handshakes: float = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    port: int = 0
    first_page: Answer | None = None
    """The last true answer about the first page."""

    def clock(self) -> float:
        """Return what the cloud believes the time to be."""
        return self.now

    @property
    def url(self) -> str:
        """The address by number."""
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "Cloud":
        await self.listen()
        self.elsewhere = await asyncio.start_server(self._stranger, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.elsewhere.close()
        self.hang_up()
        self._server.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._server.wait_closed()
        await self.elsewhere.wait_closed()

    async def listen(self) -> None:
        """Take connections, at the same address as before."""
        tls = self._tls() if self.certificates else None
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Take no connection and cut those that there are."""
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        await asyncio.sleep(0.001)  # what was accepted a moment ago gets its place, to be cut as well
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Cut every connection."""
        for writer in self.open:
            reset(writer)

    async def heal(self) -> None:
        """Go wrong no more."""
        self.strike, self.names.unknown, self.bad_handshakes = None, 0, 0
        if not self._server.is_serving():
            await self.listen()

    def _tls(self) -> ssl.SSLContext:
        def choose(connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
            if self.bad_handshakes > 0:
                self.bad_handshakes -= 1
                connection.context = self.certificates[self.bad_certificate]

        context = self.certificates["good"]
        context.sni_callback = choose
        return context

    async def _stranger(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.strangers += 1
        writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.open.add(writer)
        if self.names.unknown == math.inf:
            reset(writer)  # by somebody who had asked for the name before it was gone
        try:
            while not writer.is_closing():
                await self._answer(await self._read(reader, writer))
        except (asyncio.IncompleteReadError, OSError, Gone):
            pass
        finally:
            self.open.discard(writer)
            self.tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        path, _, query = target.partition("?")
        pairs = [each.partition(":") for each in lines if each]
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        body = await reader.readexactly(int(dict(headers).get("content-length", "0")))
        operation, inside = _operation(path)
        request = Request(
            method=method, raw_path=path, raw_query=query, headers=headers, body=body, path=inside
        )
        return Exchange(self, request, operation, reader, writer)

    async def _answer(self, exchange: Exchange) -> None:
        self.requests += 1
        if self.strike is not None and self.strike.hits(exchange):
            await self.strike.act(exchange)
            return
        answer = exchange.truth()
        if exchange.index == 0:
            self.first_page = answer
        await exchange.reply(answer)


def _operation(path: str) -> tuple[Operation | None, dict[str, str]]:
    """Return what is called, and the names in its path."""
    for pattern, operation in PATHS:
        if found := re.fullmatch(pattern, path):
            return operation, found.groupdict()
    return None, {}
