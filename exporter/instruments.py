"""The counters that live as long as the process: what was asked of the clouds, and how it went."""

import platform
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.samples import Sample

from exporter import __version__, metrics
from exporter.errors import Reason
from exporter.metrics import SOURCE_LABELS, Family, Kind

REQUEST_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class SourceInstruments:
    """What is counted of one source; its counters are there, at 0, from the start."""

    def __init__(self, instruments: "Instruments", api: str, source: str) -> None:
        self._all = instruments
        self._labels = (api, source)
        self._duration = instruments.duration.labels(api, source)
        self._retries = instruments.retries.labels(api, source)
        self._throttled = instruments.throttled.labels(api, source)
        self._coalesced = instruments.coalesced.labels(api, source)
        self._failures = {reason: instruments.failures.labels(api, source, reason.value) for reason in Reason}

    def requested(self, code: str, seconds: float) -> None:
        """Count a request that was answered with a status code (or ``none``) after ``seconds``."""
        self._all.requests.labels(*self._labels, code).inc()
        self._duration.observe(seconds)

    def failed(self, reason: Reason) -> None:
        """Count a failure."""
        self._failures[reason].inc()

    def retried(self) -> None:
        """Count a request that is sent again."""
        self._retries.inc()

    def throttled(self, seconds: float) -> None:
        """Count the time that the cloud told us to wait."""
        self._throttled.inc(seconds)

    def coalesced(self) -> None:
        """Count a scrape that shares the collection of another."""
        self._coalesced.inc()

    def unknown_values(self, fields: Mapping[str, int]) -> None:
        """Count values that are in no document, by field."""
        for field, count in fields.items():
            self._all.unknown.labels(*self._labels, field).inc(count)


class Instruments:
    """All counters, each made from its entry of the catalogue."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._apis: Mapping[str, str] = {}
        self._gone: dict[tuple[str, str], None] = {}
        """Name and API of sources that are gone, the last ones to go at the end."""
        self.requests = self._counter(metrics.REQUESTS)
        self.failures = self._counter(metrics.FAILURES)
        self.retries = self._counter(metrics.RETRIES)
        self.throttled = self._counter(metrics.THROTTLED)
        self.unknown = self._counter(metrics.UNKNOWN_VALUES)
        self.coalesced = self._counter(metrics.COALESCED)
        self.duration = Histogram(
            *described(metrics.REQUEST_DURATION, Kind.HISTOGRAM),
            registry=self._registry,
            buckets=REQUEST_BOUNDS,
        )
        self._about_sources: Sequence[tuple[Family, Counter | Histogram]] = (
            (metrics.REQUESTS, self.requests),
            (metrics.FAILURES, self.failures),
            (metrics.RETRIES, self.retries),
            (metrics.THROTTLED, self.throttled),
            (metrics.UNKNOWN_VALUES, self.unknown),
            (metrics.COALESCED, self.coalesced),
            (metrics.REQUEST_DURATION, self.duration),
        )
        self._refused = self._counter(metrics.REFUSED)
        self._reload_successful = self._gauge(metrics.RELOAD_SUCCESSFUL)
        self._reload_time = self._gauge(metrics.RELOAD_TIME)
        self.reload_has_failed = False
        """Whether the configuration file was no good when it was last read."""
        self._gauge(metrics.BUILD_INFO).labels(__version__, platform.python_version()).set(1)

    def of(self, api: str, source: str) -> SourceInstruments:
        """Return what counts for one source."""
        return SourceInstruments(self, api, source)

    def refused(self) -> None:
        """Count a scrape that was turned away."""
        self._refused.inc()

    def reloaded(self) -> None:
        """Note that the configuration in use was read just now."""
        self.reload_has_failed = False
        self._reload_successful.set(1)
        self._reload_time.set(time.time())

    def reload_failed(self) -> None:
        """Note that the configuration file is no good, and that the one in use is an older one."""
        self.reload_has_failed = True
        self._reload_successful.set(0)

    def in_use(self, apis: Mapping[str, str]) -> None:
        """Note the API of each source; what was counted of another by the same name is not shown.

        Sources that come back go on counting: as many that are gone are remembered as there are in use.
        """
        self._gone = {item: None for item in (*self._gone, *self._apis.items()) if item not in apis.items()}
        self._apis = apis
        for item in list(self._gone)[: -len(apis) or None]:
            del self._gone[item]
            self._forget(*item)

    def _forget(self, source: str, api: str) -> None:
        for family, instrument in self._about_sources:
            samples = [sample for metric in instrument.collect() for sample in metric.samples]
            known = {tuple(sample.labels[name] for name in family.labels) for sample in samples}
            for values in known:
                if values[: len(SOURCE_LABELS)] == (api, source):
                    instrument.remove(*values)

    def about_sources(self, sources: Iterable[str]) -> Iterator[Metric]:
        """Yield the families about sources, with the samples of these only."""
        wanted = set(sources)
        for family in self._registry.collect():
            samples = [sample for sample in family.samples if told(sample) and self._shown(sample, wanted)]
            if samples:
                family.samples = samples
                yield family

    def _shown(self, sample: Sample, wanted: Collection[str]) -> bool:
        source, api = sample.labels["source"], sample.labels["api"]
        return source in wanted and self._apis.get(source, api) == api

    def about_exporter(self) -> Iterator[Metric]:
        """Yield the families about this process."""
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not when_made(sample)]
            if family.samples and all("source" not in sample.labels for sample in family.samples):
                yield family

    def _counter(self, family: Family) -> Counter:
        return Counter(*described(family, Kind.COUNTER), registry=self._registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(*described(family, Kind.GAUGE), registry=self._registry)


def told(sample: Sample) -> bool:
    """Tell whether a sample is about a source."""
    return "source" in sample.labels and not when_made(sample)


def when_made(sample: Sample) -> bool:
    """Tell whether a sample is the client library's own, of when a counter was made."""
    return sample.name.endswith("_created")


def described(family: Family, expected: Kind) -> tuple[str, str, tuple[str, ...]]:
    """Return name, help and labels; an instrument of another kind than the catalogue says is a bug."""
    if family.kind is not expected:
        raise TypeError(f"{family.name} is a {family.kind}, not a {expected}")
    return family.name, family.help, family.labels
