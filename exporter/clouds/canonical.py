"""The one spelling of a URL that a signature covers; both clouds build it in the same way."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

import httpx


@lru_cache(maxsize=1024)
def encode(text: bytes) -> str:
    """Percent-encode all but letters, digits and ``-._~`` (RFC 3986's unreserved characters)."""
    return quote_from_bytes(text, safe="~")


def raw_path(url: httpx.URL) -> bytes:
    """Return the path as it goes over the wire, without the query."""
    return url.raw_path.partition(b"?")[0]


def path_by_segment(url: httpx.URL) -> str:
    """Return the path with every segment encoded anew; an encoded slash stays part of its segment."""
    return _respelt(raw_path(url))


@lru_cache(maxsize=256)
def _respelt(path: bytes) -> str:
    return "/".join([encode(unquote_to_bytes(segment)) for segment in path.split(b"/")])


def query_pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """Return the decoded names and values of a query; ``+`` reads as a space, for so httpx writes one."""
    pairs = (part.partition(b"=") for part in query.replace(b"+", b" ").split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def sorted_query(url: httpx.URL) -> str:
    """Return the query with names and values encoded anew, sorted by name, then by value."""
    return _sorted(url.query)


@lru_cache(maxsize=2048)
def _sorted(query: bytes) -> str:
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in sorted(query_pairs(query))])


def as_signed(url: httpx.URL) -> httpx.URL:
    """Return the same URL in the spelling that is signed, so that no server can read it in another way."""
    query = sorted_query(url)
    signed = f"{path_by_segment(url)}{'?' if query else ''}{query}".encode()
    return url if signed == url.raw_path else url.copy_with(raw_path=signed)


def header_lines(headers: httpx.Headers, names: Iterable[str]) -> str:
    """Return ``name:value`` lines, each ended; the values of a repeated header are sorted and joined."""
    values: dict[str, list[str]] = {}
    for name, value in headers.multi_items():
        values.setdefault(name, []).append(value.strip())
    return "".join([f"{name}:{','.join(sorted(values.get(name, ())))}\n" for name in names])


def sha256(content: bytes) -> str:
    """Return the hash in lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
