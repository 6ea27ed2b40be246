"""The section ``sources`` of a configuration file."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from exporter.config.decoding import Place, Reading, decode, fields_of, unknown_keys
from exporter.config.document import Node, Scalar, Sequence, Table
from exporter.config.mistakes import Wrong, choices, closest, listing, quoted
from exporter.config.model import ApiKind, Basics, ChecksItself, Settings, Source
from exporter.credentials import Credentials, HuaweiPassword

COMMON = {**fields_of(Basics), **fields_of(Settings)}
NAMED = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What sources refer to; credentials are None where their own mistakes are noted."""

    kinds: Mapping[str, ApiKind]
    credentials: Mapping[str, Credentials | None]
    defaults: Mapping[str, Any]


def read_all(reading: Reading, root: Table, known: Known) -> tuple[Source, ...]:
    """Return the sources that are right; note the mistakes of the others."""
    place = Place(path="sources")
    node = root.entries.get("sources")
    if not isinstance(node, Sequence) or not node.items:
        empty = "is an empty list" if isinstance(node, Sequence) else "is not a list of sources"
        problem = "is missing" if node is None else empty
        cure = "write at least one, as in `- {name: …, api: …, credentials: …}`"
        reading.note(place, node or root, Wrong(problem, cure))
        return ()
    _check_names(reading, node)
    found = [_read(reading, item, _place(index, item), known) for index, item in enumerate(node.items)]
    return tuple(source for source in found if source)


def _place(index: int, node: Node) -> Place:
    return Place(path=f"sources[{index}]", name=_name(node))


def _name(node: Node) -> str | None:
    name = node.entries.get("name") if isinstance(node, Table) else None
    return name.text if isinstance(name, Scalar) and NAMED.fullmatch(name.text) else None


def _check_names(reading: Reading, node: Sequence) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(node.items):
        name = _name(item)
        if name is not None and seen.setdefault(name, index) != index:
            problem = f"sources[{seen[name]}] has this name too"
            reading.note(
                _place(index, item).key("name"), item, Wrong(problem, "give each source its own name")
            )


def _read(reading: Reading, node: Node, place: Place, known: Known) -> Source | None:
    before = len(reading.mistakes)
    table = reading.table(node, place)
    if table is None:
        return None
    entry = _Entry(reading=reading, table=table, place=place, known=known)
    examples = {"api": choices(known.kinds), "credentials": choices(known.credentials)}
    basics = decode(reading, table, fields_of(Basics), place, examples)
    settings = {**known.defaults, **decode(reading, table, fields_of(Settings), place)}
    kind = entry.kind(basics)
    keys = entry.keys(basics, kind)
    options = entry.options(basics, kind)
    entry.check_reach(basics, keys)
    if kind is None or keys is None or options is None or len(reading.mistakes) > before:
        return None
    name = basics.pop("credentials")
    rest = {"region": None, "endpoint": None, "ca_file": None, **basics, **settings}
    return Source(cloud=kind.cloud, credentials=keys, credentials_name=name, options=options, **rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry of the list, while it is read."""

    reading: Reading
    table: Table
    place: Place
    known: Known

    def note(self, key: str, problem: str, cure: str) -> None:
        node = self.table.entries.get(key, self.table)
        self.reading.note(self.place.key(key), node, Wrong(problem, cure))

    def kind(self, basics: Mapping[str, Any]) -> ApiKind | None:
        api = basics.get("api")
        kind = self.known.kinds.get(api) if api else None
        if api and kind is None:
            near = closest(api, self.known.kinds)
            cure = f"did you mean {near}?" if near else f"known here: {listing(self.known.kinds)}"
            self.note("api", f"{quoted(api)} is no API", cure)
        return kind

    def keys(self, basics: Mapping[str, Any], kind: ApiKind | None) -> Credentials | None:
        """Return the credentials that the source names, if they are for its cloud."""
        name = basics.get("credentials")
        if name is None:
            return None
        fitting = [other for other, keys in self.known.credentials.items() if _fit(keys, kind)]
        if name not in self.known.credentials:
            near = closest(name, self.known.credentials)
            self.note(
                "credentials",
                f"{quoted(name)} is not under credentials",
                f"did you mean {near}?" if near else f"add it there (there are: {listing(fitting)})",
            )
            return None
        keys = self.known.credentials[name]
        if keys and kind and keys.cloud != kind.cloud:
            cure = f"name some for {kind.cloud} (there are: {listing(fitting)})"
            self.note("credentials", f"{name} is for {keys.cloud}, the API is of {kind.cloud}", cure)
        return keys

    def options(self, basics: Mapping[str, Any], kind: ApiKind | None) -> msgspec.Struct | None:
        """Return the API's own options; note keys that neither it nor every source takes."""
        if kind is None:
            own = [key for other in self.known.kinds.values() for key in fields_of(other.options)]
            unknown_keys(self.reading, self.table, [*own, *COMMON], self.place)
            return None
        fields = fields_of(kind.options)
        takes = f"{basics['api']} takes {listing(fields)} beside what every source takes: {listing(COMMON)}"
        unknown_keys(self.reading, self.table, [*fields, *COMMON], self.place, takes=takes)
        before = len(self.reading.mistakes)
        found = decode(self.reading, self.table, fields, self.place)
        if len(self.reading.mistakes) > before:
            return None
        options = kind.options(**found)
        if isinstance(options, ChecksItself):
            for problem in options.problems():
                self.note(problem.option, problem.problem, problem.cure)
        return options

    def check_reach(self, basics: Mapping[str, Any], keys: Credentials | None) -> None:
        """Note what is missing to find the cloud and to trust it."""
        if self._left_out("region", basics) and self._left_out("endpoint", basics):
            self.note("region", "is missing", "add region: cn-hangzhou or another, or endpoint: https://…")
        elif self._left_out("region", basics) and isinstance(keys, HuaweiPassword) and not keys.iam_endpoint:
            cure = "add region to the source, or iam_endpoint to its credentials"
            self.note("region", "a login needs to know where IAM is", cure)
        if basics.get("ca_file"):
            self._check_authority(basics["ca_file"])

    def _left_out(self, key: str, basics: Mapping[str, Any]) -> bool:
        return basics.get(key) is None and (key in basics or key not in self.table.entries)

    def _check_authority(self, path: Path) -> None:
        cure = "name a file of certificates in PEM form that the exporter may read"
        try:
            if not path.is_file():
                raise FileNotFoundError  # noqa: TRY301 - noted like every other
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except FileNotFoundError:
            self.note("ca_file", "there is no such file", cure)
        except ssl.SSLError:
            self.note("ca_file", "the file holds no certificate", cure)
        except OSError as error:
            self.note("ca_file", f"cannot be read: {error.strerror}", cure)


def _fit(keys: Credentials | None, kind: ApiKind | None) -> bool:
    return kind is None or (keys is not None and keys.cloud == kind.cloud)
