"""Handshakes on real sockets."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.web import tls
from exporter.web.guard import guarded
from exporter.web.server import listen, serving, url
from exporter.web.webfile import WebFile
from tests.sockets import Authority
from tests.web.served import until
from tests.web.webfiles import client_context, written
from tests.web.webfiles import tls as section

PATIENCE = 10.0


async def here(_: Request) -> Response:
    return PlainTextResponse("here\n")


async def nothing() -> None:
    """There is nothing to give up."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Returns what the log says of refused handshakes; it says nothing else worth a warning."""
    caplog.set_level(logging.DEBUG, tls.log.name)
    yield lambda: [record.getMessage() for record in caplog.records if record.name == tls.log.name]
    others = [record for record in caplog.records if record.levelno > logging.INFO]
    assert {record.name for record in others} <= {tls.log.name, "exporter.web.webfile"}


@asynccontextmanager
async def secured(path: Path) -> AsyncIterator[str]:
    """Serve one page over TLS; yields its address."""
    app, context = guarded(Starlette(routes=[Route("/", here)]), WebFile(path, {}))
    assert context is not None
    [listening] = listen(["127.0.0.1:0"])
    async with serving(app, [listening], nothing, tls=context):
        yield url(listening, secure=True)


async def ask(address: str, context: ssl.SSLContext) -> str:
    """Ask on a new connection."""
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=PATIENCE) as http:
        return (await http.get(address)).raise_for_status().text


async def refusal(address: str, context: ssl.SSLContext) -> str:
    """Ask on a new connection; return why that fails."""
    # What comes after the client's part of a handshake of TLS 1.3 is no error of httpx.
    with pytest.raises((httpx.TransportError, ssl.SSLError)) as caught:
        await ask(address, context)
    return str(caught.value)


async def serial(address: str, context: ssl.SSLContext) -> int:
    """Return the number of the certificate that is shown to a new connection."""
    host, _, port = address.removeprefix("https://").strip("/").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    shown = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    await writer.wait_closed()
    return int(shown, 16)


async def test_pages_are_served_over_tls(tmp_path: Path, authority: Authority) -> None:
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1")))
    async with secured(path) as address:
        assert address.startswith("https://127.0.0.1:")
        assert await ask(address, client_context(authority)) == "here\n"


async def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on(
    tmp_path: Path, authority: Authority
) -> None:
    certificate = authority.issue("127.0.0.1")
    context = client_context(authority)
    async with (
        secured(written(tmp_path, tls_server_config=section(certificate))) as address,
        httpx.AsyncClient(verify=context, trust_env=False, timeout=PATIENCE) as http,
    ):
        await http.get(address)
        before = await serial(address, context)
        authority.issue("127.0.0.1").rename(certificate)
        assert await serial(address, context) != before
        assert (await http.get(address)).text == "here\n"


async def test_a_broken_certificate_leaves_the_old_one_at_work(tmp_path: Path, authority: Authority) -> None:
    certificate = authority.issue("127.0.0.1")
    context = client_context(authority)
    async with secured(written(tmp_path, tls_server_config=section(certificate))) as address:
        before = await serial(address, context)
        certificate.write_text("nonsense")
        assert await serial(address, context) == before


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
class TestClientCertificates:
    """In both versions, as 1.3 tells a client only after it believes that all is well."""

    @pytest.fixture
    def path(self, tmp_path: Path, authority: Authority, newest: ssl.TLSVersion) -> Path:
        return self.requiring(tmp_path, authority, newest)

    def requiring(
        self, folder: Path, authority: Authority, newest: ssl.TLSVersion, **options: object
    ) -> Path:
        """Write a configuration that requires certificates of the authority."""
        return written(
            folder,
            tls_server_config={
                **section(authority.issue("127.0.0.1")),
                "max_version": "TLS12" if newest == ssl.TLSVersion.TLSv1_2 else "TLS13",
                "client_auth_type": "RequireAndVerifyClientCert",
                "client_ca_file": str(authority.file),
                **options,
            },
        )

    async def test_a_good_one_is_let_in(
        self, path: Path, authority: Authority, told: Callable[[], list[str]]
    ) -> None:
        async with secured(path) as address:
            assert await ask(address, client_context(authority, authority.issue("me"))) == "here\n"
        assert told() == []

    async def test_a_client_without_one_is_told_why_it_is_refused(
        self, path: Path, authority: Authority, told: Callable[[], list[str]], newest: ssl.TLSVersion
    ) -> None:
        async with secured(path) as address:
            alert = "HANDSHAKE_FAILURE" if newest == ssl.TLSVersion.TLSv1_2 else "CERTIFICATE_REQUIRED"
            assert alert in (await refusal(address, client_context(authority))).upper().replace(" ", "_")
        assert told() == [
            "a TLS handshake failed: peer did not return a certificate "
            "(at most one such line a minute, all at debug)"
        ]

    async def test_a_client_with_another_authoritys_is_told_why_it_is_refused(
        self, path: Path, tmp_path: Path, authority: Authority, told: Callable[[], list[str]]
    ) -> None:
        stranger = Authority(tmp_path, "stranger").issue("me")
        async with secured(path) as address:
            assert "unknown ca" in (await refusal(address, client_context(authority, stranger))).lower()
            await refusal(address, client_context(authority, stranger))
        assert told()[0].startswith("a TLS handshake failed: unable to get local issuer certificate (")
        assert told()[1] == "a TLS handshake failed: unable to get local issuer certificate"

    @pytest.mark.parametrize(
        "allowed", ["prometheus", "127.0.0.1", "::1", "me@example.com", "spiffe://example.com/prometheus"]
    )
    async def test_names_may_be_of_every_kind(
        self, tmp_path: Path, authority: Authority, newest: ssl.TLSVersion, allowed: str
    ) -> None:
        path = self.requiring(tmp_path, authority, newest, client_allowed_sans=["another", allowed])
        certificate = authority.issue("somebody", allowed)
        async with secured(path) as address:
            assert await ask(address, client_context(authority, certificate)) == "here\n"

    async def test_names_that_are_not_allowed_are_refused(
        self, tmp_path: Path, authority: Authority, newest: ssl.TLSVersion, told: Callable[[], list[str]]
    ) -> None:
        path = self.requiring(tmp_path, authority, newest, client_allowed_sans=["prometheus"])
        certificate = authority.issue("prometheus.example.com", "::1")
        async with secured(path) as address:
            await refusal(address, client_context(authority, certificate))
        assert told() == [
            "a client certificate is not of client_allowed_sans; it is for prometheus.example.com, ::1 "
            "(at most one such line a minute, all at debug)"
        ]

    async def test_a_session_of_a_name_that_is_no_longer_allowed_cannot_be_resumed(
        self, tmp_path: Path, authority: Authority, newest: ssl.TLSVersion
    ) -> None:
        path = self.requiring(tmp_path, authority, newest, client_allowed_sans=["me"])
        context = client_context(authority, authority.issue("me"))
        async with secured(path) as address:
            assert await ask(address, context) == "here\n"
            self.requiring(tmp_path, authority, newest, client_allowed_sans=["you"])
            await refusal(address, context)

    async def test_one_that_may_be_given_is_verified(
        self, tmp_path: Path, authority: Authority, newest: ssl.TLSVersion
    ) -> None:
        path = self.requiring(tmp_path, authority, newest, client_auth_type="VerifyClientCertIfGiven")
        async with secured(path) as address:
            assert await ask(address, client_context(authority)) == "here\n"
            assert await ask(address, client_context(authority, authority.issue("me"))) == "here\n"
            stranger = Authority(tmp_path, "stranger").issue("me")
            assert "unknown ca" in (await refusal(address, client_context(authority, stranger))).lower()


async def test_a_certificate_may_itself_be_the_anchor(tmp_path: Path, authority: Authority) -> None:
    client = authority.issue("me")
    options = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(client)}
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1"), **options))
    async with secured(path) as address:
        assert await ask(address, client_context(authority, client)) == "here\n"
        await refusal(address, client_context(authority, authority.issue("you")))


async def test_a_client_that_is_too_old_is_told(tmp_path: Path, authority: Authority) -> None:
    certificate = authority.issue("127.0.0.1")
    context = client_context(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with secured(written(tmp_path, tls_server_config=section(certificate))) as address:
        assert await ask(address, context) == "here\n"
        written(tmp_path, tls_server_config=section(certificate, min_version="TLS13"))
        assert "protocol version" in (await refusal(address, context)).lower().replace("_", " ")


async def test_a_suite_that_the_client_has_not_is_refused(tmp_path: Path, authority: Authority) -> None:
    suites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
    options = {"max_version": "TLS12", "cipher_suites": suites}
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1"), **options))
    good, other = client_context(authority), client_context(authority)
    good.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    other.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    async with secured(path) as address:
        assert await ask(address, good) == "here\n"
        await refusal(address, other)


async def test_plain_http_is_told_to_speak_tls(tmp_path: Path, authority: Authority) -> None:
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1")))
    async with secured(path) as address, httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        response = await http.get(address.replace("https", "http"))
    assert (response.status_code, response.text) == (
        400,
        "TLS is spoken here: ask with https:// (scheme)\r\n",
    )


async def test_nonsense_ends_the_connection_alone(tmp_path: Path, authority: Authority) -> None:
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1")))
    async with secured(path) as address:
        port = int(address.strip("/").rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\0" * 1000)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            await reader.read()
        writer.close()
        assert await ask(address, client_context(authority)) == "here\n"


async def test_the_end_does_not_wait_for_clients_that_do_not_say_goodbye(
    tmp_path: Path, authority: Authority
) -> None:
    before = asyncio.all_tasks()
    path = written(tmp_path, tls_server_config=section(authority.issue("127.0.0.1")))
    async with asyncio.timeout(PATIENCE / 2):
        async with secured(path) as address:
            port = int(address.strip("/").rpartition(":")[2])
            silent = await asyncio.open_connection("127.0.0.1", port)
            idle = await asyncio.open_connection("127.0.0.1", port, ssl=client_context(authority))
            idle[1].write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            await idle[0].readuntil(b"here\n")
            transport = idle[1].transport
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
    for _, writer in (silent, idle):
        writer.transport.abort()
    await until(lambda: asyncio.all_tasks() == before)
