"""Connections: httpx over aiohttp's connector, one TLS context for all, and failures in our words."""

import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions
from yarl import URL

from exporter.credentials import Secret
from exporter.errors import Reason, SourceError

KEEP_ALIVE = 330.0
"""Seconds that an idle connection is kept: beyond any usual scrape interval; a new one costs 3 ms of CPU."""
CONNECT_TIMEOUT = 5.0


def digest_of(file: Path | None) -> bytes:
    """Return what is different when a file says something else; empty where there is none to read."""
    try:
        return b"" if file is None else blake2b(file.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the context for a CA file (None: the usual authorities), made once: loading costs 30 ms.

    Raises SourceError(TLS) where the file cannot be read or holds no certificate.
    """
    return _tls_context(ca_file, digest_of(ca_file))


@lru_cache(maxsize=16)
def _tls_context(ca_file: Path | None, _: bytes) -> ssl.SSLContext:
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
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    try:
        address = httpx.URL(endpoint)
    except httpx.InvalidURL as exc:
        raise SourceError(Reason.CONNECTION, f"endpoint {endpoint}: {exc}") from exc
    return Direct(
        base_url=address,
        transport=Transport(session),
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout), pool=None),
        headers={"accept": "application/json", "user-agent": "datajobs-exporter"},
    )


class Direct(httpx.AsyncClient):
    """Sends a request by its transport, signed, and that is all.

    No cookies: one would be sent with requests that were signed without it. No redirects, hooks and proxies
    of httpx either; to be ready for them is a good part of what its own ``send`` costs with every request.
    """

    def __init__(
        self,
        *,
        base_url: httpx.URL,
        transport: httpx.AsyncBaseTransport,
        timeout: httpx.Timeout,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(base_url=base_url, transport=transport, timeout=timeout, headers=headers)
        self._way_out = transport

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = None,
        follow_redirects: Any = False,  # noqa: ARG002 - none are followed
    ) -> httpx.Response:
        """Send a request through the flow of ``auth``."""
        flow = (auth if isinstance(auth, httpx.Auth) else httpx.Auth()).async_auth_flow(request)
        try:
            response = await self._sent(await anext(flow))
            while (following := await self._after(flow, response)) is not None:
                response = await self._sent(following)
        finally:
            await flow.aclose()
        if not stream:
            await response.aread()
        return response

    async def _after(
        self, flow: AsyncGenerator[httpx.Request, httpx.Response], response: httpx.Response
    ) -> httpx.Request | None:
        """Return what the flow sends after an answer, which is closed then; None where it is the last."""
        try:
            following = await flow.asend(response)
        except StopAsyncIteration:
            return None
        except BaseException:
            await response.aclose()
            raise
        await response.aclose()
        return following

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._way_out.handle_async_request(request)
        except httpx.RequestError as exc:
            exc.request = request
            raise
        except aiohttp.ClientResponseError as exc:  # of these aiohttp's own words quote the answer
            raise httpx.RemoteProtocolError("not HTTP", request=request) from exc


class Transport(httpx.AsyncBaseTransport):
    """Requests over aiohttp, through the proxy that the environment names.

    That of ``httpx_aiohttp`` lets aiohttp respell an address, which has been signed as it is. aiohttp's own
    look at the environment (trust_env) searches a netrc file with every request, whose login would then
    stand against our signature.
    """

    def __init__(self, session: Callable[[], aiohttp.ClientSession]) -> None:
        self._make_session = session
        self._session: aiohttp.ClientSession | None = None
        self._ways: dict[tuple[str, str], Way] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read by the caller."""
        if self._session is None:
            self._session = self._make_session()  # not before there is an event loop
        limits = request.extensions.get("timeout", {})
        way = self._way(request.url)
        with map_aiohttp_exceptions():
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[*request.headers.multi_items(), *way.headers],
                data=await request.aread() or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=timeout_of(limits.get("pool"), limits.get("connect"), limits.get("read")),
                proxy=way.proxy,
                proxy_headers=way.proxy_headers,
            )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=Body(response),
            request=request,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _way(self, url: httpx.URL) -> "Way":
        key = (url.scheme, url.host)
        if key not in self._ways:
            self._ways[key] = way_to(url)
        return self._ways[key]


class Body(AiohttpResponseStream):
    """The body of an answer; in pieces or, for what is not to be unpacked, up to a limit."""

    async def beginning(self, limit: int) -> bytearray:
        """Return the body, or where it is longer than ``limit`` some more of it than that."""
        body, content = bytearray(), self._aiohttp_response.content
        with map_aiohttp_exceptions():
            while len(body) <= limit and (piece := await content.readany()):
                body += piece
        return body


@lru_cache(maxsize=64)
def timeout_of(pool: float | None, connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    """Return the limits of a request, in seconds."""
    return aiohttp.ClientTimeout(connect=pool, sock_connect=connect, sock_read=read)


class Way(NamedTuple):
    """How a host is reached: directly, or by a proxy, with a login for it in one place or the other."""

    proxy: URL | None = None
    headers: Sequence[tuple[str, str]] = ()
    proxy_headers: Mapping[str, str] | None = None
    secrets: Sequence[Secret] = ()
    """The password and the login, so that they are taken out of what a proxy sends back."""


def way_to(url: httpx.URL) -> Way:
    """Return the way that the environment names (``https_proxy``, ``no_proxy`` and so on)."""
    named = None if proxy_bypass(url.host) else getproxies().get(url.scheme)
    if not named:
        return Way()
    proxy = URL(named if "://" in named else f"http://{named}")
    if proxy.user is None:
        return Way(proxy)
    login = b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    header = ("Proxy-Authorization", f"Basic {login}")
    secrets = (Secret(proxy.password or ""), Secret(login))
    proxy = proxy.with_user(None)
    # Within TLS only the request for the tunnel is the proxy's to read.
    if url.scheme == "https":
        return Way(proxy, proxy_headers=dict([header]), secrets=secrets)
    return Way(proxy, headers=[header], secrets=secrets)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what libraries raise while ``what`` is asked for into SourceError."""
    try:
        yield
    except httpx.DecodingError as exc:
        raise SourceError(Reason.BAD_RESPONSE, f"{what}: the answer cannot be decompressed") from exc
    except (httpx.HTTPError, aiohttp.ClientError, OSError, UnicodeError) as exc:  # the last of a host's name
        raise connection_error(what, exc) from exc


def connection_error(what: str, exc: Exception) -> SourceError:
    """Tell a late answer, a bad certificate, an unknown host and a lost connection apart."""
    what, cures = _asked(exc, what)  # what failed may have been the login for it
    reason, found = _kind_of(exc.__cause__ if isinstance(exc.__cause__, Exception) else exc)
    cure = NO_TLS if found == _WITHOUT_TLS else cures.get(reason)
    return SourceError(
        reason, f"{what}: {found}", retryable=reason is not Reason.TLS, cures=(cure,) if cure else ()
    )


def _kind_of(cause: Exception) -> tuple[Reason, str]:
    """Return the reason of a failure, and what was found."""
    match cause:
        case aiohttp.ClientPayloadError():
            found = "the answer was cut off"
        case aiohttp.ServerTimeoutError() | httpx.TimeoutException():
            return Reason.TIMEOUT, "no answer in time"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Reason.TLS, _tls_failure(cause)
        case aiohttp.ClientConnectorDNSError():
            found = f"host {cause.host} not found"
        case aiohttp.ClientResponseError() if not isinstance(cause, aiohttp.ClientHttpProxyError):
            found = "the answer is not HTTP, or its head is too large"
        case _:
            found = f"connection failed ({_first_line(cause)})"
    return Reason.CONNECTION, found


def _tls_failure(cause: Exception) -> str:
    is_plain = any(words in str(cause) for words in _NOT_TLS)
    return _WITHOUT_TLS if is_plain else f"TLS failed ({_first_line(cause)})"


_NOT_TLS = ("WRONG_VERSION_NUMBER", "wrong version number", "record layer failure", "HTTP_REQUEST")
_WITHOUT_TLS = "the other side does not speak TLS"
NO_TLS = (
    "The host answers without TLS: write the address with http:// if that is meant, or name the port that "
    "speaks TLS."
)


def _asked(exc: Exception, what: str) -> tuple[str, Mapping[Reason, str]]:
    """Name the request that failed, where httpx knows it, and what it says itself of what to do then."""
    request = getattr(exc, "_request", None)
    if not isinstance(request, httpx.Request):
        return what, {}
    named = request.extensions.get("what", f"{request.method} {request.url.path}")
    return named, request.extensions.get("cures", {})


def _first_line(exc: Exception) -> str:
    text = str(exc).strip() or type(exc).__name__
    return text.splitlines()[0].replace(" ssl:default", "")[:200]


async def read(response: httpx.Response, limit: int, what: str, *, cut: bool = False) -> bytes:
    """Return the body, decompressed. Beyond ``limit`` bytes it is cut, or SourceError(TOO_LARGE)."""
    encoding = response.headers.get("content-encoding", "")
    if "," in encoding:
        # Each layer can unpack to a thousand times its size, before a byte of it is counted here.
        raise SourceError(Reason.BAD_RESPONSE, f"{what}: the answer is compressed more than once")
    # Where there is nothing to unpack, what httpx does with each piece would change nothing.
    if not encoding and isinstance(response.stream, Body):
        body = await response.stream.beginning(limit)
    else:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > limit:
                break
    if len(body) > limit and not cut:
        raise SourceError(Reason.TOO_LARGE, f"{what}: the answer is larger than {limit:,} bytes")
    return bytes(body[:limit])


EARLIEST = 1_009_843_200.0
"""The beginning of 2002: a clock that tells less was never set."""


def date_of(headers: httpx.Headers) -> float | None:
    """Return the Date header in seconds since 1970, None where it is missing or nonsense."""
    return moment_of(headers.get("date", ""))


@lru_cache(maxsize=64)
def moment_of(text: str) -> float | None:
    """Return a date of HTTP in seconds since 1970, None where it is nonsense."""
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # the parser lets all of them through
        return None
    return seconds if seconds >= EARLIEST else None
