"""Answers that nobody takes: they wait for so long and, together, up to a size, and stop nobody else."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.server import ServerState

from exporter.web.connection import Waiting, connections
from exporter.web.server import MOST_UNSENT, listen, settings
from tests.web.served import until

SIZE = 1_000_000
BUFFER = 8192
"""Bytes that the system keeps for a client."""
ASK = b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n"


async def large(_: Request) -> Response:
    return PlainTextResponse("x" * SIZE)


async def small(_: Request) -> Response:
    return PlainTextResponse("here\n")


APP = Starlette(routes=[Route("/large", large), Route("/small", small)])


@dataclass
class Server:
    """A server of the exporter's connections, and its clients."""

    address: tuple[str, int]
    state: ServerState
    clients: list[socket.socket] = field(default_factory=list)

    async def ask(self, request: bytes = ASK) -> socket.socket:
        """Ask, and take nothing of the answer yet."""
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.clients.append(client)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, self.address)
        await loop.sock_sendall(client, request)
        return client

    def waits(self) -> list[int]:
        """Return the sizes of what waits to be taken, of each connection that there is."""
        return [one.transport.get_write_buffer_size() for one in self.state.connections]


@asynccontextmanager
async def server(waiting: Waiting) -> AsyncIterator[Server]:
    [listening] = listen(["127.0.0.1:0"])
    config, state = settings(APP), ServerState()
    config.load()
    kind = connections(waiting)
    serving = await asyncio.get_running_loop().create_server(
        lambda: kind(config=config, server_state=state, app_state={}), sock=listening
    )
    one = Server(address=listening.getsockname(), state=state)
    try:
        yield one
    finally:
        serving.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for client in one.clients:
            client.close()
        await until(lambda: not state.connections)


async def taken(client: socket.socket) -> int:
    """Take all that comes; return how much it was, to where the connection was cut."""
    loop, count = asyncio.get_running_loop(), 0
    try:
        while count < SIZE and (part := await loop.sock_recv(client, 65536)):
            count += len(part)
    except ConnectionResetError:
        pass
    return count


async def test_an_answer_that_is_not_taken_in_time_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "exporter.web")
    async with server(Waiting(patience=0.3)) as one:
        clients = [await one.ask() for _ in range(3)]
        await until(lambda: len([size for size in one.waits() if size > SIZE / 2]) == 3)
        await until(lambda: not one.state.connections)
        assert all([await taken(client) < SIZE for client in clients])
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("cut the connection of 127.0.0.1, which did not take its answer in time")


async def test_an_answer_that_is_taken_slowly_but_in_time_is_whole() -> None:
    async with server(Waiting(patience=60)) as one:
        client = await one.ask()
        await until(lambda: max(one.waits(), default=0) > SIZE / 2)
        assert await taken(client) >= SIZE
        await until(lambda: one.waits() == [0])


async def test_answers_that_wait_together_are_no_more_than_a_limit() -> None:
    async with server(Waiting(patience=60, most=3 * SIZE)) as one:
        first = await one.ask()
        await until(lambda: sum(one.waits()) > SIZE / 2)
        others = []
        for _ in range(7):
            others.append(await one.ask())
            asked = len(others) + 1
            await until(lambda asked=asked: one.state.total_requests == asked)  # type: ignore[misc]
            assert sum(one.waits()) <= 3 * SIZE
        assert await taken(first) < SIZE  # it waited longest
        assert await taken(others[-1]) >= SIZE


async def test_what_is_not_taken_waits_where_it_is_bounded_and_not_in_the_system() -> None:
    async with server(Waiting(patience=60)) as one:
        await one.ask()
        await until(lambda: one.state.total_requests == 1)
        assert one.waits()[0] > SIZE - MOST_UNSENT - 20 * BUFFER


async def test_nobody_waits_for_those_who_take_nothing() -> None:
    async with server(Waiting(patience=60)) as one:
        for _ in range(20):
            await one.ask()
        await until(lambda: len([size for size in one.waits() if size]) == 20)
        client = await one.ask(ASK.replace(b"large", b"small"))
        async with asyncio.timeout(5):
            answer = await asyncio.get_running_loop().sock_recv(client, 65536)
        assert answer.endswith(b"here\n")


async def test_who_hangs_up_in_the_middle_of_an_answer_leaves_nothing_behind() -> None:
    waiting = Waiting(patience=60)
    async with server(waiting) as one:
        for _ in range(10):
            client = await one.ask()
            await until(lambda: max(one.waits(), default=0) > SIZE / 2)
            client.close()
            await until(lambda: not one.state.connections)
        assert waiting.connections == 0
