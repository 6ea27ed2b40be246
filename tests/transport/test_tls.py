import ssl
from pathlib import Path

import pytest

from exporter.apis import APIS
from exporter.errors import Reason, SourceError
from exporter.transport import NO_TLS, tls_context
from tests.sockets import Authority, Server, page, replying
from tests.transport.asking import failure, fetched, opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_certificate_of_the_named_authority_is_accepted(authority: Authority) -> None:
    async with (
        Server(replying(page()), authority.context("127.0.0.1")) as server,
        opened(server.url, ca_file=authority.file) as http,
    ):
        _, body = await fetched(http)
    assert body == b"{}"


async def test_an_unknown_authority_is_not(authority: Authority, tmp_path: Path) -> None:
    async with Server(replying(page()), authority.context("127.0.0.1")) as server:
        errors = [
            await failure(server.url),
            await failure(server.url, ca_file=Authority(tmp_path, "another").file),
        ]
    assert {(error.reason, error.retryable) for error in errors} == {(Reason.TLS, False)}
    assert all("ca_file" in APIS["dataarts_jobs"].advice(error)[0] for error in errors)
    assert all("certificate verify failed" in error.message for error in errors)


async def test_nor_is_a_certificate_of_another_name(authority: Authority) -> None:
    async with Server(replying(page()), authority.context("octopus.example")) as server:
        error = await failure(server.url, ca_file=authority.file)
    assert (error.reason, error.retryable) == (Reason.TLS, False)
    assert "127.0.0.1" in error.message


async def test_a_server_that_speaks_no_tls_is_told(authority: Authority) -> None:
    async with Server(replying(), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = await failure(server.url.replace("http:", "https:"), ca_file=authority.file)
    assert (error.reason, error.message) == (Reason.TLS, "GET /jobs: the other side does not speak TLS")
    assert error.cures == (NO_TLS,)
    assert (error.reason, error.retryable) == (Reason.TLS, False)


def test_a_context_is_made_once(authority: Authority) -> None:
    assert tls_context(authority.file) is tls_context(authority.file)
    assert tls_context(None) is tls_context(None)


def test_a_file_that_says_something_else_makes_another_context(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "one"), Authority(tmp_path, "other")
    before, kept = tls_context(authority.file), tls_context(other.file)
    authority.file.write_bytes(authority.file.read_bytes())
    assert tls_context(authority.file) is before
    authority.file.write_bytes(other.file.read_bytes())
    assert tls_context(authority.file) is not before
    assert tls_context(other.file) is kept


def test_verification_is_on(authority: Authority) -> None:
    for context in (tls_context(None), tls_context(authority.file)):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("content", [None, b"", b"nonsense"], ids=["missing", "empty", "nonsense"])
def test_an_unusable_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        tls_context(path)
    assert caught.value.reason is Reason.TLS
    assert caught.value.message.startswith(f"ca_file {path}: ")
