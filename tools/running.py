"""Other programs, run to their end."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


class FailedError(Exception):
    """A program failed; the message is its command and what it said."""


def ran(*command: str | Path, folder: Path | None = None, seconds: float = 600.0) -> str:
    """Run a program that is given as words, not to a shell, and return its standard output.

    Raises FailedError where its status is not 0 or it takes longer.
    """
    words = [str(word) for word in command]
    try:
        ended = subprocess.run(  # noqa: S603 - what maintainers run themselves
            words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise FailedError(f"{' '.join(words)}: {exc}") from exc
    if ended.returncode != 0:
        raise FailedError(
            f"{' '.join(words)}: status {ended.returncode}\n{ended.stdout}{ended.stderr}".rstrip()
        )
    return ended.stdout


def environment() -> Mapping[str, str]:
    """Return the environment without what would reach into another Python or another make."""
    strangers = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    return {name: value for name, value in os.environ.items() if name not in strangers}
