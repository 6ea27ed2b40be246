import signal
import time

import pytest

from tests.cli.running import NAMES, Running, running
from tests.cli.test_serve import get

DEMO = ("demo", "--web.listen-address=127.0.0.1:0", "--jobs=60")


def shown(demo: Running) -> dict[str, str]:
    """Wait until the demo has shown its first scrape; return the addresses that it names."""
    demo.out.wait_for("Ctrl-C ends both.")
    lines = (line.rsplit(maxsplit=1) for line in demo.out.lines if "http://" in line)
    return {name.strip(): address for name, address in lines}


def test_it_shows_a_first_scrape_and_ends_at_ctrl_c() -> None:
    with running(*DEMO) as demo:
        addresses = shown(demo)
        assert set(addresses) == {"Simulated clouds on", "metrics", "one source", "discovery", "status page"}
        for name in ("metrics", "one source", "discovery", "status page"):
            assert "octopus" in get(addresses[name]) or name == "one source"
        assert demo.end(signal.SIGINT) == 0
    assert demo.err.lines == []
    assert demo.out.lines[-2:] == ["", "Stopped."]


def test_its_summary_reads_well_in_80_columns_and_adds_up() -> None:
    with running(*DEMO, "--fault=dataarts_jobs:wrong-total=3") as demo:
        shown(demo)
        assert demo.end(signal.SIGTERM) == 0
    lines = demo.out.lines
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines]
    first = rows.index(["source", "api", "state", "listed", "requests", "seconds"])
    sources = {row[0]: row for row in rows[first + 1 : first + 5]}
    assert [row[2] for row in sources.values()] == ["ok", "ok", "ok", "incomplete"]
    assert sources["dataarts"][4] == "of"
    header = rows.index(["jobs", "by", "phase", *NAMES])
    table = lines[header + 1 : lines.index("", header)]
    phases = [line[:20].strip() for line in table]
    assert phases[:3] == ["waiting in INTERNAL", "waiting in PROCESSOR", "waiting in RESIM"]
    assert phases.index("running") < phases.index("succeeded") < phases.index("scheduled")
    listed = {name: int(row[3]) for name, row in sources.items()}
    assert {name: sum(column(name, lines[header], table)) for name in NAMES} == listed


def column(name: str, header: str, table: list[str]) -> list[int]:
    """Return the numbers under a name; a cell is no wider than that."""
    end = header.index(f" {name}") + len(name) + 1
    return [int(line[end - len(name) : end].strip() or 0) for line in table]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_while_the_clouds_are_slow(number: signal.Signals) -> None:
    with running(*DEMO, "--fault=slow=60") as demo:
        demo.out.wait_for("first scrape")
        started = time.monotonic()
        assert demo.end(number) == 0
        assert time.monotonic() - started < 8
    assert demo.err.lines == []
    assert demo.out.lines[-1] == "Stopped."


def test_faults_are_seen_in_it() -> None:
    with running(*DEMO, "--fault=octopus_system_jobs:http-403", "--log.format=json") as demo:
        shown(demo)
        assert demo.end() == 0
    assert "octopus        octopus_system_jobs   permission  " in "\n".join(demo.out.lines)
    [warning] = demo.err.lines
    assert '"level": "warning"' in warning
