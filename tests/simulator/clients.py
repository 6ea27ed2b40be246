"""Ways to talk to the simulated clouds. Signatures are made by the vendors' own libraries, never by ours."""

import itertools
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from alibabacloud_tea_openapi.utils import Utils
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from starlette.applications import Starlette

from exporter.simulator import identities
from exporter.simulator.app import build
from exporter.simulator.identities import DemoKey
from exporter.simulator.settings import Settings
from exporter.simulator.world import World

HOST = "clouds.example"
NOW = 1_700_000_000.0
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ACTIONS = {"datasetjobs": "ListDatasetJobs", "datasets": "ListDatasets", "workspaces": "ListWorkspaces"}

Query = Mapping[str, str | int | Sequence[str]]


class Clock:
    """A clock that is turned by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def query_string(query: Query) -> str:
    """Encode strictly, arrays as repeated names."""
    return urlencode(dict(query), doseq=True, quote_via=quote, safe="~")


class Clouds:
    """The simulated clouds in this process, and a clock for them."""

    def __init__(self, world: World | None = None, settings: Settings | None = None) -> None:
        self.clock = Clock()
        self.settings = settings or Settings()
        self.settings.clock = self.clock
        self.app: Starlette = build(world or World(), self.settings)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=f"http://{HOST}",
            headers={"accept": "application/json"},
        )
        self._nonces = itertools.count()

    async def __aenter__(self) -> "Clouds":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def pai(
        self,
        path: str,
        query: Query | None = None,
        *,
        key: DemoKey = identities.DEMO_ALIBABA_KEY,
        nonce: str | None = None,
        date: float | None = None,
        add_unsigned: Mapping[str, str] | None = None,
        leave_unsigned: Sequence[str] = (),
        change: Mapping[str, str] | None = None,
        sent_query: str | None = None,
    ) -> httpx.Response:
        """GET from PAI, signed by the library; the rest says what is spoilt after or before signing."""
        texts = {name: str(value) for name, value in (query or {}).items()}
        headers = alibaba_headers(
            key,
            path,
            texts,
            moment=self.clock.now if date is None else date,
            nonce=nonce or f"nonce-{next(self._nonces)}",
            change=change or {},
            leave_unsigned=leave_unsigned,
        )
        headers |= add_unsigned or {}
        raw = query_string(texts) if sent_query is None else sent_query
        return await self.http.get(f"{path}?{raw}" if raw else path, headers=headers)

    async def huawei(
        self,
        path: str,
        query: Query | None = None,
        *,
        key: DemoKey = identities.DEMO_HUAWEI_KEY,
        headers: Mapping[str, str] | None = None,
        date: float | None = None,
        add_unsigned: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """GET from Huawei, signed by the library."""
        uri, signed = huawei_headers(
            key, path, query or {}, moment=self.clock.now if date is None else date, headers=headers or {}
        )
        return await self.http.get(uri, headers=signed | dict(add_unsigned or {}))

    async def login(self, *, password: str | None = None, scope: object | None = None) -> httpx.Response:
        """Ask IAM for a token with the scope of Octopus' project, if no other is given."""
        user = identities.DEMO_HUAWEI_USER
        claimed = {
            "name": user.name,
            "password": password or user.password,
            "domain": {"name": user.domain},
        }
        wanted = scope or {"project": {"id": identities.OCTOPUS_PROJECT}}
        auth = {"identity": {"methods": ["password"], "password": {"user": claimed}}, "scope": wanted}
        return await self.http.post("/v3/auth/tokens?nocatalog=true", json={"auth": auth})


def alibaba_headers(
    key: DemoKey,
    path: str,
    query: Mapping[str, str],
    *,
    moment: float,
    nonce: str,
    change: Mapping[str, str],
    leave_unsigned: Sequence[str] = (),
) -> dict[str, str]:
    """Return the headers of a signed GET."""
    headers = {
        "host": HOST,
        "x-acs-action": ACTIONS[path.rsplit("/", 1)[-1]],
        "x-acs-version": "2021-02-04",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": EMPTY_HASH,
    }
    if key.security_token is not None:
        headers |= {"x-acs-security-token": key.security_token, "x-acs-accesskey-id": key.id}
    headers |= change
    signed = {name: value for name, value in headers.items() if name not in leave_unsigned}
    request = SimpleNamespace(method="GET", pathname=path, query=dict(query), headers=signed)
    authorization = Utils.get_authorization(request, "ACS3-HMAC-SHA256", EMPTY_HASH, key.id, key.secret)
    return headers | {"authorization": authorization}


def huawei_headers(
    key: DemoKey, path: str, query: Query, *, moment: float, headers: Mapping[str, str], host: str = HOST
) -> tuple[str, dict[str, str]]:
    """Return path with query, and the headers, of a signed GET."""
    told: dict[str, Any] = {
        "X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment)),
        "Host": host,
        **headers,
    }
    if key.security_token is not None:
        told["X-Security-Token"] = key.security_token
    pairs = [
        (name, str(value))
        for name, several in query.items()
        for value in (several if isinstance(several, list | tuple) else [several])
    ]
    request = SdkRequest("GET", "http", host, path, path, pairs, told, "")
    signed = Signer(SimpleNamespace(ak=key.id, sk=key.secret)).sign(request)
    return signed.uri, dict(signed.header_params)


OCTOPUS = f"/v1.0/{identities.OCTOPUS_PROJECT}/data"
DATAARTS = f"/v1/{identities.DATAARTS_PROJECT}"
TOLD_PROJECT = {"X-Project-Id": identities.DATAARTS_PROJECT}
