"""The file of ``--web.config.file``: TLS, passwords and headers of the exporter's own pages.

Its form is that of Prometheus' exporter-toolkit. What of it cannot be had here is a mistake, never ignored.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from exporter.config import Problem
from exporter.config.decoding import Place, Reading, decode, fields_of, unknown_keys
from exporter.config.document import Node, Scalar, Table
from exporter.config.loading import read_file
from exporter.config.mistakes import Wrong
from exporter.credentials import Secret
from exporter.web.tls import ServerContext, file_problems, server_context
from exporter.web.tls_settings import TlsSettings, refused_value

TLS, HTTP, USERS = SECTIONS = ("tls_server_config", "http_server_config", "basic_auth_users")
FILES = ("cert_file", "key_file", "client_ca_file")
HIGHEST_COST = 16
"""A password of this cost takes seconds of a processor; each further step doubles them."""
HASH = re.compile(r"\$2[aby]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
HASH_CURE = "write what `htpasswd -nBC 10 NAME` prints after the colon"
SHOWN_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,32}")

IN_A_FILE = "keep it in a file, and name that with"
UNSUPPORTED = {
    TLS: {
        "cert": ("certificates in the file itself are not supported", f"{IN_A_FILE} cert_file"),
        "key": ("keys in the file itself are not supported", f"{IN_A_FILE} key_file"),
        "client_ca": ("certificates in the file itself are not supported", f"{IN_A_FILE} client_ca_file"),
        "curve_preferences": ("is not supported", "leave it out; OpenSSL's own choice is a good one"),
    },
    "": {
        "rate_limit": (
            "is not supported",
            "leave it out; what scrapes may ask of a cloud is bounded by min_interval and "
            "requests_per_second in the configuration",
        )
    },
}
"""What exporter-toolkit has and we have not, by section."""

HeaderText = Annotated[str, Meta(pattern=r"^[ -~]+$", extra={"wanted": "a header's value (printable ASCII)"})]


class Headers(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename=lambda name: "X-XSS-Protection" if name == "x_xss_protection" else name.title().replace("_", "-"),
):
    """The headers that may be added to every answer."""

    content_security_policy: HeaderText | None = None
    x_frame_options: Literal["deny", "sameorigin"] | None = None
    x_content_type_options: Literal["nosniff"] | None = None
    x_xss_protection: HeaderText | None = None
    strict_transport_security: HeaderText | None = None


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """The section ``http_server_config``, but for the headers; ``http2`` is read and has no effect."""

    http2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the file says. ``tls`` is None for plain HTTP; without users everybody is let in."""

    tls: ServerContext | None = None
    users: Mapping[str, Secret] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    http2: bool = False
    empty: bool = False


def nobody(_: Path) -> None:
    """Take note of nothing."""


def read(
    path: Path, environ: Mapping[str, str] = os.environ, named: Callable[[Path], None] = nobody
) -> WebConfig:
    """Return what the file says; raise ConfigError with every mistake in it and in the files it names.

    ``named`` is told of each file that it names, also where there are mistakes.
    """
    return read_file(path, environ, lambda reading, root: _web(reading, root, named))


def _web(reading: Reading, root: Node | None, named: Callable[[Path], None]) -> WebConfig:
    top = Place()
    if root is None or (isinstance(root, Scalar) and root.taken_for == "null"):
        return WebConfig(empty=True)  # as exporter-toolkit has it: plain HTTP for everybody
    table = reading.table(root, top)
    if table is None:
        return WebConfig()
    _unknown(reading, table, SECTIONS, top, "")
    sections = {name: _section(reading, table, name) for name in SECTIONS}
    http = sections[HTTP]
    return WebConfig(
        tls=None if (tls := sections[TLS]) is None else _tls(reading, tls, named),
        users={} if (users := sections[USERS]) is None else _users(reading, users),
        headers={} if http is None else _headers(reading, http),
        http2=http is not None and _http(reading, http).http2,
    )


def _section(reading: Reading, table: Table, name: str) -> Table | None:
    """Return a section that is there; one without anything below it was probably not meant."""
    node = table.entries.get(name)
    if node is None:
        return None
    if isinstance(node, Scalar) and node.taken_for == "null":
        reading.note(Place(path=name), node, Wrong("has no value", "fill it, or leave it out"))
        return None
    return reading.table(node, Place(path=name))


def _unknown(reading: Reading, table: Table, known: tuple[str, ...], place: Place, section: str) -> None:
    refused = UNSUPPORTED.get(section, {})
    for key in refused.keys() & table.entries.keys():
        reading.note(place.key(key), table.entries[key], Wrong(*refused[key]))
    others = {key: node for key, node in table.entries.items() if key not in refused}
    unknown_keys(reading, dataclasses.replace(table, entries=others), known, place)


def _tls(reading: Reading, table: Table, named: Callable[[Path], None]) -> ServerContext | None:
    place, fields = Place(path=TLS), fields_of(TlsSettings)
    _unknown(reading, table, tuple(fields), place, TLS)
    before = len(reading.mistakes)
    refused = {
        option: problem for option, node in table.entries.items() if (problem := _refused(option, node))
    }
    fields = {option: about for option, about in fields.items() if option not in refused}
    found = decode(reading, table, fields, place, {"cert_file": "exporter.crt", "key_file": "exporter.key"})
    for option in FILES:
        if found.get(option) is not None:
            named(found[option])
    problems, context = [*refused.values()], None
    if problems or len(reading.mistakes) > before:
        problems += file_problems(found)
    else:
        context, problems = server_context(TlsSettings(**found))
    for problem in problems:
        node = table.entries.get(problem.option, table)
        reading.note(place.key(problem.option), node, Wrong(problem.problem, problem.cure))
    return context


def _refused(option: str, node: Node) -> Problem | None:
    return refused_value(option, node.text) if isinstance(node, Scalar) else None


def _http(reading: Reading, table: Table) -> Http:
    place = Place(path=HTTP)
    _unknown(reading, table, (*fields_of(Http), "headers"), place, HTTP)
    return Http(**decode(reading, table, fields_of(Http), place))


def _headers(reading: Reading, http: Table) -> Mapping[str, str]:
    place, node = Place(path=f"{HTTP}.headers"), http.entries.get("headers")
    table = None if node is None else reading.table(node, place)
    if table is None:
        return {}
    fields = fields_of(Headers)
    _unknown(reading, table, tuple(fields), place, "headers")
    found: dict[str, Any] = decode(reading, table, fields, place)
    return {name: text for name, text in found.items() if text is not None}


def _users(reading: Reading, table: Table) -> Mapping[str, Secret]:
    found = {}
    for name, node in table.entries.items():
        # Where a blank is missing after the colon, the hash is a part of the name.
        place = Place(path=USERS).key(name) if SHOWN_NAME.fullmatch(name) else Place(path=USERS)
        try:
            found[name] = _user(name, node)
        except Wrong as wrong:
            reading.note(place, node, wrong)
    return found


def _user(name: str, node: Node) -> Secret:
    """Return a user's hash; messages show neither it nor what else stands in its place."""
    if not name or ":" in name:
        problem = (
            "a user's name (not shown) is empty or holds a colon, which basic authentication cannot have"
        )
        raise Wrong(problem, "write NAME: HASH, with a blank after the colon")
    if not isinstance(node, Scalar):
        raise Wrong("is not a password's hash", HASH_CURE)
    if node.wrong:
        raise node.wrong
    match = HASH.fullmatch(node.text)
    if match is None:
        raise Wrong("is no hash of bcrypt ($2a, $2b or $2y)", HASH_CURE)
    if int(match["cost"]) > HIGHEST_COST:
        raise Wrong(
            f"a hash of cost {match['cost']} takes too long to check", "hash it with a cost of 10 to 12"
        )
    return Secret(node.text)
