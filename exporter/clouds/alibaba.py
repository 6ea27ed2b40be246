"""How one talks to Alibaba Cloud: requests signed with ACS3-HMAC-SHA256, and what its errors mean.

The scheme is the vendor's "V3 request body and signature mechanism" page.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Iterable

import httpx

from exporter.clouds.alibaba_errors import explain
from exporter.clouds.canonical import header_lines, path_by_segment, sha256, sorted_query
from exporter.clouds.keys import KeyAuth
from exporter.credentials import AccessKey, KeySource

__all__ = ["AlibabaAuth", "canonical_request", "explain", "sign", "signed_names"]

ALGORITHM = "ACS3-HMAC-SHA256"


class AlibabaAuth(KeyAuth):
    """Signs requests to Alibaba Cloud; the caller has set ``x-acs-action`` and ``x-acs-version``."""

    def __init__(self, keys: KeySource, now: Callable[[], float] = time.time) -> None:
        super().__init__(keys, _stamp, now)


def _stamp(request: httpx.Request, key: AccessKey, now: float) -> None:
    # A nonce or date that the cloud has seen is refused, so both are fresh on every attempt.
    request.headers["x-acs-date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    request.headers["x-acs-signature-nonce"] = secrets.token_hex(16)
    request.headers["x-acs-content-sha256"] = sha256(request.content)
    for name in ("x-acs-security-token", "x-acs-accesskey-id"):
        request.headers.pop(name, None)
    if key.security_token is not None:
        request.headers["x-acs-security-token"] = key.security_token.reveal()
        request.headers["x-acs-accesskey-id"] = key.id
    request.headers["Authorization"] = sign(request, key)


def sign(request: httpx.Request, key: AccessKey, names: Iterable[str] | None = None) -> str:
    """Return the Authorization header of ``request`` as it stands, with its date and nonce.

    ``names`` are the headers to sign; without it those that the scheme demands (``signed_names``).
    """
    names = signed_names(request) if names is None else sorted(names)
    text = f"{ALGORITHM}\n{sha256(canonical_request(request, names).encode())}"
    signature = hmac.digest(key.secret.reveal().encode(), text.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={key.id},SignedHeaders={';'.join(names)},Signature={signature}"


def signed_names(request: httpx.Request) -> list[str]:
    """Return the headers that must be signed: host, content-type and all ``x-acs-*`` that there are.

    No others: libraries and proxies change user-agent and accept-encoding on the way.
    """
    present = set(request.headers.keys())
    return sorted(name for name in present if name in {"host", "content-type"} or name.startswith("x-acs-"))


def canonical_request(request: httpx.Request, names: list[str]) -> str:
    """Return the text whose hash is signed."""
    return "\n".join(
        (
            request.method,
            path_by_segment(request.url),
            sorted_query(request.url),
            header_lines(request.headers, names),
            ";".join(names),
            sha256(request.content),
        )
    )
