"""The exporter's own command, from a user's point of view."""

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process that serves; ``ready`` is how long it took from its start to the first answer, in seconds."""

    url: str
    process: int
    ready: float

    def memory(self) -> float:
        """Return how much memory it has now, in MB."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def running(clouds: str, content: str) -> Iterator[Program]:
    """Run the exporter on a configuration for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        config, log = Path(folder, "config.yaml"), Path(folder, "log")
        config.write_text(content.replace("${CLOUDS}", clouds), encoding="utf-8")
        began = time.perf_counter()
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - ourselves
                [
                    sys.executable,
                    "-m",
                    "exporter",
                    f"--config.file={config}",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stderr=output,
            ) as process,
        ):
            try:
                url = listening(log, process)
                get(url, "/-/ready")
                yield Program(url=url, process=process.pid, ready=time.perf_counter() - began)
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE)


def listening(log: Path, process: "subprocess.Popen[bytes]") -> str:
    """Return the address that the log tells."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        url, path, _ = log.read_text(encoding="utf-8").partition("listens on ")[2].partition("/metrics")
        if path:
            return url
        time.sleep(0.002)
    raise RuntimeError(f"the exporter does not listen: {log.read_text(encoding='utf-8')}")


def get(url: str, path: str) -> bytes:
    """Return the body of an answer; raises RuntimeError where it is not 200."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise RuntimeError(f"GET {path}: {answer.status}")
    return body
