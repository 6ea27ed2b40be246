"""Web configurations, and what they name, in a folder of a test's own."""

import json
import ssl
from pathlib import Path

import bcrypt

from tests.sockets import Authority

PASSWORD = "correct horse battery staple"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
"""Of the least cost, so that tests are quick."""


def written(folder: Path, **sections: object) -> Path:
    """Write a web configuration with these sections."""
    path = folder / "web.yaml"
    path.write_text(json.dumps(sections))  # JSON is YAML
    return path


def tls(certificate: Path, **options: object) -> dict[str, object]:
    """Return a section for a file that holds a certificate and its key."""
    return {"cert_file": str(certificate), "key_file": str(certificate), **options}


def client_context(authority: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    """Return how a client speaks TLS that trusts the authority and may show a certificate."""
    context = ssl.create_default_context(cafile=str(authority.file))
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context
