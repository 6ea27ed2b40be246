"""What the environment says of the way to a host."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.errors import Reason, SourceError
from tests.sockets import Server, page, replying
from tests.transport.asking import SIGNERS, failure, fetched, headers, opened


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    with monkeypatch.context() as context:
        for name, value in values.items():
            context.setenv(name, value)
        yield


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


async def test_the_proxy_gets_the_request_as_it_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_tunnel_is_asked_for_with_the_login_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = replying(page(b"", status="403 Forbidden"), then_close=True)
    async with Server(refusing) as proxy:
        with environment(monkeypatch, https_proxy=f"me:word@127.0.0.1:{proxy.port}"):
            async with opened("https://octopus.example") as http:
                with pytest.raises(SourceError):
                    await fetched(http, auth=SIGNERS[1])
    assert headers(proxy.heads[0]).keys() & {"authorization", "x-security-token"} == set()
    assert headers(proxy.heads[0])["proxy-authorization"] == "Basic bWU6d29yZA=="  # me:word


async def test_a_proxy_may_want_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(replying(page())) as proxy:
        with environment(monkeypatch, http_proxy=f"127.0.0.1:{proxy.port}"):
            async with opened("http://octopus.example") as http:
                await fetched(http)
    assert proxy.targets == ["http://octopus.example/jobs"]
    assert "proxy-authorization" not in headers(proxy.heads[0])


async def test_hosts_that_are_excepted_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(replying(page())) as proxy, Server(replying(page())) as server:
        with environment(monkeypatch, http_proxy=proxy.url, no_proxy="127.0.0.1"):
            async with opened(server.url) as http:
                await fetched(http)
    assert (len(proxy.heads), len(server.heads)) == (0, 1)


async def test_a_proxy_that_wants_another_login_is_no_answer_of_the_cloud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = replying(page(b"", status="407 Proxy Authentication Required"), then_close=True)
    async with Server(refusing) as proxy:
        with environment(monkeypatch, https_proxy=f"http://me:planted@127.0.0.1:{proxy.port}"):
            error = await failure("https://octopus.example")
    assert error.reason is Reason.CONNECTION
    assert proxy.targets == ["octopus.example:443"]
    assert "planted" not in error.message
    assert "407" in error.message


async def test_a_proxy_that_is_not_there_fails_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with environment(monkeypatch, http_proxy=f"http://me:planted@127.0.0.1:{port}"):
        error = await failure("http://octopus.example")
    assert (error.reason, error.retryable) == (Reason.CONNECTION, True)
    assert "planted" not in error.message
