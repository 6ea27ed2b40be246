"""On real sockets, all on loopback."""

import asyncio
import gzip
import socket
import ssl
import zlib

import aiohttp
import httpx
import pytest

from exporter.client import MAX_PAGE_BYTES
from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.credentials import Secret
from exporter.errors import Reason, SourceError
from exporter.transport import connect, connection_error, translated
from tests.sockets import Server, page, replying
from tests.transport.asking import SIGNERS, WHAT, failure, fetched, headers, opened

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
    assert error.message.startswith(("GET /jobs: connection failed (", "GET /jobs: the answer was cut off"))


async def test_what_is_not_http_fails_the_connection() -> None:
    async with Server(replying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", then_close=True)) as server:
        error = await failure(server.url)
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert error.message == "GET /jobs: the answer is not HTTP, or its head is too large"


async def test_a_host_that_does_not_exist_is_named() -> None:
    error = await failure("https://octopus.cn-nowhere.invalid")
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert error.message == "GET /jobs: host octopus.cn-nowhere.invalid not found"


async def test_a_name_that_cannot_be_a_hosts_fails_the_connection() -> None:
    error = await failure("https://a..b.invalid")
    assert error.reason is Reason.CONNECTION
    assert "label empty or too long" in error.message


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


def test_an_endpoint_that_no_address_can_be_is_named() -> None:
    with pytest.raises(SourceError, match=r"endpoint https://256\.256\.256\.256: "):
        connect("https://256.256.256.256", ca_file=None, connections=1, timeout=1.0)
