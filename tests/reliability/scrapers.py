"""Scrapers of every manner: those that behave, and those that do not read, hang up, or only connect."""

import asyncio
import itertools
import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import aiohttp

OK, REFUSED = 200, 503
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
SMALL = 4096
"""Bytes that the system may take for a client that does not read."""


@dataclass
class Seen:
    """What scrapers were answered: the seconds that each answer took, and what was not an answer."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    healthy: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def note(self, status: int, seconds: float) -> None:
        """Take down the answer to a scrape."""
        if status == OK:
            self.answered.append(seconds)
        elif status == REFUSED:
            self.refused.append(seconds)
        else:
            self.wrong[f"status {status}"] += 1


@dataclass(frozen=True, kw_only=True)
class Target:
    """An exporter, and how long its scrapers wait for an answer, in seconds."""

    host: str
    port: int
    timeout: float

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"


class Crowd:
    """Clients of one exporter, each a task; what they see goes to ``seen``, which may be changed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._tasks: list[asyncio.Task[None]] = []
        self._random = Random(1)
        self.seen = Seen()

    async def __aenter__(self) -> "Crowd":
        self._http = aiohttp.ClientSession(
            self._target.url,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            headers={"Accept-Encoding": "gzip", TIMEOUT_HEADER: f"{self._target.timeout:g}"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave(0)
        await self._http.close()

    @property
    def content(self) -> bool:
        """Whether there were about as many answers as there are scrapers that wait for one."""
        scrapers = sum(task.get_name().startswith("scrape ") for task in self._tasks)
        return bool(self.seen.answered and self.seen.healthy) and (
            len(self.seen.answered) + len(self.seen.refused) >= scrapers / 2
        )

    def scrape(self, paths: Sequence[str], *, number: int, interval: float) -> None:
        """Let so many more ask for these paths in turn, each at most once an interval."""
        for path, _ in zip(itertools.cycle(paths), range(number), strict=False):
            self._begin(self._scraper(path, interval), f"scrape {path}")

    def read_slowly(self, path: str, *, number: int) -> None:
        """Let so many more ask for a path and read a byte a second."""
        for _ in range(number):
            self._begin(self._slow_reader(path), "read slowly")

    def hang_up(self, path: str, *, number: int) -> None:
        """Let so many more ask for a path and hang up before the answer or in the middle of it."""
        for _ in range(number):
            self._begin(self._hanger_up(path), "hang up")

    def idle(self, *, number: int) -> None:
        """Let so many more connect and ask nothing, or half a question."""
        for half in itertools.islice(itertools.cycle((b"", b"GET /metrics HTT")), number):
            self._begin(self._idler(half), "idle")

    def watch_health(self) -> None:
        """Let one ask for the health, four times a second."""
        self._begin(self._physician(), "watch health")

    async def leave(self, number: int) -> None:
        """Keep the first so many clients; the others leave at once, whatever they are at."""
        gone, self._tasks = self._tasks[number:], self._tasks[:number]
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)

    def broken(self) -> list[BaseException]:
        """Return what clients have failed of that is no answer of the exporter's."""
        ended = [task for task in self._tasks if task.done()]
        return [error for task in ended if (error := task.exception()) is not None]

    def _begin(self, client: "asyncio._CoroutineLike[None]", name: str) -> None:
        self._tasks.append(asyncio.create_task(client, name=name))

    async def _scraper(self, path: str, interval: float) -> None:
        # As Prometheus does, each at a moment of its own.
        await asyncio.sleep(self._random.uniform(0, interval))
        while True:
            began = time.perf_counter()
            try:
                async with self._http.get(path) as response:
                    await response.read()
            except aiohttp.ClientError as exc:
                self.seen.wrong[type(exc).__name__] += 1
            else:
                self.seen.note(response.status, time.perf_counter() - began)
            await asyncio.sleep(max(0.0, began + interval - time.perf_counter()))

    async def _physician(self) -> None:
        while True:
            began = time.perf_counter()
            async with self._http.get("/-/healthy") as response:
                await response.read()
            if response.status == OK:
                self.seen.healthy.append(time.perf_counter() - began)
            else:
                self.seen.wrong[f"health: status {response.status}"] += 1
            await asyncio.sleep(0.25)

    async def _slow_reader(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with await self._connected() as client:
                await loop.sock_sendall(client, question(path))
                with suppress(ConnectionError):  # cut, as it should be
                    while await loop.sock_recv(client, 1):  # noqa: ASYNC110 - a slow reader is meant
                        await asyncio.sleep(1)

    async def _hanger_up(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with await self._connected() as client:
                await loop.sock_sendall(client, question(path))
                if self._random.random() < 0.5:
                    await loop.sock_recv(client, 1)  # the answer has begun
                else:
                    await asyncio.sleep(self._random.uniform(0, 1))

    async def _idler(self, half: bytes) -> None:
        with await self._connected() as client:
            await asyncio.get_running_loop().sock_sendall(client, half)
            await asyncio.Event().wait()

    async def _connected(self) -> socket.socket:
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        try:
            await asyncio.get_running_loop().sock_connect(client, (self._target.host, self._target.port))
        except BaseException:
            client.close()
            raise
        return client


def question(path: str) -> bytes:
    """Return a request in full, which takes an answer that is not packed."""
    return f"GET {path} HTTP/1.1\r\nHost: exporter\r\n\r\n".encode()
