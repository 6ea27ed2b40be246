"""On real sockets, all on loopback."""

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.client import MAX_PAGE_BYTES
from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.credentials import AccessKey, Secret
from exporter.errors import Reason, SourceError
from exporter.transport import connect, connection_error, date_of, read, tls_context, translated
from tests.sockets import Authority, Server, page, replying

WHAT = "GET /jobs"


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    with monkeypatch.context() as context:
        for name, value in values.items():
            context.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's environment says."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


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


async def key() -> AccessKey:
    return AccessKey(id="AKID", secret=Secret("secret"), security_token=Secret("token//+=="))


SIGNERS = [AlibabaAuth(key), HuaweiKeyAuth(key, "p")]
PATHS = [
    "/v1/0c70905de3/jobs",
    "/api/v1/datasets/d-abc/datasetjobs",
    "/v1/a b/%41%2F+*~:@!$&'(),;=",
    '/v1/é日/"<>^`{|}',
    "/v1//a/./b/../c",
    "/",
]
QUERIES: list[list[tuple[str, str]]] = [
    [],
    [("limit", "200"), ("offset", "0")],
    [("a b", "c*d~e+f/g%h&i=j"), ("é", "日"), ("empty", ""), ("t", "a:b@c!$'(),;?[]{}|\"<>^`\\")],
    [("job_types", "B"), ("job_types", "A")],
]


@pytest.mark.parametrize("auth", SIGNERS, ids=["alibaba", "huawei"])
@pytest.mark.parametrize("path", PATHS)
async def test_what_goes_over_the_wire_is_what_was_signed(path: str, auth: httpx.Auth) -> None:
    async with Server(replying(page())) as server, opened(server.url) as http:
        for query in QUERIES:
            response, _ = await fetched(http, path, query, auth)
            assert server.targets[-1] == response.request.url.raw_path.decode()
            lines = headers(server.heads[-1])
            assert lines["host"] == f"127.0.0.1:{server.port}"
            for name in ("authorization", "x-acs-content-sha256", "x-sdk-date", "x-security-token"):
                assert lines.get(name) == response.request.headers.get(name)


async def test_a_request_asks_for_json_and_says_who_asks() -> None:
    async with Server(replying(page())) as server, opened(server.url) as http:
        await fetched(http)
    lines = headers(server.heads[0])
    assert (lines["accept"], lines["user-agent"]) == ("application/json", "datajobs-exporter")
    assert "content-length" not in lines


async def test_a_connection_serves_again_and_again() -> None:
    async with Server(replying(page())) as server, opened(server.url) as http:
        for _ in range(20):
            await fetched(http)
        assert (len(server.heads), server.connections) == (20, 1)


async def test_there_are_no_more_connections_than_allowed() -> None:
    async with Server(replying(0.02, page())) as server, opened(server.url, connections=3) as http:
        await asyncio.gather(*(fetched(http) for _ in range(12)))
        assert (len(server.heads), server.connections) == (12, 3)


async def test_a_connection_that_the_server_closed_between_scrapes_is_no_failure() -> None:
    async with Server(replying(page(), then_close=True)) as server, opened(server.url) as http:
        for _ in range(3):
            _, body = await fetched(http)
            assert body == b"{}"
        assert server.connections == 3


async def test_a_connection_is_not_used_again_after_half_an_answer() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10
    async with Server(replying(half, 30.0)) as server, opened(server.url, timeout=0.1) as http:
        for _ in range(2):
            with pytest.raises(SourceError):
                await fetched(http)
        assert server.connections == 2


async def test_a_refused_connection_may_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await failure(f"http://127.0.0.1:{port}")
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert error.message.startswith(f"GET /jobs: connection failed (Cannot connect to host 127.0.0.1:{port}")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"HTTP/1.1 200 OK\r\nContent-",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo",),
    ],
    ids=["before the answer", "in the headers", "in the body", "in a chunk"],
)
@pytest.mark.parametrize("then", ["abort", "close"])
async def test_a_connection_that_is_lost_may_pass(parts: tuple[bytes, ...], then: str) -> None:
    reply = replying(*parts, then_abort=then == "abort", then_close=then == "close")
    async with Server(reply) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert error.message.startswith("GET /jobs: connection failed (")


async def test_what_is_not_http_fails_the_connection() -> None:
    async with Server(replying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", then_close=True)) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)


async def test_a_host_that_does_not_exist_is_named() -> None:
    error = await failure("https://octopus.cn-nowhere.invalid")
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert error.message == (
        "GET /jobs: host octopus.cn-nowhere.invalid not found; is the region or the endpoint right?"
    )


@pytest.mark.parametrize("parts", [(30.0,), (page(b"x" * 100)[:-50], 30.0)], ids=["silent", "in the body"])
async def test_a_server_that_goes_silent_is_late(parts: tuple[bytes | float, ...]) -> None:
    async with Server(replying(*parts)) as server:
        error = await failure(server.url, late=0.1)
    assert (error.reason, error.retryable) == (Reason.TIMEOUT, True)
    assert error.message == "GET /jobs: no answer in time"


async def test_a_host_that_does_not_take_the_connection_is_late() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        error = await failure(f"http://127.0.0.1:{full.getsockname()[1]}", late=0.1)
        for one in waiting:
            one.close()
    assert (error.reason, error.retryable) == (Reason.TIMEOUT, True)


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    async def test_a_certificate_of_the_named_authority_is_accepted(self, authority: Authority) -> None:
        async with (
            Server(replying(page()), authority.context("127.0.0.1")) as server,
            opened(server.url, ca_file=authority.file) as http,
        ):
            _, body = await fetched(http)
        assert body == b"{}"

    async def test_an_unknown_authority_is_not(self, authority: Authority, tmp_path: Path) -> None:
        async with Server(replying(page()), authority.context("127.0.0.1")) as server:
            errors = [
                await failure(server.url),
                await failure(server.url, ca_file=Authority(tmp_path, "another").file),
            ]
        assert {(error.reason, error.retryable) for error in errors} == {(Reason.TLS, False)}
        assert all("ca_file" in error.message for error in errors)
        assert all("certificate verify failed" in error.message for error in errors)

    async def test_nor_is_a_certificate_of_another_name(self, authority: Authority) -> None:
        async with Server(replying(page()), authority.context("octopus.example")) as server:
            error = await failure(server.url, ca_file=authority.file)
        assert (error.reason, error.retryable) == (Reason.TLS, False)
        assert "127.0.0.1" in error.message

    async def test_a_server_that_speaks_no_tls_is_told(self, authority: Authority) -> None:
        async with Server(replying(), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
            error = await failure(server.url.replace("http:", "https:"), ca_file=authority.file)
        assert (error.reason, error.retryable) == (Reason.TLS, False)

    def test_a_context_is_made_once(self, authority: Authority) -> None:
        assert tls_context(authority.file) is tls_context(authority.file)
        assert tls_context(None) is tls_context(None)

    def test_verification_is_on(self, authority: Authority) -> None:
        for context in (tls_context(None), tls_context(authority.file)):
            assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)

    @pytest.mark.parametrize("content", [None, b"", b"nonsense"], ids=["missing", "empty", "nonsense"])
    def test_an_unusable_file_is_named(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SourceError) as caught:
            tls_context(path)
        assert caught.value.reason is Reason.TLS
        assert caught.value.message.startswith(f"ca_file {path}: ")


async def test_a_packed_answer_is_unpacked() -> None:
    for coding, packed in (("gzip", gzip.compress(b"[1]")), ("deflate", zlib.compress(b"[1]"))):
        async with (
            Server(replying(page(packed, f"Content-Encoding: {coding}"))) as server,
            opened(server.url) as http,
        ):
            _, body = await fetched(http)
        assert body == b"[1]"


@pytest.mark.parametrize(
    "body", [b"{}", gzip.compress(b"x" * 99)[:5] + b"\xff" * 20], ids=["plain", "broken"]
)
async def test_an_answer_that_lies_about_being_packed_is_bad(body: bytes) -> None:
    async with Server(replying(page(body, "Content-Encoding: gzip"))) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.BAD_RESPONSE, False)
    assert error.message == "GET /jobs: the answer cannot be decompressed"


LARGE = MAX_PAGE_BYTES + 1
BOMB = gzip.compress(b"\0" * (4 * MAX_PAGE_BYTES), 9)


@pytest.mark.parametrize(
    "answer",
    [page(b" " * LARGE), page(BOMB, "Content-Encoding: gzip")],
    ids=["plain", "packed"],
)
async def test_an_answer_that_is_too_large_is_refused(answer: bytes) -> None:
    async with Server(replying(answer)) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.TOO_LARGE, False)
    assert error.message == "GET /jobs: the answer is larger than 16,777,216 bytes"


async def test_an_answer_that_is_packed_twice_is_refused_before_it_is_unpacked() -> None:
    """Each layer may unpack to a thousand times its size."""
    async with Server(replying(page(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"))) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.BAD_RESPONSE, False)


@pytest.mark.parametrize("location", ["/elsewhere", "http://127.0.0.1:1/", "http://[", "", "\u00e9"])
async def test_a_redirect_is_not_followed(location: str) -> None:
    answer = page(b"", f"Location: {location}", status="302 Found")
    async with Server(replying(answer)) as server, opened(server.url) as http:
        response, _ = await fetched(http)
        assert response.status_code == 302
        assert server.targets == ["/jobs"]


async def test_cookies_are_not_kept() -> None:
    answer = page(b"{}", "Set-Cookie: session=abc; Path=/", "Set-Cookie: other=def")
    async with Server(replying(answer)) as server, opened(server.url) as http:
        for _ in range(3):
            await fetched(http)
        assert all(b"cookie" not in head.lower() for head in server.heads)


async def test_a_login_in_a_netrc_file_does_not_replace_the_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password planted\n")
    with environment(monkeypatch, NETRC=str(netrc)):
        async with Server(replying(page())) as server, opened(server.url) as http:
            await fetched(http, auth=SIGNERS[1])
            await fetched(http)
    signed, plain = server.heads
    assert b"SDK-HMAC-SHA256" in signed
    assert "authorization" not in headers(plain)


class TestProxy:
    """What the environment says of proxies holds for every host that is asked."""

    async def test_the_proxy_gets_the_request_as_it_was_signed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with Server(replying(page())) as proxy:
            with environment(monkeypatch, http_proxy=f"http://me:pass%40word@127.0.0.1:{proxy.port}"):
                async with opened("http://octopus.example") as http:
                    response, _ = await fetched(http, "/v1/a%3Ab", [("t", "a:b")], SIGNERS[1])
        assert proxy.targets == ["http://octopus.example/v1/a%3Ab?t=a%3Ab"]
        assert response.request.url.raw_path == b"/v1/a%3Ab?t=a%3Ab"
        lines = headers(proxy.heads[0])
        assert lines["host"] == "octopus.example"
        assert lines["proxy-authorization"] == "Basic bWU6cGFzc0B3b3Jk"  # me:pass@word
        assert lines["authorization"] == response.request.headers["authorization"]

    async def test_a_tunnel_is_asked_for_with_the_login_and_nothing_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refusing = replying(page(b"", status="403 Forbidden"), then_close=True)
        async with Server(refusing) as proxy:
            with environment(monkeypatch, https_proxy=f"me:word@127.0.0.1:{proxy.port}"):
                async with opened("https://octopus.example") as http:
                    with pytest.raises(SourceError):
                        await fetched(http, auth=SIGNERS[1])
        assert headers(proxy.heads[0]).keys() & {"authorization", "x-security-token"} == set()
        assert headers(proxy.heads[0])["proxy-authorization"] == "Basic bWU6d29yZA=="  # me:word

    async def test_a_proxy_may_want_no_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with Server(replying(page())) as proxy:
            with environment(monkeypatch, http_proxy=f"127.0.0.1:{proxy.port}"):
                async with opened("http://octopus.example") as http:
                    await fetched(http)
        assert proxy.targets == ["http://octopus.example/jobs"]
        assert "proxy-authorization" not in headers(proxy.heads[0])

    async def test_hosts_that_are_excepted_are_asked_directly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with Server(replying(page())) as proxy, Server(replying(page())) as server:
            with environment(monkeypatch, http_proxy=proxy.url, no_proxy="127.0.0.1"):
                async with opened(server.url) as http:
                    await fetched(http)
        assert (len(proxy.heads), len(server.heads)) == (0, 1)

    async def test_a_proxy_that_wants_another_login_is_no_answer_of_the_cloud(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refusing = replying(page(b"", status="407 Proxy Authentication Required"), then_close=True)
        async with Server(refusing) as proxy:
            with environment(monkeypatch, https_proxy=f"http://me:planted@127.0.0.1:{proxy.port}"):
                error = await failure("https://octopus.example")
        assert error.reason is Reason.CONNECTION
        assert proxy.targets == ["octopus.example:443"]
        assert "planted" not in error.message
        assert "407" in error.message

    async def test_a_proxy_that_is_not_there_fails_the_connection(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with environment(monkeypatch, http_proxy=f"http://me:planted@127.0.0.1:{port}"):
            error = await failure("http://octopus.example")
        assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
        assert "planted" not in error.message


async def test_a_login_over_real_sockets_is_one_more_request() -> None:
    async def password() -> Secret:
        return Secret("planted")

    body = b'{"token": {"expires_at": "2999-01-01T00:00:00.000000Z"}}'
    login = page(body, "X-Subject-Token: token-1", "Set-Cookie: J_SESSION=x", status="201 Created")

    async def reply(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(login if head.startswith(b"POST") else page())

    async with Server(reply) as server, opened(server.url) as http:
        who = PasswordLogin(username="me", domain="us", password=password)
        auth = HuaweiTokenAuth(who, server.url, "p")
        for _ in range(3):
            await fetched(http, auth=auth)
    assert [head.split(b" ")[0] for head in server.heads] == [b"POST", b"GET", b"GET", b"GET"]
    assert all(b"x-auth-token: token-1\r\n" in head.lower() for head in server.heads[1:])
    assert all(b"cookie" not in head.lower() for head in server.heads)


async def test_a_client_that_was_never_used_is_closed_without_ado() -> None:
    await opened("http://127.0.0.1:9").aclose()


@pytest.mark.parametrize(
    ("exc", "reason"),
    [
        (aiohttp.ServerTimeoutError(), Reason.TIMEOUT),
        (httpx.ReadTimeout(""), Reason.TIMEOUT),
        (ssl.SSLError(1, "handshake"), Reason.TLS),
        (ConnectionResetError(), Reason.CONNECTION),
        (aiohttp.ServerDisconnectedError(), Reason.CONNECTION),
        (httpx.RemoteProtocolError("first line\nsecond line " + "x" * 500), Reason.CONNECTION),
    ],
    ids=repr,
)
def test_failures_are_put_into_our_words_in_one_short_line(exc: Exception, reason: Reason) -> None:
    error = connection_error(WHAT, exc)
    assert error.reason is reason
    assert "\n" not in error.message
    assert len(error.message) < 350


def test_the_cause_of_a_failure_is_kept() -> None:
    with pytest.raises(SourceError) as caught, translated(WHAT):
        raise ConnectionResetError
    assert isinstance(caught.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Wed, 01 May 2024 08:09:10 GMT", 1714550950.0),
        ("Wed, 01 May 2024 08:09:10 -0000", 1714550950.0),
        ("Wed, 01 May 2024 08:09:10", 1714550950.0),
        ("Wed, 01 May 2024 10:09:10 +0200", 1714550950.0),
        ("Wednesday", None),
        ("Wed, 99 May 2024 08:09:10 GMT", None),
        ("Wed, 01 May 2024 08:09:10 +99999999999999999999", None),
        ("", None),
    ],
)
def test_a_date_is_read_by_utc_or_not_at_all(
    text: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert date_of(httpx.Headers({"date": text})) == seconds


def test_no_date_is_no_clock() -> None:
    assert date_of(httpx.Headers()) is None


@given(
    st.text(st.characters(codec="ascii"), max_size=40)
    | st.from_regex(r"\w{0,4},? ?-?\d+ \w+ -?\d+ [\d:]+ \S*")
)
@example(", , , , ,")
def test_no_text_for_a_date_does_any_harm(text: str) -> None:
    moment = date_of(httpx.Headers([(b"date", text.encode())]))
    assert moment is None or moment == moment  # noqa: PLR0124 - not NaN
