"""Signals that come while the program starts."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import PATIENCE, config_file, environment, running

IMPORTED = """\
import signal
signal.raise_signal(signal.SIGHUP)
print("survived", flush=True)
signal.raise_signal(signal.SIGINT)
print("not reached", flush=True)
"""


@pytest.mark.parametrize("command", [(), ("check",), ("once",), ("demo",), ("simulate",)])
def test_a_hangup_passes_and_an_interrupt_ends_quietly(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text(IMPORTED)  # the first thing that the command line imports
    ended = subprocess.run(
        [sys.executable, "-m", "exporter", *command],
        env=environment(PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "survived\n", "")


def test_what_is_ignored_from_outside_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text(
        "import signal\nprint(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)\nraise SystemExit"
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "exporter"],
            env=environment(PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}"),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")


def test_a_command_under_way_ends_with_its_terminal() -> None:
    with running("simulate", "--listen=127.0.0.1:0") as simulated:
        simulated.out.wait_for("simulated clouds on ")
        assert simulated.end(signal.SIGHUP) == -signal.SIGHUP


def test_an_interrupted_collection_ends_quietly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        clouds = "http://{}:{}".format(*silent.getsockname())
        with running("once", "--config.file", config_file(tmp_path), SIMULATED=clouds) as once:
            connection, _ = silent.accept()  # now it waits for an answer
            with connection:
                assert once.end(signal.SIGINT) == 130
            assert (once.out.lines, once.err.lines) == ([], [])
