"""TLS of the exporter's own pages: settings to a context, and handshakes that say why they were refused."""

import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from exporter.config import Problem, Several
from exporter.web.refusals import Refusals

log = logging.getLogger(__name__)

NO_CERTIFICATE = "NoClientCert"
IF_GIVEN = "VerifyClientCertIfGiven"
REQUIRED = "RequireAndVerifyClientCert"
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
OLDER_SUITES = {
    f"TLS_ECDHE_{kind}_WITH_{name}": f"ECDHE-{kind}-{ours}"
    for kind in ("ECDSA", "RSA")
    for name, ours in {
        "AES_128_CBC_SHA": "AES128-SHA",
        "AES_256_CBC_SHA": "AES256-SHA",
        "AES_128_GCM_SHA256": "AES128-GCM-SHA256",
        "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
        "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
    }.items()
}
"""The suites of TLS 1.2 that Go calls secure, by Go's names, in OpenSSL's."""
NEWER_SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""Those of TLS 1.3 may be named but are always on, as in Go."""
PLAIN_ANSWER = (
    b"HTTP/1.0 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 48\r\nconnection: close\r\n\r\n"
    b"TLS is spoken here: ask with https:// (scheme)\r\n"
)
"""To a client that speaks plain HTTP; Go's servers answer likewise."""
PEM = "name a file in PEM form that the exporter may read"

Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
ClientAuth = Literal[
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
]
Suite = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join((*OLDER_SUITES, *NEWER_SUITES))})$",
        extra={"wanted": "a cipher suite that is supported (those that Go calls secure, by Go's names)"},
        examples=["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
    ),
]


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The section ``tls_server_config``, as it stands in the file."""

    cert_file: Path
    key_file: Path
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: Path | None = None
    client_allowed_sans: Several[str] | None = None
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: Several[Suite] | None = None
    prefer_server_cipher_suites: bool = True


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
            self.refusals.note("a TLS handshake failed: %s", words(exc))
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


def server_context(settings: TlsSettings) -> tuple[ServerContext, list[Problem]]:
    """Return a context; it may only be used where nothing is wrong with the settings and their files."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    steps = (_certificate, _clients, _versions, _suites)
    return context, [problem for step in steps for problem in step(context, settings)]


def _certificate(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    unreadable = [*_unreadable("cert_file", settings.cert_file), *_unreadable("key_file", settings.key_file)]
    yield from unreadable
    if unreadable:
        return
    try:
        context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
    except _EncryptedKeyError:
        cure = "decrypt it, as with openssl pkey, and keep the file readable for the exporter alone"
        yield Problem(option="key_file", problem="the key is encrypted", cure=cure)
    except ssl.SSLError as exc:
        yield _unusable(settings, exc)


def _unusable(settings: TlsSettings, error: ssl.SSLError) -> Problem:
    """Say which of the two files OpenSSL means."""
    if not _holds_certificates(settings.cert_file):
        return Problem(option="cert_file", problem="the file holds no certificate", cure=PEM)
    if error.reason == "KEY_VALUES_MISMATCH":
        cure = "name the key that the certificate was issued for"
        return Problem(option="key_file", problem="is not the key of the certificate in cert_file", cure=cure)
    if error.reason in {None, "PEM_LIB", "NO_START_LINE"}:
        return Problem(option="key_file", problem="the file holds no private key", cure=PEM)
    cure = "have a new certificate issued"
    return Problem(option="cert_file", problem=f"cannot be used: {words(error)}", cure=cure)


def _clients(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    """Set which certificates clients must show; what was asked for and cannot be had is a problem."""
    kind = settings.client_auth_type
    if kind not in {NO_CERTIFICATE, IF_GIVEN, REQUIRED}:
        problem = f"{kind} takes certificates that nobody has verified, which is not supported"
        cure = f"write {REQUIRED} to require good ones, or {NO_CERTIFICATE}"
        yield Problem(option="client_auth_type", problem=problem, cure=cure)
        return
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
        yield from _authorities(context, settings)
    elif settings.client_ca_file is not None:
        problem = f"has no effect with client_auth_type {NO_CERTIFICATE}"
        yield Problem(option="client_ca_file", problem=problem, cure=f"write client_auth_type: {REQUIRED}")


def _authorities(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    file = settings.client_ca_file
    if file is None:
        cure = "name the file of the authorities whose certificates clients may show"
        yield Problem(option="client_ca_file", problem="is missing", cure=cure)
        return
    unreadable = list(_unreadable("client_ca_file", file))
    yield from unreadable
    if not unreadable and not _holds_certificates(file, context):
        yield Problem(option="client_ca_file", problem="the file holds no certificate", cure=PEM)


def _versions(context: ServerContext, settings: TlsSettings) -> Iterator[Problem]:
    for option in ("min_version", "max_version"):
        asked = getattr(settings, option)
        if asked not in VERSIONS:
            cure = f"write {' or '.join(VERSIONS)}"
            yield Problem(option=option, problem=f"{asked} is not safe and not supported", cure=cure)
    if settings.max_version < settings.min_version:
        problem = f"{settings.max_version} is older than min_version {settings.min_version}"
        yield Problem(option="max_version", problem=problem, cure="write the same or a newer one")
    elif {settings.min_version, settings.max_version} <= set(VERSIONS):
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
