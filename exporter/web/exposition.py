"""Families to bytes, in the format and encoding that whoever asks accepts."""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder
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


def exposition(request: Request, families: Iterable[Metric]) -> Response:
    """Answer with the families, as text or OpenMetrics, packed where that is accepted and worth it."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    body: bytes = encode(Exposition(families))
    headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
    if accepts_gzip(request.headers.get("accept-encoding", "")) and len(body) > WORTH_PACKING:
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
    return Response(body, headers=headers)


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether the header allows gzip: named, and not with a weight of nothing."""
    for entry in accept_encoding.split(","):
        coding, _, weight = (part.strip() for part in entry.partition(";"))
        if coding.lower() in {"gzip", "*"}:
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
