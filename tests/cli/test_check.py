from pathlib import Path

from exporter.errors import Reason
from tests.cli.running import NAMES, NOBODY, config_file, invoke, run, with_a_source_that_fails


def test_offline_it_only_reads_the_configuration(config: Path) -> None:
    ended = invoke("check", "--offline", "--config.file", config, SIMULATED=NOBODY)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == "the configuration is good: 4 sources\n"


def test_good_sources_are_a_table_and_status_0(config: Path, clouds: str) -> None:
    ended = run("check", "--config.file", config, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (0, "")
    head, *rows = [line.split() for line in ended.stdout.splitlines()]
    assert head == ["source", "api", "state", "listed", "requests", "seconds"]
    assert [row[0] for row in rows] == list(NAMES)
    for row in rows:
        assert row[2] == "ok"
        assert int(row[3]) > 0
        assert 1 <= int(row[4]) <= 20
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_source_that_fails_is_status_1_and_told_with_a_cure(tmp_path: Path, clouds: str) -> None:
    path = config_file(tmp_path, with_a_source_that_fails())
    ended = run("check", "--config.file", path, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (1, "")
    rows = {line.split()[0]: line.split()[2] for line in ended.stdout.splitlines()[1:5]}
    assert rows == {**dict.fromkeys(NAMES, "ok"), "pai-vision": "authentication"}
    blank, told, cure = ended.stdout.splitlines()[5:]
    assert blank == ""
    assert told.startswith(f"pai-vision: {Reason.AUTHENTICATION.meaning} GET /api/v1/datasets: ")
    assert cure == f"  {Reason.AUTHENTICATION.cure}"
