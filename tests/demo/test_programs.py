"""Programs are found, started, and never left behind."""

import signal
import socket
import sys
from pathlib import Path

import pytest

from demo.programs import DemoError, find, free_address, running

SERVES = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory"]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A folder whose listing says that it is ready."""
    (tmp_path / "-").mkdir()
    (tmp_path / "-" / "ready").touch()
    return tmp_path


def port(address: str) -> str:
    return address.rpartition(":")[2]


def test_programs_are_found_by_either_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prometheus", "alertmanager"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() == {name: str(tmp_path / name) for name in ("prometheus", "alertmanager")}
    (tmp_path / "prometheus-alertmanager").touch(mode=0o755)
    assert find()["alertmanager"] == str(tmp_path / "prometheus-alertmanager")


def test_what_is_missing_is_named_with_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prometheus").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoError, match=r"^alertmanager cannot be found(.|\n)* prometheus-alertmanager\n"):
        find()


def test_a_port_that_is_taken_is_not_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = taken.getsockname()[1]
        assert port(free_address(wanted)) != str(wanted)
    assert port(free_address(wanted)) == str(wanted)


async def test_a_program_runs_as_long_as_the_block(ready: Path) -> None:
    address = free_address(0)
    command = [*SERVES, str(ready), port(address)]
    async with running("server", command, address=address, log=ready / "log") as program:
        during = program.process.returncode
    assert (during, program.process.returncode) == (None, -signal.SIGTERM)
    assert free_address(int(port(address))) == address, "nobody listens there any more"


async def test_a_program_that_does_not_end_is_killed(ready: Path) -> None:
    address = free_address(0)
    ignore = "import runpy, signal; signal.signal(15, signal.SIG_IGN); "
    deaf = ignore + "runpy.run_module('http.server', {}, '__main__')"
    command = [sys.executable, "-c", deaf, *SERVES[3:], str(ready), port(address)]
    async with running("server", command, address=address, log=ready / "log", last_words=0.2) as program:
        pass
    assert program.process.returncode == -signal.SIGKILL


async def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the dog ate my data')"]
    with pytest.raises(DemoError, match=r"^server does not start:\nthe dog ate my data$"):
        async with running("server", command, address=free_address(0), log=tmp_path / "log"):
            pass
