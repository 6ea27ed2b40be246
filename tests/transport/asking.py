"""What the tests of connections share: a way to ask as the client does, and keys to sign with."""

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from exporter.client import MAX_PAGE_BYTES
from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.credentials import AccessKey, Secret
from exporter.errors import SourceError
from exporter.transport import connect, read, translated

WHAT = "GET /jobs"


async def key() -> AccessKey:
    return AccessKey(id="AKID", secret=Secret("secret"), security_token=Secret("token//+=="))


SIGNERS = [AlibabaAuth(key), HuaweiKeyAuth(key, "p")]


def opened(
    url: str, *, ca_file: Path | None = None, timeout: float = 5.0, connections: int = 4
) -> httpx.AsyncClient:
    return connect(url, ca_file=ca_file, connections=connections, timeout=timeout)


async def fetched(
    http: httpx.AsyncClient,
    path: str = "/jobs",
    params: Sequence[tuple[str, str]] = (),
    auth: httpx.Auth | None = None,
) -> tuple[httpx.Response, bytes]:
    """Ask as the client does; return the answer and its body."""
    message = http.build_request("GET", path, params=list(params))
    with translated(WHAT):
        response = await http.send(message, auth=auth, stream=True, follow_redirects=False)
        try:
            return response, await read(response, MAX_PAGE_BYTES, WHAT)
        finally:
            await response.aclose()


def headers(head: bytes) -> dict[str, str]:
    """Return the headers of a request as they came over the wire."""
    lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:] if line]
    assert len(lines) == len({name.lower() for name, _, _ in lines})
    return {name.lower(): value for name, _, value in lines}


async def failure(url: str, *, ca_file: Path | None = None, late: float = 5.0) -> SourceError:
    """Ask once; return how it fails."""
    async with opened(url, ca_file=ca_file, timeout=late) as http:
        with pytest.raises(SourceError) as caught:
            await fetched(http)
    return caught.value
