"""One text of the file to one value: the types and limits of options, and the words for what is wrong."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import inspect

from exporter.config import values
from exporter.config.document import Scalar
from exporter.config.mistakes import Wrong, as_list, closest, listing, quoted

PARSERS: Mapping[type, Callable[[Scalar], Any]] = {
    inspect.StrType: values.text,
    inspect.LiteralType: values.text,
    inspect.IntType: values.whole,
    inspect.FloatType: values.number,
    inspect.BoolType: values.boolean,
}
LIMITS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("gt", "more than", lambda found, limit: found > limit),
    ("ge", "at least", lambda found, limit: found >= limit),
    ("lt", "less than", lambda found, limit: found < limit),
    ("le", "at most", lambda found, limit: found <= limit),
)


def scalar(node: Scalar, kinds: list[inspect.Type], folder: Path, *, takes_list: bool) -> Any:
    """Return the text as the first of the kinds that takes it; raise Wrong as the last of them does."""
    wrong = Wrong(f"{quoted(node.written)} is not a list", f"write {as_list(node.written)}")
    for kind in kinds:
        if isinstance(kind, inspect.NoneType):
            continue
        try:
            return _one(node, kind, folder)
        except Wrong as error:
            instead = f" (or a list, as in {as_list(node.written)})" if takes_list else ""
            wrong = Wrong(error.problem, error.cure + instead)
    raise wrong


def such_as(kinds: list[inspect.Type]) -> str:
    """Return a cure's ", such as VALUE"; "" where no example is known."""
    known = example(kinds)
    return f", such as {known}" if known else ""


def example(kinds: list[inspect.Type]) -> str:
    """Return an example of a value as it stands in the file; "" where none is known."""
    for kind in kinds:
        if isinstance(kind, inspect.LiteralType):
            return str(kind.values[0])
        if isinstance(kind, inspect.VarTupleType):
            return f"[{example([kind.item_type]) or '…'}]"
        if isinstance(kind, inspect.Metadata):
            examples = (kind.extra_json_schema or {}).get("examples")
            return str(examples[0]) if examples else example([kind.type])
    return ""


def _one(node: Scalar, kind: inspect.Type, folder: Path) -> Any:
    extra, such = {}, such_as([kind])
    if isinstance(kind, inspect.Metadata):
        extra, kind = kind.extra or {}, kind.type
    if isinstance(kind, inspect.CustomType) and kind.cls is Path:
        return values.path(node, folder)
    found = values.FORMS.get(extra.get("form", ""), PARSERS[type(kind)])(node)
    if isinstance(kind, inspect.LiteralType):
        _check_choice(node, found, kind)
    elif isinstance(kind, inspect.StrType):
        _check_text(node, found, kind, extra.get("wanted", ""), such)
    elif isinstance(kind, (inspect.IntType, inspect.FloatType)):
        _check_limits(node, found, kind)
    return found


def _check_choice(node: Scalar, found: str, kind: inspect.LiteralType) -> None:
    choices = [str(choice) for choice in kind.values]
    if found not in choices:
        near = closest(found, choices)
        cure = (
            f"did you mean {near}?"
            if near
            else f"write {'one of ' if len(choices) > 1 else ''}{listing(choices)}"
        )
        raise Wrong(f"{quoted(node.written)} is not known here", cure)


def _check_text(node: Scalar, found: str, kind: inspect.StrType, wanted: str, such: str) -> None:
    fits = kind.pattern is None or re.search(kind.pattern, found)
    if fits and (kind.min_length or 0) <= len(found) <= (kind.max_length or len(found)):
        return
    if not wanted:
        raise Wrong(
            f"{quoted(node.written)} is not what this option takes", "look it up in the documentation"
        )
    raise Wrong(f"{quoted(node.written)} is not {wanted.partition(' (')[0]}", f"write {wanted}{such}")


def _check_limits(node: Scalar, found: float, kind: inspect.IntType | inspect.FloatType) -> None:
    limits = [(name, words, fits, getattr(kind, name)) for name, words, fits in LIMITS]
    stated = [(words, fits, limit) for _, words, fits, limit in limits if limit is not None]
    if not all(fits(found, limit) for _, fits, limit in stated):
        wanted = " and ".join(f"{words} {limit}" for words, _, limit in stated)
        raise Wrong(f"{quoted(node.written)} is out of range", f"write {wanted}")
