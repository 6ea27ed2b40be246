"""Does an installed exporter work? ``python -m tools.smoke COMMAND`` tries one.

It must tell its version, write its dashboards and rules, serve a scrape of simulated clouds, and end at
SIGTERM.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tools.running import FailedError, environment, ran

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""
SUCCESS = re.compile(r"^datajobs_source_success\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an exporter showed of itself."""

    version: str
    files: tuple[str, ...]
    sources: int
    series: int
    seconds: float


def smoke(command: Path) -> Seen:
    """Try the command; raises FailedError where it does not do what it should."""
    began = time.perf_counter()
    version = ran(command, "--version", seconds=PATIENCE).split()[-1]
    files = tuple(written(command))
    scrape = scraped(command)
    states = SUCCESS.findall(scrape)
    if not states or set(states) != {"1.0"}:
        raise FailedError(f"{command}: sources of simulated clouds: {states}")
    return Seen(
        version=version,
        files=files,
        sources=len(states),
        series=sum(not line.startswith("#") for line in scrape.splitlines()),
        seconds=time.perf_counter() - began,
    )


def written(command: Path) -> Iterator[str]:
    """Yield the names of the dashboards and rules that the command writes."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("dashboards", "rules"):
            place = Path(folder, kind)
            ran(command, kind, "--output", place, seconds=PATIENCE)
            for path in sorted(place.iterdir()):
                text = path.read_text(encoding="utf-8")
                if not (json.loads(text).get("panels") if kind == "dashboards" else "groups:" in text):
                    raise FailedError(f"{command}: {path.name} is none of the {kind}")
                yield f"{kind}/{path.name}"


def scraped(command: Path) -> str:
    """Return a scrape of the command's own demo, which must then end at SIGTERM with status 0."""
    with demo(command) as process:
        lines = process.stdout or ()
        url = next((line.split()[1] for line in lines if line.startswith("metrics ")), None)
        if url is None:
            raise FailedError(f"{command} demo ended without a word of where its metrics are")
        text = fetched(url)
        process.send_signal(signal.SIGTERM)
        if status := process.wait(PATIENCE):
            raise FailedError(f"{command} demo: status {status} after SIGTERM")
    return text


@contextmanager
def demo(command: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start simulated clouds and the exporter on them; they end with the block at the latest."""
    words = [str(command), "demo", "--web.listen-address", "127.0.0.1:0", "--jobs", "20"]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


def fetched(url: str) -> str:
    """Return a page of this machine; no proxy is asked."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise FailedError(f"{url}: {answer.status}")
    return text


def main() -> None:
    """Try the command that is named."""
    try:
        seen = smoke(Path(sys.argv[1]))
    except FailedError as exc:
        sys.exit(str(exc))
    sys.stdout.write(f"{told(seen)}\n")


def told(seen: Seen) -> str:
    """Say what was seen, in a line."""
    return (
        f"version {seen.version}, {len(seen.files)} files, {seen.sources} sources, {seen.series} series, "
        f"{seen.seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
