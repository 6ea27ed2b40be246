"""Alibaba Cloud's signature ACS3-HMAC-SHA256, as the receiving end checks it.

Source: the page "V3 request body and signature mechanism".
"""

import hmac
from hashlib import sha256

from exporter.simulator import wire
from exporter.simulator.wire import Request

ALGORITHM = "ACS3-HMAC-SHA256"


def canonical_request(request: Request, signed: list[str], payload: str) -> str:
    """Return what the client must have hashed, from what it sent."""
    return "\n".join(
        (
            request.method,
            wire.canonical_path(request.raw_path),
            wire.canonical_query(request.raw_query),
            wire.canonical_headers(request, signed),
            ";".join(signed),
            payload,
        )
    )


def string_to_sign(canonical: str) -> str:
    """Return the text that is signed."""
    return f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"


def signature(secret: str, canonical: str) -> str:
    """Return the signature in lower-case hexadecimal digits."""
    return hmac.new(secret.encode(), string_to_sign(canonical).encode(), sha256).hexdigest()


def unsigned(request: Request, signed: list[str]) -> list[str]:
    """Return the headers that had to be signed and are not: host, content-type, every x-acs-* there is."""
    present = {name for name, _ in request.headers}
    demanded = {"host"} | {name for name in present if name == "content-type" or name.startswith("x-acs-")}
    return sorted(demanded - set(signed))
