"""The simulated clouds without a socket, in virtual time and any weather."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import parse_qsl

import httpx

from exporter.simulator.answer import Answer
from exporter.simulator.faults import Api, Fault, Kind
from exporter.simulator.simulation import OPERATIONS, Operation, Simulation
from exporter.simulator.wire import Request
from tests.truth.weather import CALM, Trouble, Way, Weather

PATHS = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one.path) + "$"), one) for one in OPERATIONS]
NONSENSE = ("yesterday", "", "Thu, 99 Foo 2026 00:00:00 GMT", "0")
OFFSETS = {"offset", "PageNumber"}


def operation_of(method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
    """Return what is asked for, and the variable parts of its path."""
    for pattern, operation in PATHS:
        found = pattern.match(path)
        if found and operation.method == method:
            return operation, found.groupdict()
    raise AssertionError(f"{method} {path} is not a call of any cloud")


def list_of(request: httpx.Request) -> str:
    """Name the list that is asked for: a dataset, a workspace, a queue, or a job type of a workspace."""
    query = request.url.params
    if request.url.path.endswith("/datasetjobs"):
        return request.url.path.split("/")[-2]
    if "jobType" in query:
        return f"{request.headers['workspace']} {query['jobType']}"
    return str(query.get("queue_type") or query.get("workspace_id") or request.url.path)


class Clock:
    """The time of the clouds: that of the event loop, from ``start`` (seconds since 1970) on."""

    def __init__(self, start: float) -> None:
        self.start = start

    def __call__(self) -> float:
        """Return the seconds since 1970, in whole milliseconds."""
        return round(self.start + asyncio.get_running_loop().time(), 3)


@dataclass
class Clouds(httpx.AsyncBaseTransport):
    """Answers the requests of all sources out of one simulation.

    ``latency`` is what a request takes on average. ``asked`` has the moment of each answer that was worked
    out, by ``list_of`` the request.
    """

    simulation: Simulation
    clock: Clock
    random: Random
    latency: float
    weather: Weather = CALM
    asked: dict[str, list[float]] = field(default_factory=dict)

    dated: set[Api] = field(default_factory=set)
    """The list APIs that have told the time at least once."""

    def __post_init__(self) -> None:
        self._pages: dict[tuple[str, ...], dict[int, Answer]] = {}

    def change(self, weather: Weather) -> None:
        """Let the weather be another, and forget what was."""
        self.weather = weather
        self._pages.clear()
        self.asked.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or fail as a connection does."""
        path = request.url.path
        operation, parts = operation_of(request.method, path)
        strikes = [one for one in self.weather if one.strikes(operation.api, self.random)]
        ways = {one.what for one in strikes if isinstance(one.what, Way)}
        await asyncio.sleep(self.random.expovariate(1 / self.latency))
        if Way.NO_CONNECTION in ways:
            raise httpx.ConnectError("connection refused", request=request)
        if Way.SILENCE in ways:
            await asyncio.sleep(request.extensions["timeout"]["read"])
            raise httpx.ReadTimeout("no answer", request=request)
        answer = self._answer(operation, request, parts, faults_of(strikes))
        await asyncio.sleep(self.random.expovariate(1 / self.latency))
        if Way.LATE in ways:
            await asyncio.sleep(self.random.uniform(0.2, 4.0))
        return self._response(request, answer, ways)

    def _answer(
        self,
        operation: Operation,
        request: httpx.Request,
        parts: Mapping[str, str],
        faults: Mapping[Kind, Fault],
    ) -> Answer:
        """Work out the answer of this very moment."""
        now = self.clock()
        path, _, query = request.url.raw_path.decode().partition("?")
        called = Request(
            method=request.method,
            raw_path=path,
            raw_query=query,
            headers=tuple(request.headers.multi_items()),
            body=request.content,
            path=parts,
        )
        self.asked.setdefault(list_of(request), []).append(now)
        return self.simulation.answer(operation, called, faults, now)

    def _response(self, request: httpx.Request, answer: Answer, ways: set[Way]) -> httpx.Response:
        """Return the answer with what happens to it on its way."""
        if answer.status == httpx.codes.OK:
            answer = self._earlier(request, answer, repeat=Way.REPEATED in ways)
        headers = dict(answer.headers)
        if Way.NO_DATE in ways:
            del headers["Date"]
        elif Way.ODD_DATE in ways:
            headers["Date"] = self.random.choice(NONSENSE)
        else:
            self.dated.add(operation_of(request.method, request.url.path)[0].api)
        return httpx.Response(answer.status, headers=headers, stream=Body(answer.body, ways, self.random))

    def _earlier(self, request: httpx.Request, answer: Answer, *, repeat: bool) -> Answer:
        """Remember an answer; with ``repeat`` return an earlier page of the list, if there was one."""
        query = parse_qsl(request.url.query.decode())
        offset = next((int(value) for name, value in query if name in OFFSETS), 0)
        which = (request.url.path, request.headers.get("workspace", ""))
        rest = [f"{name}={value}" for name, value in query if name not in OFFSETS]
        pages = self._pages.setdefault((*which, *rest), {})
        pages[offset] = answer
        before = [number for number in pages if number < offset]
        return pages[max(before)] if repeat and before else answer


def faults_of(strikes: Sequence[Trouble]) -> Mapping[Kind, Fault]:
    """Return what the simulated clouds are to do wrong."""
    return {fault.kind: fault for one in strikes if (fault := one.fault) is not None}


class Body(httpx.AsyncByteStream):
    """The body of an answer, as it comes over a line that may be bad."""

    def __init__(self, body: bytes, ways: set[Way], random: Random) -> None:
        self._body = body
        self._ways = ways
        self._random = random

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it whole, in pieces, or in part."""
        body, ways = self._body, self._ways
        if Way.TRICKLE in ways:
            for _ in range(3):
                await asyncio.sleep(self._random.uniform(0.1, 2.0))
                piece, body = body[: len(body) // 2], body[len(body) // 2 :]
                yield piece
        if {Way.CUT, Way.SHORT} & ways:
            body = body[: self._random.randrange(len(body) + 1)]
        yield body
        if Way.CUT in ways:
            raise httpx.ReadError("connection lost")
