"""What the server refuses, what it tells browsers, and how little slow and idle clients can hold."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.web.connection import Connection, Idle, connections, most_connections
from exporter.web.guard import Guard
from exporter.web.server import LONGEST_HEAD, listen, serving, settings
from exporter.web.webconfig import read
from tests.planting import HASH
from tests.web.served import served, until

PLANTED = [
    ("GET", "/", 200),
    ("GET", "/metrics?source=octopus", 200),
    ("GET", "/probe?target=octopus", 200),
    ("GET", "/sd", 200),
    ("GET", "/-/healthy", 200),
    ("GET", "/-/ready", 200),
    ("HEAD", "/", 200),
    ("GET", "/nothing", 404),
    ("GET", "/probe", 400),
    ("GET", "/probe?target=", 400),
    ("GET", "/probe?target=octopus&target=dataarts", 400),
    ("GET", "/probe?target=http://cloud.test/", 404),
    ("GET", "/probe?target=..%2Foctopus", 404),
    ("GET", "/probe?target=octopus%0d%0aSet-Cookie:%20a", 404),
    ("GET", "/probe?target=%ff%00", 404),
    ("GET", "/metrics?source=%ed%a0%80", 400),
    ("GET", "//metrics", 404),
    ("GET", "/../metrics", 404),
    ("GET", "/%2e%2e/metrics", 404),
    ("GET", "/..%2f..%2fetc/passwd", 404),
    ("GET", "/metrics%00", 404),
    ("GET", "/metrics/../sd", 404),
    ("GET", "http://elsewhere.test/metrics", 404),
    ("OPTIONS", "*", 404),
    ("CONNECT", "elsewhere.test:443", 404),
    *[
        (method, path, 405)
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW")
        for path in ("/", "/metrics", "/probe", "/sd", "/-/healthy", "/-/ready")
    ],
]


async def answer(port: int, request: bytes) -> bytes:
    """Return all that the server says to a request, until it closes or cuts the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(method: str, target: str, *headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: exporter", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def listening(folder: Path, *, web: str = "") -> AsyncIterator[int]:
    """Serve the pages on a port, behind a web configuration if there is one."""
    async with served(folder) as exporter:
        app = exporter.app
        if web:
            path = folder / "web.yaml"
            path.write_text(web)
            config = read(path)
            app = Guard(app, lambda: config)  # type: ignore[assignment]  # an application, too
        [socket] = listen(["127.0.0.1:0"])
        async with serving(app, [socket], exporter.scraper.aclose, patience=0.2):
            yield socket.getsockname()[1]


async def test_every_answer_tells_browsers_what_it_is(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        for method, target, status in PLANTED:
            head, _, body = (await answer(port, request(method, target))).partition(b"\r\n\r\n")
            assert int(head.split()[1]) == status, (method, target)
            lines = [line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:]]
            told = {line[0].decode(): line[1].decode() for line in lines}
            policy = told.pop("content-security-policy")
            assert policy.startswith("default-src 'none'")
            assert (
                told.items()
                >= {
                    "x-content-type-options": "nosniff",
                    "x-frame-options": "deny",
                    "referrer-policy": "no-referrer",
                }.items()
            )
            assert "set-cookie" not in told
            assert b"Traceback" not in body


async def test_nothing_is_told_without_a_password_and_that_is_hardened_too(tmp_path: Path) -> None:
    paths = "/ /metrics /probe /sd /config /-/healthy /-/ready /no /-/reload /-/quit // /metrics/ /%2e/sd"
    async with listening(tmp_path, web=f"basic_auth_users: {{a: '{HASH}'}}") as port:
        for path in paths.split():
            for method in ("GET", "POST", "HEAD", "BREW"):
                found = await answer(port, request(method, path))
                assert found.startswith(b"HTTP/1.1 401 "), (method, path)
                assert b"nosniff" in found
                assert found.endswith((b"\r\n\r\n", b"\r\n\r\nUnauthorized\n"))


async def test_headers_of_the_web_configuration_come_before_ours(tmp_path: Path) -> None:
    web = "http_server_config: {headers: {X-Frame-Options: sameorigin}}"
    async with listening(tmp_path, web=web) as port:
        found = (await answer(port, request("GET", "/-/healthy"))).lower()
    assert found.count(b"x-frame-options") == 1
    assert b"x-frame-options: sameorigin" in found


NONSENSE: Sequence[bytes] = [
    b"\x16\x03\x01\x02\x00\x01",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # without a host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n continued\x00\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000,
]


async def test_what_is_no_http_is_answered_with_400_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with listening(tmp_path) as port:
        for nonsense in NONSENSE:
            found = await answer(port, nonsense)
            # The connection of one who is still sending is cut: the answer may be lost with it.
            assert found.startswith(b"HTTP/1.1 400 ") or (not found and len(nonsense) > LONGEST_HEAD), (
                nonsense
            )
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert lines[0].startswith("answered 400 to 127.0.0.1, which sent no HTTP")


@pytest.mark.parametrize(
    "before",
    [
        b"HEAD /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_nonsense_after_a_request_is_no_bug_of_ours(
    tmp_path: Path, before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(tmp_path) as port:
        found = await answer(port, before + b"\0" * 80 + b"\r\n\r\n")
        assert found.count(b"HTTP/1.1 400 ") == 1
        assert found.endswith(b"Invalid HTTP request received.\n")
        assert (await answer(port, request("GET", "/-/healthy"))).endswith(b"healthy\n")
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


async def test_requests_in_a_row_are_answered_in_their_order(tmp_path: Path) -> None:
    first = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
    async with listening(tmp_path) as port:
        found = await answer(port, first * 50 + request("GET", "/-/ready"))
    assert found.count(b"HTTP/1.1 200 OK") == 51
    assert found.endswith(b"datajobs-exporter is ready\n")


async def test_a_wish_for_another_protocol_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wish = request("GET", "/-/healthy", "Upgrade: websocket").replace(b"close", b"upgrade, close")
    async with listening(tmp_path) as port:
        assert (await answer(port, wish)).startswith(b"HTTP/1.1 200 OK")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@asynccontextmanager
async def patient(folder: Path, idle: Idle) -> AsyncIterator[tuple[int, set[Connection]]]:
    """Serve the pages with these bounds; yield the port and the connections that there are."""
    async with served(folder) as exporter:
        config = settings(exporter.app)
        config.load()
        [socket] = listen(["127.0.0.1:0"])
        from uvicorn.server import ServerState

        state = ServerState()
        kind = connections(idle=idle)
        server = await asyncio.get_running_loop().create_server(
            lambda: kind(config=config, server_state=state, app_state={}), sock=socket
        )
        try:
            yield socket.getsockname()[1], state.connections  # type: ignore[misc]
        finally:
            server.close()
            for one in list(state.connections):
                one.transport.abort()
            await until(lambda: not state.connections)


SLOW: Sequence[bytes] = [
    b"",
    b"\r\n",
    b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nX: ",
    b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\nGET /",
    b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
    b"POST /-/healthy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
]


@pytest.mark.parametrize("begun", SLOW)
async def test_a_request_that_does_not_come_to_its_end_is_cut(tmp_path: Path, begun: bytes) -> None:
    async with patient(tmp_path, Idle(patience=0.2)) as (port, open_connections):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        await until(lambda: bool(open_connections))
        await until(lambda: not open_connections)
        writer.close()
        del reader


async def test_a_request_that_comes_byte_by_byte_is_cut_as_well(tmp_path: Path) -> None:
    async with patient(tmp_path, Idle(patience=0.3)) as (port, open_connections):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: bool(open_connections))
        async with asyncio.timeout(20):
            while open_connections:
                writer.write(b"X")
                await asyncio.sleep(0.01)
        writer.close()


async def test_a_connection_is_kept_between_whole_requests(tmp_path: Path) -> None:
    async with patient(tmp_path, Idle(patience=0.2)) as (port, open_connections):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ask = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(2):
            writer.write(ask)
            async with asyncio.timeout(20):
                await reader.readuntil(b"healthy\n")
            await asyncio.sleep(0.5)  # longer than a request may take to come
        assert len(open_connections) == 1
        writer.close()


async def test_of_too_many_connections_those_go_that_were_idle_for_longest(tmp_path: Path) -> None:
    async with patient(tmp_path, Idle(patience=60, most=50)) as (port, open_connections):
        writers = []
        for _ in range(400):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
        await until(lambda: len(open_connections) <= 51)
        found = await answer(port, request("GET", "/-/healthy"))
        assert found.endswith(b"datajobs-exporter is healthy\n")
        for writer in writers:
            writer.close()


def test_connections_leave_files_for_the_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, most in ((1024, 512), (65_536, 1000), (resource.RLIM_INFINITY, 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert most_connections() == most
