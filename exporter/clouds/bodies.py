"""Bodies of errors, whatever they look like: the clouds' JSON shapes, XML, a proxy's HTML, text, nothing."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.clouds.masking import presentable

LONGEST_TEXT = 200
"""Characters of a message that are kept."""
LONGEST_CODE = 80
MOST_BYTES = 64 * 2**10
DEEPEST = 6
MOST_VALUES = 500

_CODES = ("errorcode", "code")
_MESSAGES = ("errormsg", "errormessage", "message", "msg", "errordescription", "error", "detail", "title")
_REQUEST_ID = "requestid"
_NAMES = frozenset({*_CODES, *_MESSAGES, _REQUEST_ID})

_PAIR = re.compile(r'"(\w{1,40})"\s{0,9}:\s{0,9}(?:"((?:[^"\\]|\\.)*)|(\d{1,20}))')
_ELEMENT = re.compile(r"<(?:\w{1,40}:)?(\w{1,40})(?:\s[^<>]*)?>([^<]*)")
_HALF_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{0,3}$")
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|title|body)\b", re.IGNORECASE)
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error's body tells: bounded, on one line, free of secrets; None for what it does not tell."""

    code: str | None = None
    message: str | None = None
    request_id: str | None = None


def read_error(body: bytes, content_type: str) -> ErrorBody:
    """Return what ``body`` tells; never raises.

    The first character decides, as gateways and proxies are careless with ``content_type``, of which only
    HTML is believed.
    """
    text = body[:MOST_BYTES].decode("utf-8-sig", errors="replace").strip()
    if text[:1] in ("{", "["):
        return _from_json(text)
    if text[:1] == "<":
        return _from_markup(text, is_html="html" in content_type.lower() or bool(_HTML.search(text[:2000])))
    return _error(message=text)


def _from_json(text: str) -> ErrorBody:
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return _from_fragments(text)
    return _from_objects(list(_objects(document)))


def _from_fragments(text: str) -> ErrorBody:
    """Read an object that was cut off, or is not quite JSON, pair by pair; else show it as text."""
    fields: dict[str, object] = {}
    for name, quoted, number in _PAIR.findall(text):
        fields.setdefault(_plain(name), _unescaped(quoted) or number)
    found = _from_objects([fields])
    return found if found != ErrorBody() else _error(message=text)


def _unescaped(text: str) -> str:
    """Return what a JSON string says, without an escape that was cut in two."""
    try:
        return str(json.loads(f'"{_HALF_ESCAPE.sub("", text)}"', strict=False))
    except ValueError:
        return text


def _objects(document: object) -> Iterator[dict[str, object]]:
    """Yield objects, outer ones first, down to a bounded depth and number, their names made plain."""
    level = [document]
    left = MOST_VALUES
    for _ in range(DEEPEST):
        inner: list[object] = []
        for value in level[:left]:
            if isinstance(value, dict):
                yield {_plain(name): item for name, item in value.items()}
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        left = max(0, left - len(level))
        level = inner


def _plain(name: str) -> str:
    """Make error_code, errorCode and ErrorCode one name."""
    return name.replace("_", "").replace("-", "").lower()


def _from_objects(objects: list[dict[str, object]]) -> ErrorBody:
    """Read the first object that has a code and a message; else the first that has one of them."""
    told = [(_first(fields, _CODES), _first(fields, _MESSAGES)) for fields in objects]
    both = (pair for pair in told if all(pair))
    one = (pair for pair in told if any(pair))
    code, message = next(both, next(one, (None, None)))
    ids = (_first(fields, (_REQUEST_ID,)) for fields in objects)
    return _error(code=code, message=message, request_id=next(filter(None, ids), None))


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    """Return the first of ``names`` that is a text or a number (IAM's codes are numbers)."""
    values = (fields.get(name) for name in names)
    texts = (str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool))
    return next((text for text in texts if text), None)


def _from_markup(text: str, *, is_html: bool) -> ErrorBody:
    """Read HTML's title, or the elements of an XML error.

    By a tolerant expression, not a parser: a body that was cut off can still be read, and no entity is ever
    expanded or fetched (``html.unescape`` knows single characters only).
    """
    if is_html:
        title = _TITLE.search(text)
        return _error(message=html.unescape(title.group(1)) if title else None)
    fields: dict[str, object] = {}
    for name, content in _ELEMENT.findall(text.replace("<![CDATA[", "").replace("]]>", "")):
        if content.strip():
            fields.setdefault(_plain(name), html.unescape(content.strip()))
    return _from_objects([fields])


def _error(
    *, code: str | None = None, message: str | None = None, request_id: str | None = None
) -> ErrorBody:
    return ErrorBody(
        code=presentable(code or "", LONGEST_CODE) or None,
        message=presentable(message or "", LONGEST_TEXT) or None,
        request_id=request_id_of(request_id or ""),
    )


def request_id_of(text: str) -> str | None:
    """Return what the vendor's support asks for, None where ``text`` is not fit for an id."""
    return text if _ID.fullmatch(text) and presentable(text, len(text)) == text else None
