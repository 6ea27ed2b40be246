"""The real command in processes of its own, and clouds for it to ask."""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from click.testing import CliRunner, Result

from exporter.cli import main
from exporter.commands.simulate import CONFIG
from exporter.simulator import identities

COMMAND = str(Path(sys.executable).with_name("datajobs-exporter"))
PATIENCE = 30.0
"""Seconds that anything may take on a busy machine."""

WRONG_SECRET = "PlantedSecretThatIsNotTheRightOne"
SECRETS = (
    identities.DEMO_ALIBABA_KEY.secret,
    identities.DEMO_HUAWEI_KEY.secret,
    identities.DEMO_HUAWEI_USER.password,
    WRONG_SECRET,
)
NAMES = ("pai-vision", "octopus", "octopus-queue", "dataarts")
NOBODY = "http://127.0.0.1:1"
"""An address at which nothing listens."""


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a terminal of 80 columns without colours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHONWARN", "FORCE_"))
    }
    return {**kept, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "SIMULATED": NOBODY, **changes}


def run(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; none of its output may hold a secret or a traceback."""
    command = [COMMAND, *map(str, arguments)]
    ended = subprocess.run(
        command, env=environment(**changes), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    judge(ended.stdout, ended.stderr)
    return ended


def invoke(*arguments: str | Path, **changes: str) -> Result:
    """Run the command in this process, for what needs no process of its own; the output is judged as well."""
    with logging_kept():
        ended = CliRunner().invoke(
            main, list(map(str, arguments)), env=environment(**changes), prog_name="datajobs-exporter"
        )
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    judge(ended.stdout, ended.stderr)
    return ended


@contextmanager
def logging_kept() -> Iterator[None]:
    """Undo what the command sets up for its whole process."""
    root, ours = logging.getLogger(), logging.getLogger("exporter")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def judge(*outputs: str) -> None:
    """Fail where an output shows what it must not."""
    for output in outputs:
        assert "Traceback" not in output
        assert [secret for secret in SECRETS if secret in output] == []


@dataclass(frozen=True, slots=True)
class Output:
    """What a process writes to one of its pipes, read as it comes."""

    lines: list[str]
    news: "queue.Queue[str | None]"

    @classmethod
    def of(cls, pipe: IO[str]) -> "Output":
        """Read a pipe to its end, in a thread that ends with it."""
        output = cls([], queue.Queue())
        threading.Thread(target=output._read, args=(pipe,), daemon=True).start()
        return output

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            self.lines.append(line.rstrip("\n"))
            self.news.put(line.rstrip("\n"))
        self.news.put(None)

    def wait_for(self, words: str) -> str:
        """Return the next line that holds the words."""
        while (line := self.news.get(timeout=PATIENCE)) is not None:
            if words in line:
                return line
        raise EOFError(f"ended without {words!r}: {self.lines}")

    def to_the_end(self) -> list[str]:
        """Return all lines, once there are no more to come."""
        while self.news.get(timeout=PATIENCE) is not None:
            pass
        return self.lines


@dataclass(frozen=True, slots=True)
class Running:
    """A command that goes on until it is told to end."""

    process: "subprocess.Popen[str]"
    out: Output
    err: Output

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the status; the whole output is judged."""
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        judge(*self.out.to_the_end(), *self.err.to_the_end())
        return status


@contextmanager
def running(*arguments: str | Path, **changes: str) -> Iterator[Running]:
    """Start the command; it ends with the block at the latest."""
    command = [COMMAND, *map(str, arguments)]
    with subprocess.Popen(
        command, env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield Running(process, Output.of(process.stdout), Output.of(process.stderr))
        finally:
            process.kill()


def config_file(folder: Path, text: str = CONFIG) -> Path:
    """Write a configuration; ``${SIMULATED}`` in it is where the clouds are."""
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def with_a_source_that_fails() -> str:
    """Return a configuration of which one source has the wrong secret."""
    return CONFIG.replace(identities.DEMO_ALIBABA_KEY.secret, WRONG_SECRET)
