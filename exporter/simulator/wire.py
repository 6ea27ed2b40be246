"""A request as it came over the wire, and the pieces of it that signatures are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent. Path and query are raw, names of headers in lower case, in the order they came."""

    method: str
    raw_path: str
    raw_query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    path: Mapping[str, str] = field(default_factory=dict)
    """The decoded parts of the path, by name."""

    def header(self, name: str) -> str | None:
        """Return the first header of that (lower-case) name."""
        return next((value for known, value in self.headers if known == name), None)

    def header_values(self, name: str) -> list[str]:
        """Return the trimmed values of all headers of that (lower-case) name."""
        return [value.strip() for known, value in self.headers if known == name]

    def query(self) -> list[tuple[str, str]]:
        """Return the decoded parameters in the order they came. A plus sign is a plus sign."""
        pairs = (part.partition("=") for part in self.raw_query.split("&") if part)
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def canonical_path(raw_path: str) -> str:
    """Return the path with every segment decoded and strictly encoded again."""
    return "/".join(_strict(segment) for segment in raw_path.split("/")) or "/"


def canonical_query(raw_query: str) -> str:
    """Return the parameters strictly encoded, sorted by name and then by value."""
    pairs = (part.partition("=") for part in raw_query.split("&") if part)
    encoded = sorted((_strict(name), _strict(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_headers(request: Request, signed: list[str]) -> str:
    """Return a line for each signed header, values trimmed, repeated ones sorted and joined."""
    return "".join(f"{name}:{','.join(sorted(request.header_values(name)))}\n" for name in signed)


def payload_hash(body: bytes) -> str:
    """Return the SHA-256 of a body in lower-case hexadecimal digits."""
    return sha256(body).hexdigest()


def credentials(authorization: str, algorithm: str) -> dict[str, str] | None:
    """Take apart ``ALGORITHM Name=value,Name=value``; None if it is something else."""
    scheme, _, rest = authorization.partition(" ")
    if scheme != algorithm:
        return None
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, equals, value in pairs if equals}


def _strict(text: str) -> str:
    """Percent-encode all but letters, digits and ``-._~``, whatever was encoded before."""
    return quote(unquote_to_bytes(text), safe="-._~")


def _decoded(text: str) -> str:
    """Return the text behind the percent signs."""
    return unquote_to_bytes(text).decode("utf-8", "replace")
