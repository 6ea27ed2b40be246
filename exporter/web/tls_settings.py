"""The section ``tls_server_config`` as values, and what of exporter-toolkit's values is refused. Pure."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.config import Problem, Several

NO_CERTIFICATE = "NoClientCert"
IF_GIVEN = "VerifyClientCertIfGiven"
REQUIRED = "RequireAndVerifyClientCert"
UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
"""What Go also has: certificates that nobody verifies."""
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
OLDER_VERSIONS = ("TLS10", "TLS11")
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

Version = Literal["TLS12", "TLS13"]
ClientAuth = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
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


def refused_value(option: str, text: str) -> Problem | None:
    """Say why a value that Go's servers take is not taken here; None of every other value."""
    if option == "client_auth_type" and text in UNVERIFIED:
        problem = f"{text} takes certificates that nobody has verified, which is not supported"
        cure = f"write {REQUIRED} to require good ones, or {NO_CERTIFICATE}"
        return Problem(option=option, problem=problem, cure=cure)
    if option in {"min_version", "max_version"} and text in OLDER_VERSIONS:
        problem = f"{text} is not safe and not supported"
        return Problem(option=option, problem=problem, cure=f"write {' or '.join(VERSIONS)}")
    return None
