import json
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest

from exporter import __version__, logs
from tests.cli.running import config_file, run, running, with_a_source_that_fails

KEYS = ["ts", "level", "logger", "msg"]
VALUE = r'(?:[^\s"=]+|"(?:[^"\\]|\\.)*")'
LINE = re.compile(
    rf"ts=(?P<ts>\S+) level=(?P<level>\w+) logger=(?P<logger>[\w.]+) msg=(?P<msg>{VALUE})"
    rf"(?P<more>(?: (?:{'|'.join(logs.KEYS)})={VALUE})*)"
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def get(url: str) -> str:
    """Return the body of a page that is answered with 200."""
    header = {"X-Prometheus-Scrape-Timeout-Seconds": "3"}
    response = httpx.get(url, headers=header, trust_env=False, timeout=30)
    assert response.status_code == 200
    return response.text


def logfmt(line: str) -> dict[str, str]:
    """Read a line of the log; each of ours begins with these keys in this order."""
    match = LINE.fullmatch(line)
    assert match, line
    text = match["msg"]
    return {**match.groupdict(), "msg": json.loads(text) if text.startswith('"') else text}


def test_it_listens_where_it_is_told_and_ends_at_sigterm(tmp_path: Path, clouds: str) -> None:
    path = config_file(tmp_path, with_a_source_that_fails())
    addresses = ("--web.listen-address", "127.0.0.1:0", "--web.listen-address=[::1]:0")
    with running(
        "--config.file", path, *addresses, "--web.telemetry-path=/jobs", SIMULATED=clouds
    ) as exporter:
        told = [logfmt(exporter.err.wait_for("listens on")) for _ in addresses[1:]]
        urls = [line["msg"].split()[-1] for line in told]
        assert [line["msg"] for line in told] == [f"version {__version__} listens on {url}" for url in urls]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/jobs", urls[0])
        assert re.fullmatch(r"http://\[::1\]:\d+/jobs", urls[1])
        for url in urls:
            assert 'datajobs_source_success{api="dataarts_jobs",source="dataarts"} 1.0\n' in get(url)
        assert exporter.end(signal.SIGTERM) == 0
    assert exporter.out.lines == []
    lines = [logfmt(line) for line in exporter.err.lines]
    assert all(MOMENT.fullmatch(line["ts"]) for line in lines)
    assert {line["logger"].partition(".")[0] for line in lines} == {"exporter"}
    # Two scrapes failed for the same reason: one line.
    warnings = [line["msg"] for line in lines if line["level"] == "warning"]
    assert len(warnings) == 1
    assert warnings[0].startswith("source pai-vision: not collected (authentication): ")
    assert lines[-1]["msg"] == "stopping"


def test_its_log_can_be_json_and_sigint_ends_it_too(tmp_path: Path) -> None:
    arguments = ("--web.listen-address=127.0.0.1:0", "--log.format=json", "--log.level=debug")
    with running("--config.file", config_file(tmp_path), *arguments) as exporter:
        line = json.loads(exporter.err.wait_for("listens on"))
        assert list(line) == KEYS
        found = get(line["msg"].split()[-1].replace("/metrics", "/probe?target=octopus"))
        assert 'datajobs_source_success{api="octopus_system_jobs",source="octopus"} 0.0\n' in found
        assert exporter.end(signal.SIGINT) == 0
    assert exporter.out.lines == []
    lines = [json.loads(line) for line in exporter.err.lines]
    assert all(list(line)[:4] == KEYS and set(line) <= {*KEYS, *logs.KEYS} for line in lines)
    assert [line["msg"] for line in lines if line["msg"].startswith("source octopus: not collected")] != []


def test_a_taken_port_is_a_line_and_status_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ended = run("--config.file", config_file(tmp_path), "--web.listen-address", address)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"cannot listen on {address}: Address already in use\n"


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_the_other_servers_say_the_same_of_a_taken_port(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        option = "--listen" if command == "simulate" else "--web.listen-address"
        ended = run(command, option, address)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"cannot listen on {address}: Address already in use\n"
