"""Prometheus' exposition formats, written: what prometheus-client writes, byte for byte, for less.

For families that have neither units, exemplars nor timestamps, and names that need no escaping: ours.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

APART = ("_created", "_gcount", "_gsum")
"""Suffixes that are OpenMetrics' own: in the older format each makes a family of gauges, in this order."""
OLDER_TYPES = {
    "info": "gauge",
    "stateset": "gauge",
    "gaugehistogram": "histogram",
    "unknown": "untyped",
}
OLDER_SUFFIXES = {"counter": "_total", "info": "_info"}
PLAIN = 1e6
"""Below it Python and Go write numbers alike."""

Block = Mapping[str, bytes]
"""Lines of samples of one family: those in its own section by '', those of sections apart by suffix."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """How one of the formats is written."""

    apart: Sequence[str]
    end: bytes
    older: bool

    def head(self, name: str, kind: str, text: str, suffix: str = "") -> bytes:
        """Return the lines before the samples of a family, or of a section of it."""
        text = text.replace("\\", r"\\").replace("\n", r"\n")
        if not self.older:
            text = text.replace('"', r"\"")
        elif suffix:
            name, kind = name + suffix, "gauge"
        else:
            name, kind = name + OLDER_SUFFIXES.get(kind, ""), OLDER_TYPES.get(kind, kind)
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()


TEXT = Form(apart=APART, end=b"", older=True)
OPENMETRICS = Form(apart=(), end=b"# EOF\n", older=False)


class Labels(NamedTuple):
    """The labels of a series as they are written, in the order of their names.

    ``before`` and ``after`` are the parts around an ``le``.
    """

    names: frozenset[str]
    text: str
    before: str
    after: str

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> "Labels":
        """Write labels."""
        names = sorted(labels)
        pairs = [f'{name}="{escaped(labels[name])}"' for name in names]
        place = bisect(names, "le")
        return cls(
            names=frozenset(names),
            text=f"{{{','.join(pairs)}}}" if pairs else "",
            before="{" + "".join([f"{pair}," for pair in pairs[:place]]),
            after="".join([f",{pair}" for pair in pairs[place:]]) + "}",
        )


@lru_cache(maxsize=2**15)
def braced(labels: tuple[tuple[str, str], ...]) -> str:
    """Return labels as they are written; our own metrics carry the same ones again and again."""
    pairs = [f'{name}="{escaped(text)}"' for name, text in sorted(labels)]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def escaped(value: str) -> str:
    """Return a label's value as it stands between its quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def number(value: float) -> str:
    """Return a sample's value as Go writes it."""
    return repr(value) if -PLAIN < value < PLAIN else str(floatToGoString(value))  # type: ignore[no-untyped-call]  # the client has no types here


def gauges(name: str, rows: Iterable[tuple[Labels, float]]) -> Block:
    """Write the samples of a gauge."""
    lines = [f"{name}{labels.text} {number(value)}\n" for labels, value in rows]
    return {"": "".join(lines).encode()} if lines else {}


def histogram(name: str, labels: Labels, pairs: Sequence[tuple[str, float]], total: float) -> list[str]:
    """Return the lines of a gauge histogram: those of its buckets, its count, its sum."""
    start, end = f'{name}_bucket{labels.before}le="', f'"{labels.after} '
    buckets = [f"{start}{bound}{end}{number(count)}\n" for bound, count in pairs]
    return [
        "".join(buckets),
        f"{name}_gcount{labels.text} {number(pairs[-1][1])}\n",
        f"{name}_gsum{labels.text} {number(total)}\n",
    ]


def histograms(form: Form, rows: Iterable[Sequence[str]]) -> Block:
    """Put gauge histograms of one family together."""
    several = list(rows)
    if not several:
        return {}
    if not form.apart:
        return {"": "".join(["".join(lines) for lines in several]).encode()}
    columns = zip(("", "_gcount", "_gsum"), zip(*several, strict=True), strict=True)
    return {suffix: "".join(lines).encode() for suffix, lines in columns}


def samples(form: Form, metric: Metric) -> Block:
    """Write the samples of one of prometheus-client's own metrics."""
    apart = {metric.name + suffix: suffix for suffix in form.apart}
    lines: dict[str, list[str]] = {}
    for sample in metric.samples:
        line = f"{sample.name}{braced(tuple(sample.labels.items()))} {number(float(sample.value))}\n"
        lines.setdefault(apart.get(sample.name, ""), []).append(line)
    return {suffix: "".join(mine).encode() for suffix, mine in lines.items()}


def written(form: Form, name: str, kind: str, text: str, blocks: Sequence[Block]) -> Iterator[bytes]:
    """Yield a family: each section that there is something in, with its head; its own section in any case."""
    for suffix in ("", *form.apart):
        mine = [block[suffix] for block in blocks if suffix in block]
        if mine or not suffix:
            yield form.head(name, kind, text, suffix)
            yield from mine


def written_metric(form: Form, metric: Metric) -> Iterator[bytes]:
    """Yield one of prometheus-client's own metrics."""
    return written(form, metric.name, metric.type, metric.documentation, [samples(form, metric)])
