"""The floor of the interpreter: a socket protocol of a page's length, msgspec, and nothing between.

It knows that answers tell their length, that nothing fails, and it does not sign.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from benchmarks.clouds import FACTORY
from benchmarks.contenders import Contender, Counts, Task
from benchmarks.peers.login import PATH, token


class Job(msgspec.Struct, gc=False):
    """What is counted."""

    status: str


class Page(msgspec.Struct):
    """An answer."""

    total: int
    jobs: list[Job]


DECODER = msgspec.json.Decoder(Page)


class Line(asyncio.Protocol):
    """A connection, on which one request is under way at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a connection over TCP
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over a body that is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4 or self._answer is None:  # noqa: PLR2004 - not found
            return
        head = bytes(self._received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self._received) >= end + length:
            body = bytes(self._received[end : end + length])
            self._received.clear()
            self._answer.set_result(body)

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


class Floor(Contender):
    """Lists DataArts jobs, the pages after the first side by side."""

    def __init__(self, task: Task) -> None:
        self._host = urlsplit(task.url)
        self._token = token(task.url)
        self._task = task
        self._runner = asyncio.Runner()
        self._lines = self._runner.run(self._connect())
        self._counts: Counter[str] = Counter()

    async def _connect(self) -> list[Line]:
        loop = asyncio.get_running_loop()
        host, port = self._host.hostname or "", self._host.port or 80
        return [(await loop.create_connection(Line, host, port))[1] for _ in range(self._task.in_flight)]

    def list(self) -> tuple[Counts, int]:
        """Return the jobs by status, and the requests."""
        self._counts.clear()
        requests = self._runner.run(self._walk())
        return dict(self._counts), requests

    async def _walk(self) -> int:
        total = await self._page(self._lines[0], 0)
        pages = -(-total // self._task.page)
        rest = iter(range(1, pages))
        await asyncio.gather(*(self._work(line, rest) for line in self._lines))
        return pages

    async def _work(self, line: Line, pages: Iterator[int]) -> None:
        for page in pages:
            await self._page(line, page)

    async def _page(self, line: Line, page: int) -> int:
        request = (
            f"GET {PATH}?jobType=BATCH&limit={self._task.page}&offset={page} HTTP/1.1\r\n"
            f"Host: {self._host.netloc}\r\nX-Auth-Token: {self._token}\r\nworkspace: {FACTORY}\r\n\r\n"
        )
        body = DECODER.decode(await line.ask(request.encode()))
        self._counts.update([job.status for job in body.jobs])
        return body.total
