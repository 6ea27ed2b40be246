"""What the tests of IAM's tokens share: a clock, a password, and answers as IAM gives them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.credentials import Secret

NOW = 1714550950.0  # 2024-05-01T08:09:10Z
DAY = 86_400.0
IAM = "https://iam.cn-north-4.myhuaweicloud.com"
JOBS = "https://dayu-dlf.cn-north-4.myhuaweicloud.com/v1/p/jobs"
PASSWORD = 'planted "Pass€word'


@dataclass
class Clock:
    """A clock to turn by hand."""

    at: float = NOW

    def __call__(self) -> float:
        return self.at


@dataclass
class Vault:
    """Where the password is kept."""

    text: str = PASSWORD

    async def __call__(self) -> Secret:
        await asyncio.sleep(0)
        return Secret(self.text)


def auth_of(
    clock: Callable[[], float] | None = None, vault: Vault | None = None, iam: str = IAM
) -> HuaweiTokenAuth:
    login = PasswordLogin(username="metrics", domain="acme", password=vault or Vault())
    return HuaweiTokenAuth(login, iam, "p", clock or Clock())


def timestamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.701000Z")


def login_answer(
    token: str, expires_at: float = NOW + DAY, *, date: str = "", cookie: str = ""
) -> httpx.Response:
    life = {"issued_at": timestamp(NOW), "expires_at": timestamp(expires_at), "user": {"name": "metrics"}}
    headers = {"X-Subject-Token": token, "Date": date, "Set-Cookie": cookie}
    told = {name: value for name, value in headers.items() if value}
    return httpx.Response(201, json={"token": life}, headers=told)


Flow = AsyncGenerator[httpx.Request, httpx.Response]


async def begun(auth: HuaweiTokenAuth, request: httpx.Request | None = None) -> tuple[Flow, httpx.Request]:
    flow = auth.async_auth_flow(request or httpx.Request("GET", JOBS))
    return flow, await anext(flow)


async def ended(flow: Flow, response: httpx.Response) -> bool:
    """Give the flow its last response, and tell whether it took it for the last."""
    try:
        await flow.asend(response)
    except StopAsyncIteration:
        return True
    return False


async def logged_in(auth: HuaweiTokenAuth, token: str = "T1", **answer: Any) -> None:
    flow, _ = await begun(auth)
    await flow.asend(login_answer(token, **answer))
    assert await ended(flow, httpx.Response(200))


def refusal(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "message": message, "title": "T"}})


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces and notes what became of it."""

    def __init__(self, chunks: Iterable[bytes], failure: Exception | None = None) -> None:
        self.chunks = iter(chunks)
        self.failure = failure
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.read += 1
            yield chunk
        if self.failure:
            raise self.failure

    async def aclose(self) -> None:
        self.closed = True
