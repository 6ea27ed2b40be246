"""The kinds of values that options have, and how a text of the file becomes one of them.

The annotated types are for the fields of ``Settings`` and of the APIs' own options structs. ``wanted`` in
their ``extra`` and their ``examples`` are what a user reads when a value will not do. What an option is for
is said once, as the ``description`` of its field: the documentation and the schema for editors show it.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Meta

from exporter.config.document import Scalar
from exporter.config.mistakes import Wrong, cut, quoted

Item = TypeVar("Item")

Identifier = Annotated[
    str,
    Meta(
        pattern=r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$",
        extra={"wanted": "an id (letters, digits, '.', '_' and '-')"},
        examples=["abc-123"],
    ),
]
"""An id as the clouds give them; never ``.`` or ``..``, as it may become a part of a path."""

Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        extra={"wanted": "a name (up to 64 letters, digits, '_', '.' and '-')"},
        examples=["pai-vision"],
    ),
]
"""A name that the user chooses: it becomes a label's value."""

Region = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=63,
        extra={"wanted": "a region's id (small letters, digits and '-')"},
        examples=["cn-hangzhou"],
    ),
]
"""A region's id: it becomes a part of a host's name."""

Duration = Annotated[float, Meta(extra={"form": "duration"}, examples=["1h30m"])]
"""Seconds; in the file Prometheus' form: ``500ms``, ``30s``, ``5m``, ``1h30m``, ``1d``, ``0``."""

PositiveDuration = Annotated[Duration, Meta(gt=0)]
"""A duration of more than nothing."""

Endpoint = Annotated[
    str,
    Meta(
        extra={"form": "endpoint"},
        examples=["https://dayu-dlf.cn-north-4.myhuaweicloud.com"],
    ),
]
"""``http`` or ``https``, a host, and perhaps a port; no path, no user."""

Several = Annotated[tuple[Item, ...], Meta(min_length=1)]
"""A list that is neither empty nor repeats an entry: ``Several[Identifier]``."""

UNITS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
"""Milliseconds."""

DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,9}}){unit})?" for unit in UNITS))
DURATION_CURE = "write a number with its unit, as in 500ms, 30s, 5m, 1h30m or 1d"
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")  # 010 is eight to some readers of YAML
NUMBER = re.compile(rf"{WHOLE.pattern}(\.[0-9]{{1,15}})?")
LOSSLESS = re.compile(r"0|-?[1-9][0-9]*")
TAKEN_FOR = {
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "null": "nothing",
    "timestamp": "a date",
}
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
ENDPOINT_CURE = "write scheme, host and perhaps port only, as in https://example.com:8443"


def text(scalar: Scalar) -> str:
    """Return the text that was meant; refuse what other readers of YAML would turn into something else."""
    if not scalar.text:
        raise Wrong(f"{scalar.written} is empty" if scalar.from_environment else "is empty", "write a value")
    if "\n" in scalar.text:
        raise Wrong("has more than one line", "write it in one line")
    if ambiguous(scalar):
        problem = f"{cut(scalar.text)} without quotes is {TAKEN_FOR.get(scalar.taken_for, 'no text')} to YAML"
        raise Wrong(problem, f"write {quoted(scalar.text)}")
    return scalar.text


def ambiguous(scalar: Scalar) -> bool:
    """Tell whether other readers of YAML would turn the text into something that cannot be turned back."""
    lossless = scalar.taken_for == "int" and LOSSLESS.fullmatch(scalar.text)
    return scalar.taken_for != "str" and not lossless


def whole(scalar: Scalar) -> int:
    """Return a whole number."""
    return int(_digits(scalar, WHOLE, "a whole number"))


def number(scalar: Scalar) -> float:
    """Return a number; never infinite, never none."""
    return float(_digits(scalar, NUMBER, "a number"))


def _digits(scalar: Scalar, form: re.Pattern[str], kind: str) -> str:
    if not form.fullmatch(scalar.text):
        raise Wrong(f"{quoted(scalar.written)} is not {kind}", f"write {kind}, such as 20")
    if scalar.taken_for == "str" and not scalar.from_environment:
        raise Wrong(f"{quoted(scalar.written)} in quotes is a text, not {kind}", "remove the quotes")
    return scalar.text


def boolean(scalar: Scalar) -> bool:
    """Return true or false."""
    if scalar.text not in ("true", "false"):
        raise Wrong(f"{quoted(scalar.written)} is neither true nor false", "write true or false")
    return scalar.text == "true"


def seconds_of(text: str) -> float:
    """Return the seconds that a duration like 1h30m means; raises ValueError that says what to write."""
    try:
        return seconds(Scalar(line=0, column=0, text=text, written=text, taken_for="str"))
    except Wrong as exc:
        raise ValueError(f"{exc.problem}; {exc.cure}") from None


def seconds(scalar: Scalar) -> float:
    """Return a duration in seconds."""
    match = DURATION.fullmatch(scalar.text)
    if scalar.text == "0":
        return 0.0
    if WHOLE.fullmatch(scalar.text):
        raise Wrong(
            f"{cut(scalar.written)} has no unit", f"write {cut(scalar.written)}s if seconds are meant"
        )
    if not scalar.text or not match:
        raise Wrong(f"{quoted(scalar.written)} is not a duration", DURATION_CURE)
    return sum(int(count) * UNITS[unit] for unit, count in match.groupdict().items() if count) / 1000


def duration(amount: float) -> str:
    """Return seconds in the file's form: the opposite of ``seconds``, to the millisecond."""
    left = round(amount * 1000)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, UNITS[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def endpoint(scalar: Scalar) -> str:
    """Return an endpoint, as ``https://host:port``; messages do not repeat it, as it may hold a password."""
    written = text(scalar)
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise Wrong("is not an address", ENDPOINT_CURE) from None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    schemes = ("http", "https")
    if parts.scheme not in schemes or not HOST.fullmatch(host):
        raise Wrong("is not an address that begins with http:// or https:// and a host", ENDPOINT_CURE)
    if "@" in parts.netloc:
        raise Wrong("holds a user name or password", "name a set of credentials instead; " + ENDPOINT_CURE)
    bare = f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
    if written.lower() != bare:
        raise Wrong("holds more than scheme, host and port", f"write {bare}")
    return bare


def path(scalar: Scalar, folder: Path) -> Path:
    """Return a path; a relative one counts from the configuration file's folder."""
    return folder / text(scalar)


FORMS: dict[str, Callable[[Scalar], Any]] = {"duration": seconds, "endpoint": endpoint}
"""Parsers for the types above that say their form in ``Meta.extra``."""
