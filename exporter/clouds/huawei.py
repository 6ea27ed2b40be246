"""How one talks to Huawei Cloud with an access key: SDK-HMAC-SHA256, and what its errors mean.

The scheme is the vendor's "AK/SK signing and authentication algorithm" page.
"""

import hmac
import time
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from urllib.parse import unquote_to_bytes

import httpx

from exporter.clouds.canonical import encode, header_lines, raw_path, sha256, sorted_query
from exporter.clouds.huawei_errors import explain
from exporter.clouds.keys import KeyAuth
from exporter.credentials import AccessKey, KeySource

__all__ = ["HuaweiKeyAuth", "canonical_request", "explain", "sign", "signed_names"]

ALGORITHM = "SDK-HMAC-SHA256"
SIGNED = ("content-type", "host", "workspace", "x-project-id", "x-sdk-date", "x-security-token")


class HuaweiKeyAuth(KeyAuth):
    """Signs requests to Huawei Cloud.

    ``project_id`` is sent as X-Project-Id, without which DataArts may answer that a workspace does not exist.
    """

    def __init__(self, keys: KeySource, project_id: str | None, now: Callable[[], float] = time.time) -> None:
        super().__init__(keys, partial(_stamp, project_id=project_id), now)


def _stamp(request: httpx.Request, key: AccessKey, now: float, *, project_id: str | None) -> None:
    request.headers["X-Sdk-Date"] = _date(int(now))
    if project_id is not None:
        request.headers["X-Project-Id"] = project_id
    if key.security_token is None:
        if "X-Security-Token" in request.headers:
            del request.headers["X-Security-Token"]
    else:
        request.headers["X-Security-Token"] = key.security_token.reveal()
    request.headers["Authorization"] = sign(request, key)


@lru_cache(maxsize=4)
def _date(now: int) -> str:
    """Return a moment as the scheme wants it: the requests of a second have the same."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def sign(request: httpx.Request, key: AccessKey, names: Iterable[str] | None = None) -> str:
    """Return the Authorization header of ``request`` as it stands, with its X-Sdk-Date.

    ``names`` are the headers to sign; without it those of ``SIGNED`` that the request has.
    """
    names = signed_names(request) if names is None else sorted(names)
    digest = sha256(canonical_request(request, names).encode())
    text = f"{ALGORITHM}\n{request.headers['x-sdk-date']}\n{digest}"
    signature = hmac.digest(key.secret.reveal().encode(), text.encode(), "sha256").hex()
    return f"{ALGORITHM} Access={key.id}, SignedHeaders={';'.join(names)}, Signature={signature}"


def signed_names(request: httpx.Request) -> list[str]:
    """Return the headers to sign: not user-agent and the like, which change on the way."""
    return [name for name in SIGNED if name in request.headers]


def canonical_request(request: httpx.Request, names: list[str]) -> str:
    """Return the text whose hash is signed."""
    return "\n".join(
        (
            request.method,
            _canonical_path(request.url),
            sorted_query(request.url),
            header_lines(request.headers, names),
            ";".join(names),
            sha256(request.content),
        )
    )


def _canonical_path(url: httpx.URL) -> str:
    """Return the path decoded, encoded anew and ended by a slash, which the path on the wire is not.

    The whole is decoded before it is split, as in the vendor's signer: an encoded slash becomes a plain one.
    """
    path = "/".join(encode(segment) for segment in unquote_to_bytes(raw_path(url)).split(b"/"))
    return path if path.endswith("/") else f"{path}/"
