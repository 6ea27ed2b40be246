"""What systemd is told, on sockets like its own."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter import notify
from tests.cli.running import PATIENCE, config_file, running


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """Stand in for the service manager at a path, or at an abstract name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(PATIENCE)
        listening.bind(address)
        yield listening


def test_the_exporter_is_ready_once_it_listens_and_tells_when_it_stops(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    arguments = ("--config.file", config_file(tmp_path), "--web.listen-address=127.0.0.1:0")
    with manager(path) as systemd, running(*arguments, NOTIFY_SOCKET=path) as exporter:
        assert systemd.recv(100) == b"READY=1"
        assert exporter.err.wait_for("listens on")
        assert exporter.end() == 0
        assert systemd.recv(100) == b"STOPPING=1"


def test_an_abstract_name_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"datajobs-exporter-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with manager(f"\0{name}") as systemd:
        notify.tell("READY=1")
        assert systemd.recv(100) == b"READY=1"


def test_nobody_who_listens_is_a_line_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING):
        notify.tell("READY=1")
    [record] = caplog.records
    assert record.getMessage().startswith("the service manager was not told READY=1: ")


def test_without_a_service_manager_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.tell("READY=1")
    assert caplog.records == []
