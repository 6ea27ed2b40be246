"""Connections: httpx over aiohttp's connector, one TLS context for all, and failures in our words."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from exporter.errors import Reason, SourceError

KEEP_ALIVE = 330.0
"""Seconds that an idle connection is kept: beyond any usual scrape interval; a new one costs 3 ms of CPU."""
CONNECT_TIMEOUT = 5.0


@lru_cache(maxsize=16)
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the context for a CA file (None: the usual authorities), made once: loading costs 30 ms.

    Raises SourceError(TLS) where the file cannot be read or holds no certificate.
    """
    context = httpx.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as exc:  # ssl.SSLError is one
            raise SourceError(Reason.TLS, f"ca_file {ca_file}: {exc.strerror or exc}") from exc
    return context


def connect(endpoint: str, *, ca_file: Path | None, connections: int, timeout: float) -> httpx.AsyncClient:
    """Return a client of ``endpoint`` that keeps at most so many connections, also between scrapes."""
    context = tls_context(ca_file)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE, ssl=context)
        # No cookies: a request must be what was signed. The environment names the proxy, if there is one.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)

    return httpx.AsyncClient(
        base_url=endpoint,
        transport=AiohttpTransport(verify=context, client=session),
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout), pool=None),
        headers={"accept": "application/json", "user-agent": "datajobs-exporter"},
    )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what libraries raise while ``what`` is asked for into SourceError."""
    try:
        yield
    except httpx.DecodingError as exc:
        raise SourceError(Reason.BAD_RESPONSE, f"{what}: the answer cannot be decompressed") from exc
    except (httpx.HTTPError, aiohttp.ClientError, OSError) as exc:
        raise connection_error(what, exc) from exc


def connection_error(what: str, exc: Exception) -> SourceError:
    """Tell a late answer, a bad certificate, an unknown host and a lost connection apart."""
    cause = exc.__cause__ if isinstance(exc.__cause__, Exception) else exc
    if isinstance(cause, aiohttp.ServerTimeoutError | httpx.TimeoutException):
        return SourceError(Reason.TIMEOUT, f"{what}: no answer in time", retryable=True)
    if isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError):
        return SourceError(
            Reason.TLS,
            f"{what}: TLS failed ({_first_line(cause)}); is the endpoint right, does it need a ca_file?",
        )
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return SourceError(
            Reason.CONNECTION,
            f"{what}: host {cause.host} not found; is the region or the endpoint right?",
            retryable=True,
        )
    return SourceError(Reason.CONNECTION, f"{what}: connection failed ({_first_line(cause)})", retryable=True)


def _first_line(exc: Exception) -> str:
    text = str(exc).strip() or type(exc).__name__
    return text.splitlines()[0][:200]


async def read(response: httpx.Response, limit: int, what: str, *, cut: bool = False) -> bytes:
    """Return the body, decompressed. Beyond ``limit`` bytes it is cut, or SourceError(TOO_LARGE)."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            if cut:
                break
            raise SourceError(Reason.TOO_LARGE, f"{what}: the answer is larger than {limit:,} bytes")
    return bytes(body[:limit])


def date_of(headers: httpx.Headers) -> float | None:
    """Return the Date header in seconds since 1970, None where it is missing or nonsense."""
    return _parsed_date(headers.get("date", ""))


@lru_cache(maxsize=64)
def _parsed_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
