import json
from pathlib import Path

import pytest

from grafana.__main__ import CURE, main, written
from grafana.catalogue import DASHBOARDS
from tests.grafana.reading import BOARDS


def test_the_dashboards_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_there_is_a_file_for_each_dashboard() -> None:
    assert {board.json["uid"] for board in BOARDS} == {make().uid for make in DASHBOARDS}


def test_writing_twice_gives_the_same() -> None:
    assert written() == written()


def test_what_is_out_of_date_is_told_with_the_cure_and_mended_by_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    (tmp_path / "overview.json").write_text("{}", encoding="utf-8")
    (tmp_path / "forgotten.json").write_text("{}", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    told = capsys.readouterr().err
    assert told == f"out of date in grafana/dashboards: forgotten.json, overview.json; run: {CURE}\n"
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert json.loads((tmp_path / "overview.json").read_text(encoding="utf-8"))["uid"] == "datajobs-overview"
    assert not (tmp_path / "forgotten.json").exists()
