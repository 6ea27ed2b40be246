"""YAML text to a tree of texts with their places; bounded, and without a meaning of its own.

A scalar stays text: the option that it is for decides what it means, so ``name: on`` is no boolean. What
YAML would have taken it for is kept in ``Scalar.taken_for``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from exporter.config import variables
from exporter.config.mistakes import Wrong
from exporter.config.trouble import Unreadable, explain

DEEPEST = 20
MOST_NODES = 100_000
"""Aliases counted as often as they are used: a few lines of them can otherwise stand for billions."""

UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
EXPONENT = re.compile(r"[-+]?[0-9_]*\.?[0-9_]+[eE][-+]?[0-9]+")
TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = (None, "!", f"{TAG}str", f"{TAG}seq", f"{TAG}map")
NO_TAGS = ("YAML tags (with !) are not supported", "remove the tag, or quote a value that begins with !")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A mistake inside a table that decoding cannot see any more, such as a key that came twice."""

    line: int
    column: int
    key: str | None
    problem: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text; ``written`` is how it stands in the file, ``taken_for`` what other readers of YAML see in it.

    ``taken_for`` is ``str`` for a text in quotes and for one that came from the environment.
    """

    line: int
    column: int
    text: str
    written: str
    taken_for: str
    from_environment: bool = False
    wrong: Wrong | None = None
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: "tuple[Node, ...]"
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping; merge keys are already resolved."""

    line: int
    column: int
    entries: "Mapping[str, Node]"
    flaws: tuple[Flaw, ...]
    size: int


Node = Scalar | Sequence | Table


def read(text: str, environ: Mapping[str, str]) -> Node | None:
    """Return the document's tree, None where the text is empty; raise Unreadable where it is no YAML."""
    hidden = variables.hide(text)
    try:
        loader = yaml.SafeLoader(hidden)
    except yaml.YAMLError as error:
        raise explain(error, hidden) from None
    composer = _Composer(loader, environ)
    try:
        return composer.document()
    except (yaml.YAMLError, ValueError, OverflowError, LookupError) as error:
        # PyYAML lets a few plain errors out, as for an escape beyond Unicode.
        raise explain(error, hidden, loader.line, loader.column) from None
    finally:
        loader.dispose()


class _Composer:
    """Turns the parser's events into a tree."""

    def __init__(self, loader: yaml.SafeLoader, environ: Mapping[str, str]) -> None:
        self._loader = loader
        self._environ = environ
        self._anchors: dict[str, Node] = {}
        self._size = 0

    def document(self) -> Node | None:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        root = self._node(self._next(), 0)
        self._next()  # the document's end
        after = self._next()
        if not isinstance(after, yaml.StreamEndEvent):
            raise _unreadable(after, "a second document begins here", "keep one document in the file")
        return root

    def _next(self) -> yaml.Event:
        event: yaml.Event = self._loader.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it bare
        return event

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := self._next(), end):
            yield event

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > DEEPEST:
            raise _unreadable(
                event, "lists and mappings are nested too deeply", "keep to the documented form"
            )
        node = self._alias(event) if isinstance(event, yaml.AliasEvent) else self._fresh(event, depth)
        self._size += node.size if isinstance(event, yaml.AliasEvent) else 1
        if max(self._size, node.size) > MOST_NODES:
            raise _unreadable(event, "the file stands for too many values", "use fewer aliases")
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            cure = "quote a value that begins with *, or define its & anchor before"
            raise _unreadable(event, "* refers to an anchor that is not defined", cure)
        return self._anchors[event.anchor]

    def _fresh(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            node: Node = self._scalar(event)
        elif getattr(event, "tag", None) not in PLAIN_TAGS:
            raise _unreadable(event, *NO_TAGS)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._table(event, depth)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _sequence(self, event: yaml.Event, depth: int) -> Sequence:
        items = tuple(self._node(item, depth + 1) for item in self._until(yaml.SequenceEndEvent))
        size = 1 + sum(item.size for item in items)
        return Sequence(line=_line(event), column=_column(event), items=items, size=size)

    def _table(self, event: yaml.Event, depth: int) -> Table:
        entries: dict[str, Node] = {}
        merged: list[Node] = []
        flaws: list[Flaw] = []
        for key_event in self._until(yaml.MappingEndEvent):
            key = self._key(self._node(key_event, depth + 1), flaws)
            value = self._node(self._next(), depth + 1)
            if key == "<<" and getattr(key_event, "style", "") is None:
                merged.extend(value.items if isinstance(value, Sequence) else [value])
            elif key in entries:
                flaws.append(_flaw(key_event, key, "is given twice", "keep one of them"))
            elif key is not None:
                entries[key] = value
        self._merge(entries, merged, flaws)
        size = 1 + sum(node.size for node in entries.values())
        return Table(line=_line(event), column=_column(event), entries=entries, flaws=tuple(flaws), size=size)

    def _key(self, node: Node, flaws: list[Flaw]) -> str | None:
        if not isinstance(node, Scalar):
            problem, cure = (
                "a list or mapping stands where a key should",
                "quote values that begin with { or [",
            )
        elif node.wrong or node.from_environment:
            problem, cure = "a key cannot come from the environment", "write the key itself"
        else:
            return node.text
        flaws.append(Flaw(line=node.line, column=node.column, key=None, problem=problem, cure=cure))
        return None

    def _merge(self, entries: dict[str, Node], merged: list[Node], flaws: list[Flaw]) -> None:
        """Add what merge keys bring; what the table says itself, and what comes first, stands."""
        for node in merged:
            if isinstance(node, Table):
                entries.update({key: value for key, value in node.entries.items() if key not in entries})
                continue
            cure = "write <<: *anchor, with the anchor at a mapping"
            problem = "<< takes a mapping"
            flaws.append(Flaw(line=node.line, column=node.column, key=None, problem=problem, cure=cure))

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        raw = event.value
        wrong, text = None, ""
        try:
            text = variables.resolved(raw, self._environ)
            _check(text, event.tag)
        except Wrong as error:
            wrong = error
        from_environment = variables.names_variables(raw)
        plain = event.style is None and event.tag is None and not from_environment
        return Scalar(
            line=_line(event),
            column=_column(event),
            text=text,
            written=variables.written(raw),
            taken_for=self._taken_for(text) if plain else "str",
            from_environment=from_environment,
            wrong=wrong,
        )

    def _taken_for(self, text: str) -> str:
        if EXPONENT.fullmatch(text):
            return "float"  # to YAML 1.2 and JSON, if not to PyYAML
        tag: str = self._loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # likewise
        return tag.removeprefix(TAG)


def _check(text: str, tag: str | None) -> None:
    if tag not in PLAIN_TAGS:
        raise Wrong(*NO_TAGS)
    if UNPRINTABLE.search(text):
        raise Wrong("the text holds a control character", "write printable text")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _column(event: yaml.Event) -> int:
    return event.start_mark.column + 1 if event.start_mark else 1


def _flaw(event: yaml.Event, key: str, problem: str, cure: str) -> Flaw:
    return Flaw(line=_line(event), column=_column(event), key=key, problem=problem, cure=cure)


def _unreadable(event: yaml.Event, problem: str, cure: str) -> Unreadable:
    return Unreadable(problem, cure, _line(event), _column(event))
