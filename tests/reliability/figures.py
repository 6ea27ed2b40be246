"""What the trials came to: kept in docs/reliability.json, told in docs/reliability.md."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.__main__ import machine

FIGURES = Path(__file__).parents[2] / "docs" / "reliability.json"
"""What trials by hand have measured; nothing else writes it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a phase of the trial under load: seconds, MB, and counts."""

    name: str
    seconds: float
    answered: int
    p50: float
    p99: float
    slowest: float
    refused: int
    refused_p99: float | None
    health_p99: float
    wrong: dict[str, int]
    asked: float
    """Requests to the clouds, a second."""
    at_once: int
    """Requests to the clouds, at most at once."""
    memory: float
    descriptors: int


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The trial under load; ``idle`` is the number of descriptors before anybody came, ``left`` after all."""

    phases: Sequence[Outcome]
    patience: float
    idle: int
    left: int
    status: int
    """That of a scrape after all."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What there is when nothing is asked. Memory is in MB, that of the simulated clouds not included."""

    hour: float
    memory: float
    tasks: int
    descriptors: int
    threads: int
    series: int
    sources: int
    """Live sources, those that are gone from the configuration included."""


class Soak(msgspec.Struct, frozen=True, kw_only=True):
    """A day; ``seconds`` is how long it took, ``interval`` the seconds between two scrapes of one server."""

    samples: Sequence[Sample]
    interval: float
    scrapes: int
    failed: int
    """Requests and collections that failed, as the faults would have it."""
    requests: int
    reloads: int
    rejected: int
    lines: int
    """Of the log."""
    seconds: float


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """When and on what a trial was made; ``busy`` is how many processes wanted to run when it ended."""

    date: str
    machine: str
    busy: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All that there is to tell."""

    load: Load | None = None
    load_made: Made | None = None
    soak: Soak | None = None
    soak_made: Made | None = None


def known(path: Path = FIGURES) -> Figures:
    """Return what was measured before."""
    return msgspec.json.decode(path.read_bytes(), type=Figures) if path.exists() else Figures()


def keep(figures: Figures, path: Path = FIGURES) -> None:
    """Put figures in the place of those that were measured before."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def made_now() -> Made:
    """Return the circumstances of a trial that ends now."""
    return Made(date=datetime.now(UTC).date().isoformat(), machine=machine(), busy=os.getloadavg()[0])
