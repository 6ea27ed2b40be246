"""The HTTP client of one source: limits, retries, deadlines, sizes, and errors in our words."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

import httpx
import stamina

from exporter.errors import Reason, SourceError
from exporter.pace import Pace
from exporter.places import Places
from exporter.standing import Standing
from exporter.transport import date_of, read, translated

MAX_PAGE_BYTES = 16 * 2**20
"""A page beyond this is refused: 50 jobs with 14 KB of logs each are under 1 MB."""
MAX_ERROR_BYTES = 64 * 2**10
MAX_ATTEMPTS = 4

# Retries are counted for each source; stamina's own line in the log for each of them would say nothing more.
stamina.instrumentation.set_on_retry_hooks(())

NOTHING = httpx.ByteStream(b"")
"""What a GET sends."""

Explain = Callable[..., SourceError]
"""A cloud's reading of an answer that is not a page: (status, headers, body, what=...) to SourceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET: ``path`` and ``params`` not yet encoded, headers that the API itself needs."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """Name the request in messages, without its parameters."""
        return f"GET {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 200: its body, and the cloud's clock in whole seconds.

    ``date`` is its Date; where it sent none, what its clock must have told when it was asked.
    """

    body: bytes
    date: float | None


@dataclass(slots=True)
class Deadline:
    """When a collection must have ended, in seconds of the event loop's clock; it may be put off."""

    at: float

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.at - asyncio.get_running_loop().time())


@dataclass(slots=True)
class Meter:
    """What was sent: how many requests, those that were sent again included, and how long they took."""

    requests: int = 0
    seconds: float = 0.0

    def count(self, seconds: float) -> None:
        """Count one more."""
        self.requests += 1
        self.seconds += seconds


class Observer(Protocol):
    """Told of everything a client does; our own counters hear it."""

    def requested(self, code: str, seconds: float) -> None:
        """Count an attempt that was answered with a status code (or ``none``)."""

    def failed(self, reason: Reason) -> None:
        """Count an attempt that failed."""

    def retried(self) -> None:
        """Count another attempt at the same request."""

    def throttled(self, seconds: float) -> None:
        """Count the time that the cloud told us to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the sources of the same credentials keep together."""

    places: Places
    pace: Pace


class CloudAuth(Protocol):
    """What a client must know of an ``httpx.Auth`` of ours."""

    @property
    def expires_at(self) -> float | None:
        """When the credential in use ends, in seconds since 1970; None if never or not known."""

    @property
    def identity(self) -> str:
        """Who we are to the cloud; never a secret."""

    async def fingerprint(self) -> int:
        """Return a number that changes when the secret does."""


class Client:
    """Sends the requests of one source.

    Every request waits for one of ``concurrency`` places, until the cloud has accepted the credentials
    once also for the one before it, and then for its turn. Places and pace are its own and, beyond that,
    shared with the others of the same credentials. Throttling slows down both paces.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        auth: httpx.Auth,
        standing: Standing,
        explain: Explain,
        observer: Observer,
        *,
        concurrency: int,
        requests_per_second: float,
        shared: Shared | None = None,
    ) -> None:
        self._http = http
        self._base = str(http.base_url).rstrip("/")
        self._told = [("Host", http.base_url.netloc.decode("ascii")), *http.headers.multi_items()]
        self._headers: dict[tuple[tuple[str, str], ...], httpx.Headers] = {}
        self._limits = http.timeout.as_dict()
        self._auth = auth
        self._standing = standing
        self._explain = explain
        self._observer = observer
        self._places = (shared.places if shared else Places(concurrency)).join(concurrency)
        self._lane = asyncio.Lock()
        self._paces = [Pace(requests_per_second), *([shared.pace] if shared else [])]
        self.concurrency = concurrency
        self.sent = Meter()
        self.answers = 0
        self.skew: float | None = None
        self._dated: tuple[float, float] | None = None

    @property
    def requests(self) -> int:
        """How many requests were sent, those that were sent again included."""
        return self.sent.requests

    @property
    def now(self) -> float:
        """The cloud's clock: what it told last and the time since then, or ours where it told none.

        Ours may be wrong, and be set right at any moment; the event loop's goes on evenly.
        """
        if self._dated is None:
            return time.time()
        date, at = self._dated
        return date + asyncio.get_running_loop().time() - at

    async def aclose(self) -> None:
        """Close the connections, and ask no more."""
        self._places.leave()
        await self._http.aclose()

    async def get(self, request: Request, deadline: Deadline, meter: Meter | None = None) -> Answer:
        """Return the answer to ``request``; retry what may pass by itself while time allows.

        ``meter`` counts what is sent for it. Raises SourceError. The caller ends the call at the deadline;
        here it only bounds the retries.
        """
        try:
            return await self._attempt(request, meter)
        except SourceError as exc:
            return await self._once_more(request, deadline, meter, exc)

    async def _once_more(
        self, request: Request, deadline: Deadline, meter: Meter | None, failure: SourceError
    ) -> Answer:
        """Go on after a first attempt that has failed."""

        def backoff(exc: Exception) -> bool | float:
            if not isinstance(exc, SourceError) or not exc.retryable:
                return False
            if deadline.remaining() <= (exc.retry_after or 0.0):
                return False
            return True if exc.retry_after is None else exc.retry_after

        attempts = stamina.retry_context(
            on=backoff,
            attempts=MAX_ATTEMPTS,
            timeout=None,  # the deadline may be put off meanwhile
            wait_initial=0.2,
            wait_max=3.0,
            wait_jitter=0.3,
        )
        clock = asyncio.get_running_loop().time
        throttled_at = clock() if failure.reason is Reason.THROTTLED else None
        async for attempt in attempts:
            with attempt:
                if attempt.num == 1:
                    raise failure
                self._observer.retried()
                if throttled_at is not None:
                    self._observer.throttled(clock() - throttled_at)
                try:
                    return await self._attempt(request, meter)
                except SourceError as exc:
                    throttled_at = clock() if exc.reason is Reason.THROTTLED else None
                    raise
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    async def _attempt(self, request: Request, meter: Meter | None) -> Answer:
        # The turn comes last: what waits for a place or for the first answer must not begin in a crowd.
        async with self._places, self._standing.admit(self._turn, self._lane):
            sending = _Sending()
            try:
                return await self._send(request, sending)
            except SourceError as exc:
                if sending.is_sent:
                    self._observer.failed(exc.reason)
                    exc.counted = True
                if exc.reason is Reason.THROTTLED:
                    for pace in self._paces:
                        pace.slow_down()
                raise
            finally:
                if sending.is_sent:
                    seconds = time.perf_counter() - sending.began
                    self.sent.count(seconds)
                    if meter is not None:
                        meter.count(seconds)
                    self._observer.requested(sending.code, seconds)

    async def _turn(self) -> None:
        for pace in self._paces:
            await pace.turn()

    async def _send(self, request: Request, sending: "_Sending") -> Answer:
        message, asked_at = self._message(request), math.floor(self.now)
        with translated(request.what):
            try:
                response = await self._http.send(message, auth=self._auth, stream=True)
                try:
                    sending.code = str(response.status_code)
                    return await self._answer(response, request.what, asked_at)
                finally:
                    await response.aclose()
            except SourceError:
                # In our words already and without an answer: there was no key or no login to send it with.
                sending.is_sent = sending.code != "none"
                raise
            except httpx.RequestError as exc:
                # What did not come back may have been the login for it.
                sending.is_sent = sending.code != "none" or exc.request is message
                raise

    def _message(self, request: Request) -> httpx.Request:
        """Return what is sent: all that httpx would find out for each request alike is given."""
        message = httpx.Request(
            "GET",
            url_of(self._base, request.path, request.params),
            headers=self._headers_of(tuple(request.headers.items())),
            extensions={"timeout": self._limits},
            stream=NOTHING,
        )
        message.headers.encoding = "utf-8"
        message.read()
        return message

    def _headers_of(self, own: tuple[tuple[str, str], ...]) -> httpx.Headers:
        """Return the headers of requests with these of their own, of which a source has few."""
        if own not in self._headers:
            self._headers[own] = httpx.Headers([*self._told, *own])
        return self._headers[own]

    async def _answer(self, response: httpx.Response, what: str, asked_at: float) -> Answer:
        date = date_of(response.headers)
        self._note_clock(date)
        if response.status_code != httpx.codes.OK:
            body = await read(response, MAX_ERROR_BYTES, what, cut=True)
            raise self._explain(response.status_code, response.headers, body, what=what)
        body = await read(response, MAX_PAGE_BYTES, what)
        answer = Answer(body=body, date=asked_at if date is None else date)
        self.answers += 1
        return answer

    def _note_clock(self, date: float | None) -> None:
        """Remember how far our clock is ahead; the header tells whole seconds, half of one is the middle."""
        if date is not None:
            self.skew = time.time() - (date + 0.5)
            self._dated = date, asyncio.get_running_loop().time()


@lru_cache(maxsize=2048)
def url_of(base: str, path: str, params: tuple[tuple[str, str], ...]) -> httpx.URL:
    """Return a URL in the spelling that is signed.

    The same ones are asked for in every scrape, and to take one to pieces is dear.
    """
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(params))
    return httpx.URL(f"{base}{quote(path, safe='/~')}{'?' if query else ''}{query}")


@dataclass(slots=True)
class _Sending:
    """What became of one attempt: the status code, if there was an answer, and whether it was sent at all."""

    began: float = field(default_factory=time.perf_counter)
    code: str = "none"
    is_sent: bool = True
