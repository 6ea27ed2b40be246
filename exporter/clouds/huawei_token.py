"""Huawei Cloud with the password of an IAM user: a token is fetched, shared and renewed."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import httpx

from exporter.clouds.huawei_errors import of_login
from exporter.clouds.iam import Token, login_request, read_login
from exporter.credentials import Secret
from exporter.errors import Reason, SourceError

log = logging.getLogger(__name__)

MAX_LOGIN_BYTES = 2**20
RENEWAL_PAUSE = 60.0
"""Seconds between attempts to renew a token that is still good."""

Outcome = asyncio.Future[Token | SourceError | None]
"""How a login ended: a token, a failure, or None where it was given up half-way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLogin:
    """An IAM user; ``domain`` is the account's name. The password is asked for at every login."""

    username: str
    domain: str
    password: Callable[[], Awaitable[Secret]]


class HuaweiTokenAuth(httpx.Auth):
    """Sends ``X-Auth-Token``, logging in where there is no token, near its end, and after a 401.

    However many requests need a token, one of them logs in and the others wait for it; they share its
    failure too, for a user is locked after a few bad passwords. A token that is being renewed early serves
    on meanwhile. A request that is answered with 401 is sent again once, with a token that is not the refused
    one; the second answer is final.
    """

    def __init__(
        self,
        login: PasswordLogin,
        iam_endpoint: str,
        project_id: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._login = login
        self._url = f"{iam_endpoint.rstrip('/')}/v3/auth/tokens"
        self._project_id = project_id
        self._now = now
        self._token: Token | None = None
        self._outcome: Outcome | None = None

    @property
    def expires_at(self) -> float | None:
        """When the token in use ends, in seconds since 1970; None while there is none."""
        return self._token.expires_at if self._token else None

    @property
    def identity(self) -> str:
        """The user and its account."""
        return f"{self._login.username}@{self._login.domain}"

    async def fingerprint(self) -> int:
        """Return a number that changes when the password does; raises SourceError(CREDENTIALS)."""
        return hash((self.identity, await self._login.password()))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Refuse: without this, a client that is not async would send the request without a token."""
        raise RuntimeError(f"{request.method} {request.url.path}: tokens are for httpx.AsyncClient only")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send ``request`` with a token; raises SourceError where IAM gives none."""
        request.headers.pop("cookie", None)  # set by IAM at a login, no business of the list APIs
        for is_repetition in (False, True):
            token = self._fresh()
            while token is None:
                if self._outcome is not None:
                    token = await _followed(self._outcome) or self._fresh()
                    continue
                with self._leading() as outcome:
                    self._put_off(RENEWAL_PAUSE)
                    password = await self._login.password()
                    token = await self._accept((yield self._ask(request, password)), password)
                    outcome.set_result(token)
            request.headers["X-Auth-Token"] = token.value.reveal()
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED or is_repetition:
                return
            self._drop(token)
            await _discard(response)

    def _fresh(self) -> Token | None:
        """Return the token unless it is missing or due for renewal."""
        return self._token if self._token and self._now() < self._token.renew_at else None

    @contextmanager
    def _leading(self) -> Iterator[Outcome]:
        """Let those who need a token meanwhile follow this login, and tell them how it ended."""
        outcome: Outcome = asyncio.get_running_loop().create_future()
        self._outcome = outcome
        try:
            yield outcome
        except SourceError as exc:
            outcome.set_result(exc)
            raise
        finally:
            self._outcome = None
            if not outcome.done():
                outcome.set_result(None)

    def _put_off(self, pause: float) -> None:
        """Let a token that is still good serve for ``pause`` seconds without an attempt to renew it."""
        if self._token is not None:
            renew_at = min(self._now() + pause, self._token.ends_at)
            self._token = replace(self._token, renew_at=renew_at)

    def _ask(self, request: httpx.Request, password: Secret) -> httpx.Request:
        login = login_request(
            self._url,
            username=self._login.username,
            domain=self._login.domain,
            password=password,
            project_id=self._project_id,
        )
        login.extensions.update(timeout=request.extensions.get("timeout", {}))
        return login

    async def _accept(self, response: httpx.Response, password: Secret) -> Token:
        what = f"POST {self._url}"
        try:
            await _read(response, what)
            self._token = read_login(response, what=what, password=password, now=self._now())
        except SourceError as exc:
            return self._old_token(exc if exc.cures else of_login(exc))
        return self._token

    def _old_token(self, failure: SourceError) -> Token:
        """Return the token that could not be renewed, while it lasts; then raise ``failure``."""
        if self._token is None or self._now() >= self._token.ends_at:
            raise failure
        # After a refusal no further attempt until the end: a few bad passwords lock the user.
        self._put_off(RENEWAL_PAUSE if failure.retryable else math.inf)
        left = self._token.ends_at - self._now()
        log.warning("token of %s not renewed, good for another %.0f s: %s", self.identity, left, failure)
        return self._token

    def _drop(self, refused: Token) -> None:
        """Forget the refused token, unless another request has already fetched a newer one."""
        if self._token is not None and self._token.value == refused.value:
            self._token = None


async def _followed(outcome: Outcome) -> Token | None:
    """Return the token of another request's login, None where it was given up; raises its failure."""
    result = await asyncio.shield(outcome)
    if isinstance(result, SourceError):
        raise _again(result)
    return result


def _again(failure: SourceError) -> SourceError:
    """Return a copy: one exception raised in many tasks would gather all their tracebacks."""
    again = failure.copy()
    again.counted = False
    return again


async def _read(response: httpx.Response, what: str) -> None:
    """Read the body, at most ``MAX_LOGIN_BYTES``: httpx would read any answer to an auth flow to its end."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise SourceError(Reason.CREDENTIALS, f"{what}: the answer is compressed, which was not asked for")
    response.stream = _Capped(cast("httpx.AsyncByteStream", response.stream), what)
    try:
        await response.aread()
    except httpx.TimeoutException as exc:
        raise SourceError(Reason.TIMEOUT, f"{what}: no whole answer in time", retryable=True) from exc
    except httpx.TransportError as exc:
        raise SourceError(Reason.CONNECTION, f"{what}: connection lost", retryable=True) from exc


async def _discard(response: httpx.Response) -> None:
    """Close the body unread and leave an empty one: httpx will read it, without a bound."""
    unread = cast("httpx.AsyncByteStream", response.stream)
    response.stream = httpx.ByteStream(b"")
    response.headers.pop("content-encoding", None)
    await unread.aclose()


class _Capped(httpx.AsyncByteStream):
    """A body that may not be larger than a login's answer can be."""

    def __init__(self, stream: httpx.AsyncByteStream, what: str) -> None:
        self._stream = stream
        self._what = what

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_LOGIN_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise SourceError(
                    Reason.CREDENTIALS, f"{self._what}: the answer is larger than {MAX_LOGIN_BYTES:,} bytes"
                )
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
