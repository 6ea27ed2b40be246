"""Scrapes read back, by the client library's own parsers."""

from collections.abc import Iterable, Mapping

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]


def read_text(text: str) -> list[Metric]:
    """Return the families of a scrape in Prometheus' text format."""
    return list(text_string_to_metric_families(text))


def read_openmetrics(text: str) -> list[Metric]:
    """Return the families of a scrape in OpenMetrics; raises ValueError for whatever the format forbids."""
    return list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def samples(families: Iterable[Metric]) -> dict[Series, float]:
    """Return every sample's value by its name and labels; a series that stands twice is an error."""
    found: dict[Series, float] = {}
    for family in families:
        for sample in family.samples:
            key = series(sample.name, sample.labels)
            if key in found:
                raise ValueError(f"{key} stands twice")
            found[key] = sample.value
    return found


def series(name: str, labels: Mapping[str, str]) -> Series:
    """Return the key of a series."""
    return name, frozenset(labels.items())
