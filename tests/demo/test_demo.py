"""``make demo-stack``: what it says, and that nothing is left of it."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from demo.__main__ import News, show
from demo.programs import DemoError, Program
from demo.receiver import Notice, receiver
from demo.stack import PORTS, SHIPPED, Stack, commands
from exporter.apis import APIS
from exporter.config import Config, load
from tests.cli.running import Output, Running, environment
from tests.programs import program

ROOT = SHIPPED.parent
QUICK = ("--free-ports", "--speed=60", "--jobs=30")


@contextmanager
def demo(*arguments: str, **changes: str) -> Iterator[Running]:
    """Start the demonstration; it ends with the block at the latest."""
    command = [sys.executable, "-m", "demo", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield Running(process, Output.of(process.stdout), Output.of(process.stderr))
        finally:
            process.terminate()


@pytest.fixture
def programs() -> None:
    """Skip where they are not here."""
    program("prometheus", package="prometheus")
    program("prometheus-alertmanager", package="prometheus-alertmanager")


def get(url: str) -> str:
    return httpx.get(url, trust_env=False, timeout=30).raise_for_status().text


@pytest.mark.usefixtures("programs")
def test_a_trouble_can_be_switched_on_and_nothing_is_left_running(tmp_path: Path) -> None:
    with demo(*QUICK, TMPDIR=str(tmp_path)) as running:
        running.out.wait_for("Ctrl-C ends everything")
        said = "\n".join(running.out.lines)
        pages = dict(re.findall(r"^(Prometheus|Alertmanager|exporter|metrics) +(http://\S+)$", said, re.M))
        assert len(pages) == 4
        success = 'datajobs_source_success{api="octopus_system_jobs",source="octopus"} '
        assert f"{success}1.0" in get(pages["metrics"])
        [switch] = set(re.findall(r"http://\S+/simulator/faults", said))
        httpx.put(switch, content="octopus_system_jobs:http-403", trust_env=False).raise_for_status()
        assert f"{success}0.0" in get(pages["metrics"])
        assert "DatajobsSourceFailing" in get(f"{pages['Prometheus'].removesuffix('/alerts')}/api/v1/rules")
        alert = {
            "labels": {"alertname": "Posted", "severity": "critical"},
            "annotations": {"summary": "Hear!"},
        }
        httpx.post(f"{pages['Alertmanager']}/api/v2/alerts", json=[alert], trust_env=False).raise_for_status()
        assert running.out.wait_for("Posted") == "firing   pager  Posted: Hear!"
        assert running.end(signal.SIGINT) == 0
    assert running.out.lines[-1] == "All have ended."
    assert running.err.lines == []
    assert list(tmp_path.iterdir()) == []
    for page in (*pages.values(), switch):
        with pytest.raises(httpx.ConnectError):
            httpx.get(page, trust_env=False)


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_it_can_be_ended_before_all_runs(tmp_path: Path, number: signal.Signals) -> None:
    with demo(*QUICK, TMPDIR=str(tmp_path)) as running:
        running.out.wait_for("Starting")
        wait_for_the_first(tmp_path)
        assert running.end(number) == 0
    assert running.out.lines[-1] == "All have ended."
    assert list(tmp_path.iterdir()) == []


def wait_for_the_first(folder: Path) -> None:
    """Wait until a program has been started."""
    while not list(folder.glob("*/alertmanager.log")):
        os.sched_yield()


def test_without_prometheus_it_says_what_to_install(tmp_path: Path) -> None:
    with demo(*QUICK, PATH=str(tmp_path)) as running:
        assert running.process.wait(30) == 1
        lines = running.out.to_the_end()
    assert lines[1] == "prometheus and alertmanager cannot be found. On Debian and Ubuntu, as root:"
    assert lines[2].endswith("apt-get install --no-install-recommends prometheus prometheus-alertmanager")


async def test_it_ends_where_a_program_does_and_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("the disk is full\n")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(3)")
    gone = Program(name="prometheus", process=process, address="127.0.0.1:1", log=log)

    @asynccontextmanager
    async def starting() -> AsyncIterator[Stack]:
        yield Stack(clouds="", faults="", programs=dict.fromkeys(PORTS, gone))

    with pytest.raises(DemoError, match=r"^prometheus has ended with status 3:\nthe disk is full$"):
        await show(starting(), 12, Console(file=io.StringIO()))


async def test_what_alertmanager_posts_becomes_a_line_if_it_is_news() -> None:
    heard: list[Notice] = []
    alert = {
        "status": "firing",
        "labels": {"alertname": "DatajobsDataStale", "severity": "critical"},
        "annotations": {"summary": "The numbers of source [b]x[/b] are old."},
        "startsAt": "2026-01-01T00:00:00Z",
    }
    message = {
        "version": "4",
        "receiver": "pager",
        "status": "firing",
        "alerts": [alert, {**alert, "status": "resolved"}],
    }
    transport = httpx.ASGITransport(receiver(heard.append))
    async with httpx.AsyncClient(transport=transport, base_url="http://webhook") as http:
        assert (await http.post("/pager", json=message)).status_code == 204
    output = io.StringIO()
    news = News(Console(file=output, width=200))
    for notice in (heard[0], *heard, heard[1]):
        news.hear(notice)
    assert output.getvalue().splitlines() == [
        "firing   pager  DatajobsDataStale: The numbers of source [b]x[/b] are old.",
        "resolved pager  DatajobsDataStale: The numbers of source [b]x[/b] are old.",
    ]


def test_the_usual_ports_are_those_of_the_configurations() -> None:
    text = (SHIPPED / "prometheus.yml").read_text()
    assert {f"localhost:{PORTS[name]}" for name in ("exporter", "alertmanager")} <= set(
        re.findall(r"localhost:\d+", text)
    )


def test_what_hurries_starts_from_the_exporters_own_defaults(tmp_path: Path) -> None:
    config = configured(tmp_path, speed=1.0)
    assert config == configured(tmp_path, speed=1.0, defaults=False)
    quick = configured(tmp_path, speed=10.0)
    assert {source.max_staleness for source in quick.sources} == {30.0}
    assert {source.requests_per_second for source in quick.sources} == {200.0}


def configured(folder: Path, *, speed: float, defaults: bool = True) -> Config:
    """Return the exporter's configuration in a demonstration; its first line are the defaults."""
    at = dict.fromkeys(PORTS, "127.0.0.1:1")
    commands({"prometheus": "", "alertmanager": ""}, folder, at, "http://127.0.0.1:1", speed)
    path = folder / "config.yaml"
    if not defaults:
        path.write_text(path.read_text().partition("\n")[2])
    return load(path, APIS, {})
