"""What our writer writes is what the client library writes, byte for byte."""

import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, Metric
from prometheus_client.core import Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from exporter.writer import OPENMETRICS, TEXT, Form, Labels, gauges, histogram, histograms, written
from exporter.writer import written_metric as write

FORMS = pytest.mark.parametrize("form", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,7}", fullmatch=True)
VALUES = st.floats() | st.floats(0, 1e9) | st.integers(0, 10**12).map(float)
WORDS = st.text(st.characters(codec="utf-8"), max_size=6) | st.text('\\"\n{},', max_size=6)
LABELS = st.dictionaries(NAMES.filter(lambda name: name != "le"), WORDS, max_size=5)
KINDS = ("counter", "gauge", "summary", "histogram", "gaugehistogram", "unknown", "info", "stateset")
SUFFIXES = ("", "_total", "_info", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_created", "_other")


class Given(Collector):
    """What the client library renders."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def by_the_client(form: Form, *families: Metric) -> str:
    body: bytes = (generate_openmetrics if form is OPENMETRICS else generate_latest)(Given(*families))
    return body.decode()


def by_us(form: Form, parts: Iterable[bytes]) -> str:
    return b"".join([*parts, form.end]).decode()


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    metric = Metric(draw(NAMES), draw(WORDS), draw(st.sampled_from(KINDS)))
    for suffix in draw(st.lists(st.sampled_from(SUFFIXES), max_size=6)):
        metric.samples.append(Sample(metric.name + suffix, draw(LABELS), draw(VALUES)))
    return metric


@given(st.lists(metrics(), max_size=4), st.sampled_from([TEXT, OPENMETRICS]))
def test_any_metric_is_written_as_the_client_writes_it(families: list[Metric], form: Form) -> None:
    ours = by_us(form, (part for metric in families for part in write(form, metric)))
    assert ours == by_the_client(form, *families)


Sources = list[list[tuple[dict[str, str], float]]]


@given(NAMES, WORDS, st.lists(st.lists(st.tuples(LABELS, VALUES), max_size=4), max_size=3))
@FORMS
def test_a_gauge_of_several_sources_is_one_family(form: Form, name: str, text: str, sources: Sources) -> None:
    metric = Metric(name, text, "gauge")
    metric.samples = [Sample(name, labels, value) for rows in sources for labels, value in rows]
    blocks = [gauges(name, [(Labels.of(labels), value) for labels, value in rows]) for rows in sources]
    assert by_us(form, written(form, name, "gauge", text, blocks)) == by_the_client(form, metric)


BOUNDS = ("0.5", "1.0", "60.0", "604800.0", "+Inf")
COUNTS = st.lists(st.integers(0, 10**8).map(float), min_size=len(BOUNDS), max_size=len(BOUNDS))
Distributions = list[list[tuple[dict[str, str], list[float], float]]]


@given(NAMES, WORDS, st.lists(st.lists(st.tuples(LABELS, COUNTS, VALUES), max_size=3), max_size=3))
@FORMS
def test_a_gauge_histogram_of_several_sources_is_one_family(
    form: Form, name: str, text: str, sources: Distributions
) -> None:
    metric = Metric(name, text, "gaugehistogram")
    blocks = []
    for rows in sources:
        for labels, counts, total in rows:
            metric.samples += distribution(name, labels, counts, total)
        blocks.append(
            histograms(
                form,
                [
                    histogram(name, Labels.of(labels), list(zip(BOUNDS, counts, strict=True)), total)
                    for labels, counts, total in rows
                ],
            )
        )
    ours = by_us(form, written(form, name, "gaugehistogram", text, blocks))
    assert ours == by_the_client(form, metric)


def distribution(name: str, labels: dict[str, str], counts: Sequence[float], total: float) -> list[Sample]:
    buckets = [
        Sample(f"{name}_bucket", {**labels, "le": bound}, count)
        for bound, count in zip(BOUNDS, counts, strict=True)
    ]
    return [*buckets, Sample(f"{name}_gcount", labels, counts[-1]), Sample(f"{name}_gsum", labels, total)]


EDGES = [0.0, 1.0, 999_999.0, 999_999.9, 1e6, 1_000_001.5, 123_456_789.125, 1e16, 1.5e300, 5e-324, 1e-7]


@pytest.mark.parametrize("value", [*EDGES, *(-value for value in EDGES), math.inf, -math.inf, math.nan])
@FORMS
def test_numbers_are_written_as_go_writes_them(form: Form, value: float) -> None:
    metric = Metric("a", "b", "gauge")
    metric.samples.append(Sample("a", {}, value))
    block = gauges("a", [(Labels.of({}), value)])
    assert by_us(form, write(form, metric)) == by_the_client(form, metric)
    assert by_us(form, written(form, "a", "gauge", "b", [block])) == by_the_client(form, metric)


@FORMS
def test_the_metrics_of_the_process_are_written_as_the_client_writes_them(form: Form) -> None:
    seen = Histogram("seen", "Help.", ["kind"], registry=None)
    seen.labels("a").observe(3)
    took = Summary("took", "Help.", registry=None)
    took.observe(0.5)
    collectors = (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR, seen, took)
    families = [metric for collector in collectors for metric in collector.collect()]
    assert {metric.type for metric in families} == {"gauge", "counter", "histogram", "summary"}
    ours = by_us(form, (part for metric in families for part in write(form, metric)))
    assert ours == by_the_client(form, *families)
