"""Servers on loopback that do as they are told, byte by byte, and certificates for them."""

import asyncio
import datetime
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Reply = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Answers one request, given its head; the connection is kept unless the writer is closed."""


class Server:
    """Counts connections and keeps the head of every request, for as long as the context lasts."""

    def __init__(self, reply: Reply, tls: ssl.SSLContext | None = None, greeting: bytes = b"") -> None:
        self._reply = reply
        self._greeting = greeting
        self._tls = tls
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.heads: list[bytes] = []

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """What was asked for, as it came over the wire."""
        return [head.split(b" ")[1].decode() for head in self.heads]

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        self.connections += 1
        try:
            writer.write(self._greeting)
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await reader.readexactly(_length(head))
                await self._reply(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass  # gone
        finally:
            writer.close()


def _length(head: bytes) -> int:
    """Return how long the body is that follows."""
    found = re.search(rb"\r\ncontent-length: (\d+)\r\n", head, re.IGNORECASE)
    return int(found[1]) if found else 0


def replying(*parts: bytes | float, then_abort: bool = False, then_close: bool = False) -> Reply:
    """Return a reply of these bytes with pauses of so many seconds in between."""

    async def reply(_: bytes, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
        if then_abort:
            writer.transport.abort()
        elif then_close:
            writer.close()

    return reply


def page(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """A certificate authority of a test's own, in a folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._issued = 0
        certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(SIGNS_CERTIFICATES, critical=True)  # Python 3.13 demands it
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str, *, expired: bool = False) -> ssl.SSLContext:
        """Return what a server with a certificate for ``host`` (a name or an address) speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(host, expired=expired))
        return context

    def issue(
        self,
        *hosts: str,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
        expired: bool = False,
    ) -> Path:
        """Return a file with a new key and a certificate of it for these names, e-mail addresses or URIs."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        certificate = (
            self._builder(subject, key.public_key(), hours_ago=2 if expired else 0)
            .add_extension(x509.SubjectAlternativeName(map(_general_name, hosts)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self._issued += 1
        file = self.file.with_name(f"{self.file.stem}-issued-{self._issued}.pem")
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return file

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, *, hours_ago: int = 0
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours_ago)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if "://" in host:
            return x509.UniformResourceIdentifier(host)
        return x509.RFC822Name(host) if "@" in host else x509.DNSName(host)
