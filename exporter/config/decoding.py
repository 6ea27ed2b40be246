"""A tree of texts to the fields of a struct: every mistake is noted with its place, none ends the reading.

The fields' types are read through ``msgspec.inspect``, so that a struct of options is written once, as data.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from exporter.config import scalars
from exporter.config.document import Node, Scalar, Sequence, Table
from exporter.config.mistakes import Mistake, Wrong, closest, harmless_key, listing

Fields = Mapping[str, inspect.Field]

NONE: Final[Mapping[str, str]] = {}
MISSING: Final = object()
"""Stands for a value that could not be had; its mistake is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the file: the path, and the name of the source or credentials that it belongs to."""

    path: str = ""
    name: str | None = None

    def key(self, key: str) -> "Place":
        """Return the place of a key in the mapping that stands here."""
        return Place(path=f"{self.path}.{key}" if self.path else key, name=self.name)

    def item(self, index: int) -> "Place":
        """Return the place of an entry of the list that stands here."""
        return Place(path=f"{self.path}[{index}]", name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a file: the folder that relative paths count from, and what was found wrong."""

    folder: Path
    mistakes: list[Mistake] = field(default_factory=list)

    def note(self, place: Place, node: Node | None, wrong: Wrong) -> None:
        """Note a mistake at a place."""
        line, column = (node.line, node.column) if node else (None, None)
        self.mistakes.append(
            Mistake(
                path=place.path,
                name=place.name,
                problem=wrong.problem,
                cure=wrong.cure,
                line=line,
                column=column,
            )
        )

    def table(self, node: Node, place: Place) -> Table | None:
        """Return the node if it is a mapping; note what is wrong with its keys."""
        if not isinstance(node, Table):
            self.note(place, node, Wrong("is not a mapping", "write keys with values, as in `key: value`"))
            return None
        for flaw in node.flaws:
            shown = flaw.key if flaw.key and harmless_key(flaw.key) else None
            problem = flaw.problem if flaw.key is None else f"{shown or 'a key'} {flaw.problem}"
            self.mistakes.append(
                Mistake(
                    path=place.key(shown).path if shown else place.path,
                    name=place.name,
                    problem=problem,
                    cure=flaw.cure,
                    line=flaw.line,
                    column=flaw.column,
                )
            )
        return node


@cache
def fields_of(struct: type[msgspec.Struct]) -> Fields:
    """Return a struct's fields by the names that they have in the file."""
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - for the type checker
    return {about.encode_name: about for about in kind.fields}


def decode(
    reading: Reading, table: Table, fields: Fields, place: Place, examples: Mapping[str, str] = NONE
) -> dict[str, Any]:
    """Return the values that could be had; note the others and the required ones that are missing.

    Keys that are no field are left to ``unknown_keys``. ``examples`` are what to write for keys that are
    missing, where their types have no good one.
    """
    found = {}
    for key, about in fields.items():
        node = table.entries.get(key)
        if node is not None:
            found[key] = value(reading, node, about.type, place.key(key))
        elif about.required:
            example = examples.get(key) or scalars.example(list(_members(about.type)))
            reading.note(place.key(key), table, Wrong("is missing", f"add {key}: {example or '…'}"))
    return {key: item for key, item in found.items() if item is not MISSING}


def unknown_keys(
    reading: Reading,
    table: Table,
    known: Collection[str],
    place: Place,
    *,
    takes: str = "",
    secretive: bool = False,
) -> None:
    """Note each key that is not known, with what is taken here.

    ``takes`` says it in other words than all of ``known``. ``secretive`` holds back keys that are like none
    of ``known``: without a blank after its colon, a key of the file holds its value too.
    """
    for key, node in table.entries.items():
        if key in known:
            continue
        near = closest(key, known) if harmless_key(key) else None
        if near is None and (secretive or not harmless_key(key)):
            cure = "put a blank after each colon" if ":" in key else f"known here: {listing(known)}"
            reading.note(place, node, Wrong("an unknown key (not shown, as it may hold a secret)", cure))
            continue
        cures = [f"did you mean {near}?"] if near else []
        cures += [takes] if takes else [] if near else [f"known here: {listing(known)}"]
        reading.note(place.key(key), node, Wrong("unknown key", " ".join(cures)))


def value(reading: Reading, node: Node, kind: inspect.Type, place: Place) -> Any:
    """Return the node as a value of the kind, or MISSING with its mistakes noted."""
    members = list(_members(kind))
    lists = [member for member in members if isinstance(member, inspect.VarTupleType)]
    singles = [member for member in members if not isinstance(member, inspect.VarTupleType)]
    if isinstance(node, Sequence) and lists:
        return _items(reading, node, lists[0], place)
    try:
        return _single(reading, node, singles, takes_list=bool(lists))
    except Wrong as wrong:
        reading.note(place, node, wrong)
        return MISSING


def _members(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yield the kinds of a union; what an annotation says of a list as a whole is left out."""
    if isinstance(kind, inspect.UnionType):
        for member in kind.types:
            yield from _members(member)
    elif isinstance(kind, inspect.Metadata) and isinstance(
        kind.type, (inspect.VarTupleType, inspect.UnionType)
    ):
        yield from _members(kind.type)
    else:
        yield kind


def _items(reading: Reading, node: Sequence, kind: inspect.VarTupleType, place: Place) -> Any:
    if not node.items:
        reading.note(place, node, Wrong("the list is empty", "name at least one"))
        return MISSING
    found: list[Any] = []
    for index, item in enumerate(node.items):
        entry = value(reading, item, kind.item_type, place.item(index))
        if entry is not MISSING and entry in found:
            reading.note(place.item(index), item, Wrong("is given twice", "keep one of them"))
        found.append(entry)
    return MISSING if MISSING in found else tuple(found)


def _single(reading: Reading, node: Node, kinds: list[inspect.Type], *, takes_list: bool) -> Any:
    if not isinstance(node, Scalar):
        wanted = "a list or one value" if takes_list else "one value"
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        raise Wrong(f"is {found}", f"write {wanted}{scalars.such_as(kinds)}")
    if node.wrong:
        raise node.wrong
    if node.taken_for == "null":
        return _nothing(node, kinds)
    return scalars.scalar(node, kinds, reading.folder, takes_list=takes_list)


def _nothing(node: Scalar, kinds: list[inspect.Type]) -> None:
    """Take ``null`` where an option may be left out; a key with nothing after it was forgotten."""
    if not node.text or not any(isinstance(kind, inspect.NoneType) for kind in kinds):
        raise Wrong("has no value", f"write one{scalars.such_as(kinds)}")
