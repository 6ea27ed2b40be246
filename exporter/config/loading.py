"""A configuration file to a Config, or to all of its mistakes."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from exporter.config import document, keys, sources
from exporter.config.decoding import Place, Reading, decode, fields_of, unknown_keys
from exporter.config.document import Node, Scalar, Table
from exporter.config.mistakes import ConfigError, Mistake, Wrong
from exporter.config.model import ApiKind, Config, Settings
from exporter.config.trouble import Unreadable

LARGEST = 1_048_576
"""Bytes of a configuration file."""

Built = TypeVar("Built")

SECTIONS = ("defaults", "credentials", "sources")


def load(path: Path, kinds: Mapping[str, ApiKind], environ: Mapping[str, str] = os.environ) -> Config:
    """Return what the file says; raise ConfigError with every mistake that is in it.

    ``kinds`` are the list APIs by the names that ``api`` takes. Files that hold secrets are read once, so
    that a missing one is found now.
    """
    return read_file(path, environ, lambda reading, root: _config(reading, root, kinds))


def read_file(
    path: Path, environ: Mapping[str, str], build: Callable[[Reading, Node | None], Built]
) -> Built:
    """Return what ``build`` makes of the file's tree; raise ConfigError where it noted mistakes.

    The tree is None where the file holds nothing.
    """
    reading = Reading(folder=path.absolute().parent)
    try:
        built = build(reading, document.read(_text(path), environ))
    except Wrong as wrong:
        line, column = (wrong.line, wrong.column) if isinstance(wrong, Unreadable) else (None, None)
        mistake = Mistake(path="", problem=wrong.problem, cure=wrong.cure, line=line, column=column)
        reading.mistakes.append(mistake)
    if reading.mistakes:
        # Raised out here: the parser's own error, which shows the text, is then no part of it.
        raise ConfigError(path, reading.mistakes)
    return built


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "the path is not valid"
        raise Wrong(f"cannot be read: {problem}", "name a file that the exporter may read") from None
    if len(content) > LARGEST:
        raise Wrong(f"holds more than {LARGEST} bytes", "split it over several exporters")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - before.rfind(b"\n")
        problem = "a byte that is no UTF-8"
        raise Unreadable(problem, "save the file as UTF-8", before.count(b"\n") + 1, column) from None


def _config(reading: Reading, root: Node | None, kinds: Mapping[str, ApiKind]) -> Config:
    top = Place()
    if root is None or (isinstance(root, Scalar) and root.taken_for == "null"):
        reading.note(top, root, Wrong("it is empty", "write at least one source, under sources:"))
        return Config(sources=())
    table = reading.table(root, top) if isinstance(root, Table) else None
    if table is None:
        cure = "write defaults:, credentials: and sources: at its top"
        reading.note(top, root, Wrong("the file is not a mapping", cure))
        return Config(sources=())
    unknown_keys(reading, table, SECTIONS, top)
    defaults = _defaults(reading, table.entries.get("defaults"))
    credentials = keys.read_all(reading, table.entries.get("credentials"))
    known = sources.Known(kinds=kinds, credentials=credentials, defaults=defaults)
    return Config(sources=sources.read_all(reading, table, known))


def _defaults(reading: Reading, node: Node | None) -> dict[str, Any]:
    place = Place(path="defaults")
    if node is None or (isinstance(node, Scalar) and node.taken_for == "null"):
        return {}
    table = reading.table(node, place)
    if table is None:
        return {}
    settings = fields_of(Settings)
    unknown_keys(reading, table, settings, place)
    return decode(reading, table, settings, place)
