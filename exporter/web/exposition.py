"""Families to bytes, in the format and encoding that whoever asks accepts."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.requests import Request
from starlette.responses import Response

GZIP_LEVEL = 6
"""Level 9 takes three times as long for the same size."""
WORTH_PACKING = 1400


@dataclass(frozen=True, slots=True)
class Exposition:
    """What prometheus-client renders: anything that collects."""

    families: Iterable[Metric]

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield from self.families


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One of Prometheus' exposition formats."""

    media_type: str
    version: str
    encode: Callable[[Exposition], bytes]


OPENMETRICS = Format(
    media_type="application/openmetrics-text",
    version="1.0.0",
    encode=partial(openmetrics.generate_latest, version="1.0.0"),
)
TEXT = Format(media_type="text/plain", version="0.0.4", encode=generate_latest)
NEWER_TEXT = Format(media_type="text/plain", version="1.0.0", encode=generate_latest)
FORMATS = (OPENMETRICS, TEXT, NEWER_TEXT)
"""Where no version is asked for, the first of a media type is given."""


class Entry(NamedTuple):
    """One entry of an ``Accept`` or ``Accept-Encoding`` header."""

    value: str
    parameters: Mapping[str, str]
    weight: float


def exposition(request: Request, families: Iterable[Metric]) -> Response:
    """Answer with the families, as text or OpenMetrics, packed where that is accepted and worth it."""
    chosen, content_type = negotiated(request.headers.get("accept", ""))
    body = chosen.encode(Exposition(families))
    headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
    if accepts_gzip(request.headers.get("accept-encoding", "")) and len(body) > WORTH_PACKING:
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
    return Response(body, headers=headers)


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
