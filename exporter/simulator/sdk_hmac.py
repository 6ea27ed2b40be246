"""Huawei Cloud's signature SDK-HMAC-SHA256, as the receiving end checks it.

Source: the "API Request Signing Guide".
"""

import hmac
from hashlib import sha256

from exporter.simulator import wire
from exporter.simulator.wire import Request

ALGORITHM = "SDK-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


def canonical_request(request: Request, signed: list[str]) -> str:
    """Return what the client must have hashed, from what it sent. Only here, the path ends in a slash."""
    path = wire.canonical_path(request.raw_path)
    open_payload = request.header("x-sdk-content-sha256") == UNSIGNED_PAYLOAD
    return "\n".join(
        (
            request.method,
            path if path.endswith("/") else f"{path}/",
            wire.canonical_query(request.raw_query),
            wire.canonical_headers(request, signed),
            ";".join(signed),
            UNSIGNED_PAYLOAD if open_payload else wire.payload_hash(request.body),
        )
    )


def string_to_sign(canonical: str, date: str) -> str:
    """Return the text that is signed."""
    return f"{ALGORITHM}\n{date}\n{sha256(canonical.encode()).hexdigest()}"


def signature(secret: str, canonical: str, date: str) -> str:
    """Return the signature in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), string_to_sign(canonical, date).encode(), sha256).hexdigest()
