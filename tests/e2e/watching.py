"""A real Prometheus, told what to scrape and asked what it saw."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from tests.programs import program

Value = TypeVar("Value")

PATIENCE = 45.0
"""Seconds that anything may take on a busy machine."""
LONGEST = "300"
"""Seconds after which it ends by itself, whatever became of the tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Prometheus while it runs."""

    http: httpx.Client
    log: Path

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each series of an instant query."""
        found = self._get("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def targets(self) -> list[dict[str, Any]]:
        """Return the targets and how their last scrapes went."""
        active: list[dict[str, Any]] = self._get("targets", state="active")["activeTargets"]
        return active

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        response = self.http.get(f"/api/v1/{what}", params=parameters)
        data: dict[str, Any] = response.raise_for_status().json()["data"]
        return data

    def troubles(self) -> list[str]:
        """Return what its log warns of, or worse."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if "level=warn" in line or "level=error" in line]


@contextmanager
def prometheus(folder: Path, jobs: list[dict[str, object]]) -> Iterator[Watcher]:
    """Run Prometheus with these scrape configurations; it is ready when the block begins."""
    path, log = folder / "prometheus.json", folder / "prometheus.log"
    path.write_text(json.dumps({"scrape_configs": jobs}))  # JSON is YAML
    subprocess.run(
        [program("promtool", package="prometheus"), "check", "config", path], check=True, capture_output=True
    )
    address = f"127.0.0.1:{free_port()}"
    command = ["timeout", "--kill-after=5", LONGEST, program("prometheus", package="prometheus")]
    options = [
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with log.open("w") as output, subprocess.Popen([*command, *options], stderr=output) as process:
        try:
            with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=10) as http:
                eventually(lambda: ready(http, process), bool)
                yield Watcher(http=http, log=log)
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def ready(http: httpx.Client, process: "subprocess.Popen[bytes]") -> bool:
    """Tell whether it answers queries; it must not have ended."""
    assert process.poll() is None
    try:
        return http.get("/-/ready").is_success
    except httpx.TransportError:
        return False


def eventually(ask: Callable[[], Value], good: Callable[[Value], object]) -> Value:
    """Ask until the answer is good, and return it; after a while return whatever it is."""
    end = time.monotonic() + PATIENCE
    while not good(answer := ask()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer


def quantile(rank: float, buckets: dict[float, float]) -> float:
    """Return what histogram_quantile should, of cumulative counts by upper bound."""
    wanted = rank * buckets[float("inf")]
    low = below = 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= wanted:
            return low + (bound - low) * (wanted - below) / (buckets[bound] - below)
        low, below = bound, buckets[bound]
    raise AssertionError("the last bucket holds all")


def with_defaults(configuration: str, **defaults: float | str) -> str:
    """Return the configuration with other defaults for all sources."""
    return f"defaults: {msgspec.json.encode(defaults).decode()}\n{configuration}"
