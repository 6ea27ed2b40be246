"""The exposition formats, and which of them whoever asks wants, packed or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporter import writer
from exporter.writer import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One of Prometheus' exposition formats."""

    media_type: str
    version: str
    form: Form


OPENMETRICS = Format(media_type="application/openmetrics-text", version="1.0.0", form=writer.OPENMETRICS)
TEXT = Format(media_type="text/plain", version="0.0.4", form=writer.TEXT)
NEWER_TEXT = Format(media_type="text/plain", version="1.0.0", form=writer.TEXT)
FORMATS = (OPENMETRICS, TEXT, NEWER_TEXT)
"""Where no version is asked for, the first of a media type is given."""


class Entry(NamedTuple):
    """One entry of an ``Accept`` or ``Accept-Encoding`` header."""

    value: str
    parameters: Mapping[str, str]
    weight: float


def negotiated(accept: str) -> tuple[Format, str]:
    """Return the format that is wanted most, and its content type; plain text where we have none of them."""
    chosen, best, escaping = TEXT, 0.0, ""
    for entry in entries(accept):
        found = next((known for known in FORMATS if fits(entry, known)), None)
        if found is not None and entry.weight > best:
            chosen, best = found, entry.weight
            # Our names need no escaping, so the oldest way is true of them, whichever is asked for.
            escaping = "; escaping=underscores" if "escaping" in entry.parameters else ""
    return chosen, f"{chosen.media_type}; version={chosen.version}; charset=utf-8{escaping}"


def fits(entry: Entry, known: Format) -> bool:
    """Tell whether a format is one that an entry asks for; who takes anything gets plain text."""
    if entry.value in {"*/*", "text/*"}:
        return known is TEXT
    return entry.value == known.media_type and entry.parameters.get("version", known.version) == known.version


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether the header allows gzip, by name or as one of all, with a weight of more than nothing."""
    weights = {entry.value: entry.weight for entry in entries(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def entries(header: str) -> Iterator[Entry]:
    """Yield what a header lists; a weight that cannot be read counts as nothing."""
    for part in header.split(","):
        value, *rest = (piece.strip() for piece in part.split(";"))
        pairs = (piece.partition("=") for piece in rest)
        parameters = {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}
        yield Entry(value.lower(), parameters, weight(parameters.pop("q", "1")))


def weight(text: str) -> float:
    """Return the number that a weight says, 0 for nonsense."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0
