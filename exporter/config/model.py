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

    timeout: PositiveDuration = 10.0
    min_interval: Duration = 0.0
    max_staleness: Duration = 300.0
    lookback: Duration = 3_600.0
    longest_job: Duration = 86_400.0
    concurrency: Annotated[int, Meta(ge=1, le=256)] = 16
    requests_per_second: Annotated[float, Meta(gt=0)] = 20.0


class Basics(msgspec.Struct, frozen=True, kw_only=True):
    """What every source says of itself, as it stands in the file."""

    name: Name
    api: Name
    region: Region | None = None
    endpoint: Endpoint | None = None
    ca_file: Path | None = None
    credentials: Name


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
