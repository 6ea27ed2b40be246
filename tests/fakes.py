"""What stands in for a cloud and for those who listen, without sockets."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx
import msgspec
import pytest

from exporter.apis import APIS
from exporter.apis.api import Api
from exporter.client import Client, Deadline, Observer, Request, Shared
from exporter.clouds.login import EXPLAIN
from exporter.config import Source as Settings
from exporter.credentials import AlibabaKeys, FixedSecret, Secret
from exporter.errors import Reason, SourceError
from exporter.source import Source
from exporter.standing import Standing
from tests.turned import now

ENDPOINT = "https://cloud.test"
Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


@dataclass
class Recorder:
    """An observer that remembers what it was told."""

    codes: list[str] = field(default_factory=list)
    failures: list[Reason] = field(default_factory=list)
    retries: int = 0
    waits: list[float] = field(default_factory=list)

    def requested(self, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.codes.append(code)

    def failed(self, reason: Reason) -> None:
        self.failures.append(reason)

    def retried(self) -> None:
        self.retries += 1

    def throttled(self, seconds: float) -> None:
        self.waits.append(seconds)


class Unsigned(httpx.Auth):
    """Lets every request pass as it is."""

    expires_at: float | None = None
    identity = "nobody"

    async def fingerprint(self) -> int:
        return 1


@dataclass
class Crowd:
    """Notes when requests begin and how many are under way at once."""

    begun: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def __enter__(self) -> None:
        self.begun.append(now())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def __exit__(self, *_: object) -> None:
        self.at_once -= 1


def a_client(
    handler: Handler,
    observer: Observer | None = None,
    *,
    auth: httpx.Auth | None = None,
    standing: Standing | None = None,
    cloud: str = "huawei",
    concurrency: int = 16,
    rate: float = 1e6,
    shared: Shared | None = None,
) -> Client:
    """Return a client whose requests go to ``handler``."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url=ENDPOINT)
    return Client(
        http,
        auth or Unsigned(),
        standing or Standing(Unsigned().fingerprint, clock=now),
        EXPLAIN[cloud],
        observer or Recorder(),
        concurrency=concurrency,
        requests_per_second=rate,
        shared=shared,
    )


def the_settings(api: str, options: msgspec.Struct, **changes: Any) -> Settings:
    """Return the settings of a source with a name like its API's."""
    secret = FixedSecret(Secret("secret"))
    known: dict[str, Any] = {
        "name": api,
        "api": api,
        "cloud": APIS[api].cloud,
        "region": "nowhere",
        "endpoint": None,
        "ca_file": None,
        "credentials_name": "keys",
        "credentials": AlibabaKeys(access_key_id=secret, access_key_secret=secret),
        "options": options,
        "requests_per_second": 1e6,
    }
    return Settings(**(known | changes))


def a_source(
    settings: Settings, handler: Handler, observer: Observer | None = None, api: Api | None = None
) -> Source:
    """Return a source whose requests go to ``handler``; ``api`` may be another than that of the settings."""
    client = a_client(
        handler,
        observer,
        cloud=settings.cloud,
        concurrency=settings.concurrency,
        rate=settings.requests_per_second,
    )
    return Source(settings, api or APIS[settings.api], client, Unsigned())


JOBS = Request(path="/v1/p/jobs", params=(("limit", "100"), ("offset", "0")), headers={"workspace": "w1"})
OK = httpx.Response(200, content=b"{}")


async def failure(client: Client, deadline: Deadline | None = None) -> SourceError:
    """Ask for jobs once; return how it fails."""
    with pytest.raises(SourceError) as caught:
        await client.get(JOBS, deadline or within(60))
    return caught.value


def within(seconds: float) -> Deadline:
    """Return the deadline so many seconds from now."""
    return Deadline(now() + seconds)


def answers(*responses: httpx.Response | Exception, each_takes: float = 0.0) -> Handler:
    """Return a handler that gives these one after the other, the last one for ever."""
    left = list(responses)

    async def handler(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(each_takes)
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return response

    return handler


def dated(seconds: float) -> dict[str, str]:
    """Return the Date header of a moment."""
    return {"date": formatdate(seconds, usegmt=True)}
