"""Requests signed with an access key: what does not depend on the cloud."""

import re
from collections.abc import AsyncGenerator, Callable, Generator

import httpx

from exporter.clouds.canonical import as_signed
from exporter.clouds.renewal import RenewedKey
from exporter.credentials import AccessKey, KeySource, abbreviated
from exporter.errors import Reason, SourceError

Stamp = Callable[[httpx.Request, AccessKey, float], None]
"""Puts a cloud's headers and its signature on a request, for a moment in seconds since 1970."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class KeyAuth(httpx.Auth):
    """Signs every request with the key that is valid now.

    The URL is first brought into the spelling that is signed. Nothing is sent twice: a refusal is the
    caller's to read, but a key that can be renewed is then asked for anew.
    """

    def __init__(self, keys: KeySource, stamp: Stamp, now: Callable[[], float]) -> None:
        self._keys = keys
        self._stamp = stamp
        self._now = now
        self._in_use: AccessKey | None = None

    @property
    def expires_at(self) -> float | None:
        """When the key in use ends, in seconds since 1970; None if never or not known yet."""
        return self._in_use.expires_at if self._in_use else None

    @property
    def identity(self) -> str:
        """The id of the key in use, abbreviated; empty until the first request."""
        return abbreviated(self._in_use.id) if self._in_use else ""

    async def fingerprint(self) -> int:
        """Return a number that changes when the key does; raises SourceError(CREDENTIALS)."""
        key = await self._keys()
        return hash((key.id, key.secret, key.security_token))

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign ``request`` and send it once; raises SourceError(CREDENTIALS) where there is no usable key."""
        await request.aread()
        key = await self._keys()
        if key is not self._in_use:
            self._in_use = usable(key)
        request.url = as_signed(request.url)
        self._stamp(request, self._in_use, self._now())
        response = yield request
        if response.is_client_error and isinstance(self._keys, RenewedKey):
            self._keys.renew()  # Alibaba Cloud refuses keys with 400, 403 and 404, and the body is not ours

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Refuse: without this, a client that is not async would send the request unsigned."""
        raise RuntimeError(f"{request.method} {request.url.path}: signed for httpx.AsyncClient only")


def usable(key: AccessKey) -> AccessKey:
    """Return ``key``; raises SourceError(CREDENTIALS) where a header could not carry a part of it."""
    for name, value in (
        ("access key id", key.id),
        ("access key's secret", key.secret.reveal()),
        ("security token", key.security_token.reveal() if key.security_token else None),
    ):
        if value is not None and not _PRINTABLE.fullmatch(value):
            raise SourceError(
                Reason.CREDENTIALS,
                f"the {name} is empty or holds what no key has, such as a space; was it copied whole?",
            )
    return key
