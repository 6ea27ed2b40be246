"""A terminal for the command, and what it writes there."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.cli.running import COMMAND, PATIENCE, environment, judge

ROWS, COLUMNS = 30, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the command ended, and what it wrote to each of its outputs."""

    status: int
    stdout: str
    stderr: str


class Screen:
    """One end of a terminal of 80 columns, whose other end a process may write to."""

    def __init__(self) -> None:
        self._mine, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while part := os.read(self._mine, 65536):
                self._parts.append(part)
        except OSError:  # the last writer has gone
            return

    def text(self) -> str:
        """Return all that was written, once nobody can write any more."""
        os.close(self.end)
        self._reader.join(PATIENCE)
        os.close(self._mine)
        return b"".join(self._parts).decode()


def on_a_terminal(*arguments: str | Path, stdout: bool = False, **changes: str) -> Shown:
    """Run the command with a terminal as its standard error and, with ``stdout``, as its output too."""
    err, out = Screen(), Screen() if stdout else None
    kept = {"COLUMNS": "80", "TERM": "xterm-256color", **changes}
    known = {
        name: value for name, value in environment(**kept).items() if name not in {"NO_COLOR"} - set(changes)
    }
    process = subprocess.run(
        [COMMAND, *map(str, arguments)],
        env=known,
        stdout=subprocess.PIPE if out is None else out.end,
        stderr=err.end,
        timeout=PATIENCE,
        check=False,
    )
    text = process.stdout.decode() if out is None else out.text()
    shown = Shown(status=process.returncode, stdout=text, stderr=err.text())
    judge(shown.stdout, shown.stderr)
    return shown
