"""TLS of the exporter's own pages: settings to a context, and handshakes that say why they were refused."""

import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from exporter.config import Problem
from exporter.web.refusals import Refusals
from exporter.web.tls_settings import NO_CERTIFICATE, OLDER_SUITES, REQUIRED, VERSIONS, TlsSettings

log = logging.getLogger(__name__)

PLAIN_ANSWER = (
    b"HTTP/1.0 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 48\r\nconnection: close\r\n\r\n"
    b"TLS is spoken here: ask with https:// (scheme)\r\n"
)
"""To a client that speaks plain HTTP; Go's servers answer likewise."""
PEM = "name a file in PEM form that the exporter may read"


class Handshake(ssl.SSLObject):
    """A connection's TLS: why a handshake is refused is told to the client and to the log.

    ``outgoing`` is what asyncio sends; no ``allowed`` names allow every verified certificate.
    """

    outgoing: ssl.MemoryBIO
    refusals: Refusals
    allowed: frozenset[str] | None
    _refused: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake; raise SSLError where it is refused."""
        if self._refused is not None:
            raise self._refused
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as exc:
            self.refusals.note(f"a TLS handshake failed: {words(exc)}")  # each kind is told of its own
            if exc.reason == "HTTP_REQUEST":
                self.outgoing.write(PLAIN_ANSWER)
            if not self.outgoing.pending:
                raise
            # asyncio drops what is still to be sent where a handshake fails, and with it the alert that
            # tells the client why. It sends it where it believes that the handshake goes on.
            self._refused = exc
            raise ssl.SSLWantReadError from exc
        self._check_names()

    def _check_names(self) -> None:
        if self.allowed is None:
            return
        found = names(self.getpeercert())
        if self.allowed.isdisjoint(found):
            shown = ", ".join(found) or "no names"
            self.refusals.note("a client certificate is not of client_allowed_sans; it is for %s", shown)
            raise ssl.SSLCertVerificationError(1, "the certificate's names are not allowed")


class ServerContext(ssl.SSLContext):
    """What the settings say, loaded; ``allowed_sans`` None allows every verified certificate."""

    allowed_sans: frozenset[str] | None = None
    sslobject_class = Handshake


class LatestContext(ssl.SSLContext):
    """A context to listen with, that hands each new connection to the one that is current then."""

    _current: Callable[[], ServerContext]
    _refusals: Refusals

    @classmethod
    def of(cls, current: Callable[[], ServerContext]) -> "LatestContext":
        """Return a context over a source of contexts."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._current = current
        context._refusals = Refusals(log)
        return context

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *arguments: Any, **options: Any
    ) -> ssl.SSLObject:
        """Begin a connection's TLS."""
        current = self._current()
        connection = current.wrap_bio(incoming, outgoing, *arguments, **options)
        assert isinstance(connection, Handshake)  # noqa: S101  for the type checker
        connection.outgoing, connection.refusals = outgoing, self._refusals
        connection.allowed = current.allowed_sans
        return connection


def file_problems(found: Mapping[str, Any]) -> list[Problem]:
    """Say what is wrong with the files that are named, where the settings as a whole are no good yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    problems: list[Problem] = []
    if {"cert_file", "key_file"} <= found.keys():
        problems += _certificate(context, found["cert_file"], found["key_file"])
    if found.get("client_ca_file") is not None:
        problems += _authorities(context, found["client_ca_file"])
    return problems


def server_context(settings: TlsSettings) -> tuple[ServerContext, list[Problem]]:
    """Return a context; it may only be used where nothing is wrong with the settings and their files."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    problems = list(_certificate(context, settings.cert_file, settings.key_file))
    steps = (_clients, _versions, _suites)
    return context, problems + [problem for step in steps for problem in step(context, settings)]


def _certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> Iterator[Problem]:
    unreadable = [*_unreadable("cert_file", certificate), *_unreadable("key_file", key)]
    yield from unreadable
    if unreadable:
        return
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except _EncryptedKeyError:
        cure = "decrypt it, as with openssl pkey, and keep the file readable for the exporter alone"
        yield Problem(option="key_file", problem="the key is encrypted", cure=cure)
    except ssl.SSLError as exc:
        yield from _unusable(certificate, key, exc)


def _unusable(certificate: Path, key: Path, error: ssl.SSLError) -> Iterator[Problem]:
    """Say which of the two files OpenSSL means."""
    no_key = Problem(option="key_file", problem="the file holds no private key", cure=PEM)
    if not _holds_certificates(certificate):
        yield Problem(option="cert_file", problem="the file holds no certificate", cure=PEM)
        if b"PRIVATE KEY-----" not in key.read_bytes():
            yield no_key
    elif error.reason == "KEY_VALUES_MISMATCH":
        cure = "name the key that the certificate was issued for"
        yield Problem(option="key_file", problem="is not the key of the certificate in cert_file", cure=cure)
    elif error.reason in {None, "PEM_LIB", "NO_START_LINE"}:
        yield no_key
    else:
        cure = "have a new certificate issued"
        yield Problem(option="cert_file", problem=f"cannot be used: {words(error)}", cure=cure)


def _clients(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    """Set which certificates clients must show; what was asked for and cannot be had is a problem."""
    kind = settings.client_auth_type
    if settings.client_allowed_sans is not None:
        context.allowed_sans = frozenset(settings.client_allowed_sans)
        if kind != REQUIRED:
            problem = f"has no effect on clients that show no certificate, as {kind} allows"
            cure = f"write client_auth_type: {REQUIRED}"
            yield Problem(option="client_allowed_sans", problem=problem, cure=cure)
    if kind != NO_CERTIFICATE:
        # Go takes any certificate of the file as an anchor, also one that another has signed.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = ssl.CERT_REQUIRED if kind == REQUIRED else ssl.CERT_OPTIONAL
        yield from _required_authorities(context, settings)
    elif settings.client_ca_file is not None:
        problem = f"has no effect with client_auth_type {NO_CERTIFICATE}"
        yield Problem(option="client_ca_file", problem=problem, cure=f"write client_auth_type: {REQUIRED}")


def _required_authorities(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    if settings.client_ca_file is None:
        cure = "name the file of the authorities whose certificates clients may show"
        yield Problem(option="client_ca_file", problem="is missing", cure=cure)
    else:
        yield from _authorities(context, settings.client_ca_file)


def _authorities(context: ssl.SSLContext, file: Path) -> Iterator[Problem]:
    unreadable = list(_unreadable("client_ca_file", file))
    yield from unreadable
    if not unreadable and not _holds_certificates(file, context):
        yield Problem(option="client_ca_file", problem="the file holds no certificate", cure=PEM)


def _versions(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    if settings.max_version < settings.min_version:
        problem = f"{settings.max_version} is older than min_version {settings.min_version}"
        yield Problem(option="max_version", problem=problem, cure="write the same or a newer one")
    else:
        context.minimum_version = VERSIONS[settings.min_version]
        context.maximum_version = VERSIONS[settings.max_version]


def _suites(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    if not settings.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.cipher_suites is None:
        return
    older = [OLDER_SUITES[name] for name in settings.cipher_suites if name in OLDER_SUITES]
    if older:
        context.set_ciphers(":".join(older))
    elif settings.min_version == "TLS12":
        problem = "names suites of TLS 1.3 only, which are always on, and none for TLS 1.2"
        yield Problem(option="cipher_suites", problem=problem, cure="add one, or write min_version: TLS13")


def _unreadable(option: str, file: Path) -> Iterator[Problem]:
    try:
        with file.open("rb") as content:
            content.read(1)
    except OSError as exc:
        yield Problem(option=option, problem=f"cannot be read: {exc.strerror or exc}", cure=PEM)


def _holds_certificates(file: Path, context: ssl.SSLContext | None = None) -> bool:
    """Tell whether a file holds certificates; a context that is given trusts them from now on."""
    with contextlib.suppress(ssl.SSLError):
        (context or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)).load_verify_locations(file)
        return True
    return False


class _EncryptedKeyError(Exception):
    """OpenSSL asked for a password, which would be on the terminal if we did not answer."""


def _no_password() -> str:
    raise _EncryptedKeyError


def names(certificate: Any) -> Sequence[str]:
    """Return the names that a verified certificate is for: DNS, addresses as Go writes them, e-mail, URI."""
    found = (certificate or {}).get("subjectAltName", ())
    return [_address(text) if kind == "IP Address" else text for kind, text in found]


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text.strip()))


def words(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in small letters, as ``peer did not return a certificate``."""
    said = getattr(error, "verify_message", None) or (error.reason or str(error)).replace("_", " ")
    return str(said).lower()
