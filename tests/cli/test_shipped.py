"""The commands that write what comes with the exporter."""

from pathlib import Path

import pytest

from tests.cli.running import invoke

ROOT = Path(__file__).parents[2]
OURS = {
    "dashboards": sorted((ROOT / "grafana" / "dashboards").glob("*.json")),
    "rules": sorted((ROOT / "prometheus" / "rules").glob("*.yaml")),
}
KINDS = pytest.mark.parametrize("kind", OURS)


def written(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder, whatever its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def ours(kind: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in OURS[kind]}


@KINDS
def test_every_file_of_the_project_is_written_as_it_is(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    ended = invoke(kind, "--output", folder)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert written(folder) == ours(kind)
    assert ended.stdout.splitlines() == [f"written   {folder / name}" for name in ours(kind)]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


@KINDS
def test_a_second_time_changes_nothing(kind: str, tmp_path: Path) -> None:
    invoke(kind, "--output", tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    ended = invoke(kind, "--output", tmp_path)
    assert ended.exit_code == 0
    assert {line.split()[0] for line in ended.stdout.splitlines()} == {"unchanged"}
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == before


@KINDS
def test_files_that_differ_are_refused_all_at_once_and_nothing_is_written(kind: str, tmp_path: Path) -> None:
    first, *_, last = ours(kind)
    for name in (first, last):
        (tmp_path / name).write_text("mine")
    ended = invoke(kind, "--output", tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"files in {tmp_path} are not ours and were not overwritten: {first}, {last}. Nothing was written: "
        f"--force overwrites, --keep {first} leaves that file as it is\n"
    )
    assert written(tmp_path) == {first: b"mine", last: b"mine"}


@KINDS
def test_force_overwrites_what_differs_but_not_what_is_kept(kind: str, tmp_path: Path) -> None:
    first, *_, last = ours(kind)
    for name in (first, last):
        (tmp_path / name).write_text("mine")
    ended = invoke(kind, "--output", tmp_path, "--force", "--keep", last)
    assert ended.exit_code == 0
    assert written(tmp_path) == {**ours(kind), last: b"mine"}
    lines = ended.stdout.splitlines()
    assert (lines[0], lines[-1]) == (f"replaced  {tmp_path / first}", f"kept      {tmp_path / last}")


def test_what_is_kept_is_written_where_it_is_not_there(tmp_path: Path) -> None:
    assert invoke("rules", "--output", tmp_path, "--keep", "settings.yaml").exit_code == 0
    assert written(tmp_path) == ours("rules")


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("groups: []")
    assert invoke("rules", "--output", tmp_path, "--force").exit_code == 0
    assert written(tmp_path) == {**ours("rules"), "mine.yaml": b"groups: []"}


def test_a_link_stays_a_link_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    real, folder = tmp_path / "real.yaml", tmp_path / "rules"
    real.write_text("mine")
    folder.mkdir()
    (folder / "settings.yaml").symlink_to(real)
    assert invoke("rules", "--output", folder, "--force").exit_code == 0
    assert (folder / "settings.yaml").is_symlink()
    assert real.read_bytes() == ours("rules")["settings.yaml"]


def test_a_name_to_keep_that_is_none_of_ours_is_refused_with_those_that_are(tmp_path: Path) -> None:
    ended = invoke("rules", "--output", tmp_path, "--keep", "setings.yaml")
    assert ended.exit_code == 2
    assert ended.stderr == f"--keep setings.yaml: these rules have {', '.join(ours('rules'))}\n"


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    ended = invoke("dashboards", "--output", file)
    assert (ended.exit_code, file.read_text()) == (2, "mine")
    assert ended.stderr.startswith(f"cannot write the dashboards: {file}")


def test_a_folder_in_the_place_of_a_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").mkdir()
    ended = invoke("rules", "--output", tmp_path, "--force")
    assert ended.exit_code == 2
    assert "it is a folder, not a regular file" in ended.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.yaml"]


def test_the_folder_must_be_named() -> None:
    ended = invoke("rules")
    assert ended.exit_code == 2
    assert "Missing option '--output'" in ended.stderr
