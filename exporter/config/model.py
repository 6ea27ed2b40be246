"""What a configuration file says, as frozen values."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from exporter.config.values import Duration, Endpoint, Name, PositiveDuration, Region
from exporter.credentials import Credentials


class ApiKind(Protocol):
    """What the configuration needs to know of a list API."""

    @property
    def cloud(self) -> str:
        """``alibaba`` or ``huawei``."""
        ...

    @property
    def options(self) -> type[msgspec.Struct]:
        """Its own options: names, types with their limits, defaults."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one option in the light of the others, and what to write instead."""

    option: str
    problem: str
    cure: str


@runtime_checkable
class ChecksItself(Protocol):
    """A struct of options that looks at its values together, once each is right by itself."""

    def problems(self) -> Iterable[Problem]:
        """Yield what is wrong."""
        ...


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What ``defaults`` may set and any source may override; durations in seconds."""

    timeout: Annotated[
        PositiveDuration,
        Meta(
            description="How long one collection may take. A scrape ends half a second before Prometheus' "
            "own scrape_timeout, if that is shorter. A source that takes longer fails alone; the others are "
            "in the answer."
        ),
    ] = 10.0
    min_interval: Annotated[
        Duration,
        Meta(
            description="For how long a finished collection serves again. With two Prometheus servers, a "
            "little less than their scrape interval halves the requests."
        ),
    ] = 0.0
    max_staleness: Annotated[
        Duration,
        Meta(
            description="For how long the last complete collection is shown when the cloud does not answer. "
            "It keeps its own time, and datajobs_source_success is 0 meanwhile."
        ),
    ] = 300.0
    lookback: Annotated[
        Duration,
        Meta(
            description="Which finished jobs count as recent: their durations and files are in the numbers."
        ),
    ] = 3_600.0
    longest_job: Annotated[
        Duration,
        Meta(
            description="How long a job may have taken that finished inside lookback. It matters only for "
            "long lists of pai_dataset_jobs whose cloud does not sort by end: jobs created longer ago are "
            "then counted, and not looked at."
        ),
    ] = 86_400.0
    concurrency: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            description="How many requests of one source may be in flight at once. Sources with the same "
            "credentials together keep to the largest of theirs; one that is not answered leaves a quarter "
            "of it to the others.",
        ),
    ] = 16
    requests_per_second: Annotated[
        float,
        Meta(
            gt=0,
            description="How many requests of one source may begin in a second. Sources with the same "
            "credentials together keep to the largest of theirs. Throttling by the cloud halves it, and it "
            "comes back within a minute. Mind what else uses the same account.",
        ),
    ] = 20.0
    max_series: Annotated[
        int,
        Meta(
            ge=100,
            description="How many series one metric family of one source may have (a histogram counts as one "
            "series). What is beyond is counted together, in series whose labels say other; "
            "datajobs_series_dropped tells how many series that saves.",
        ),
    ] = 2_000
    per_job: Annotated[
        int,
        Meta(
            ge=0,
            description="How many jobs of one source may have series of their own (datajobs_job_info and its "
            "family): of the active ones, the oldest first. 0 is none. Without effect on "
            "octopus_queuing_jobs.",
        ),
    ] = 0


class Basics(msgspec.Struct, frozen=True, kw_only=True):
    """What every source says of itself, as it stands in the file."""

    name: Annotated[
        Name, Meta(description="What you call the source. It becomes the label source, so it should stay.")
    ]
    api: Annotated[Name, Meta(description="The list API.")]
    region: Annotated[
        Region | None, Meta(description="The cloud's region. May be left out where endpoint is given.")
    ] = None
    endpoint: Annotated[
        Endpoint | None,
        Meta(
            description="Scheme, host and port, where the region's public address is not the right one: "
            "inside a VPC, or behind a proxy."
        ),
    ] = None
    ca_file: Annotated[
        Path | None,
        Meta(
            description="A file of certificates (PEM) to trust beside those of the system. TLS is always "
            "verified; from Python 3.13 on an authority's certificate must tell its key usage."
        ),
    ] = None
    credentials: Annotated[Name, Meta(description="The name of an entry of the section credentials.")]


class Source(Settings, frozen=True, kw_only=True):
    """One list of jobs to collect. ``region`` is None only where ``endpoint`` is given."""

    name: str
    api: str
    cloud: str
    region: str | None
    endpoint: str | None
    ca_file: Path | None
    credentials_name: str
    credentials: Credentials
    options: msgspec.Struct


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration; there is at least one source, and their names differ."""

    sources: tuple[Source, ...]
