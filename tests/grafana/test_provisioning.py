"""What Grafana reads when it starts, and what docs/dashboards.md says of it."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from tests.grafana.reading import BOARDS, FOLDER

PROVISIONING = FOLDER / "provisioning"
PAGE = (FOLDER.parent / "docs" / "dashboards.md").read_text(encoding="utf-8")
PROMETHEUS = (FOLDER.parent / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
FILES = sorted(PROVISIONING.rglob("*.y*ml"))


def read(path: Path) -> dict[str, Any]:
    """Return a file's content."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def provider() -> dict[str, Any]:
    """Return the only provider of dashboards."""
    [path] = (PROVISIONING / "dashboards").iterdir()
    [found] = read(path)["providers"]
    return dict(found)


def datasource() -> dict[str, Any]:
    """Return the only data source."""
    [path] = (PROVISIONING / "datasources").iterdir()
    [found] = read(path)["datasources"]
    return dict(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_grafana_knows_the_form_and_the_place_of_a_file(path: Path) -> None:
    assert read(path)["apiVersion"] == 1
    assert path.suffix == ".yaml"
    assert path.parent in {PROVISIONING / "dashboards", PROVISIONING / "datasources"}


def test_dashboards_are_looked_for_where_the_documented_mount_puts_them() -> None:
    [mount] = re.findall(r"\$PWD/grafana:(\S+):ro", PAGE)
    path = PurePosixPath(provider()["options"]["path"])
    inside = path.relative_to(mount)
    assert {board.name for board in BOARDS} == {found.stem for found in (FOLDER / inside).glob("*.json")}
    assert f"GF_PATHS_PROVISIONING={mount}/{PROVISIONING.relative_to(FOLDER)}" in PAGE


def test_dashboards_come_from_files_and_stay_as_they_are() -> None:
    found = provider()
    assert (found["type"], found["allowUiUpdates"], found["folderUid"]) == ("file", False, "datajobs")


def test_the_data_source_is_a_prometheus_whose_address_the_page_says_how_to_tell() -> None:
    found = datasource()
    assert (found["type"], found["access"]) == ("prometheus", "proxy")
    [name] = re.findall(r"^\$\{(\w+)\}$", found["url"])
    assert f"-e {name}=" in PAGE


def test_the_data_source_knows_the_scrape_interval() -> None:
    every = {job["scrape_interval"] for job in yaml.safe_load(PROMETHEUS)["scrape_configs"]}
    assert every == {datasource()["jsonData"]["timeInterval"]}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_dashboard_is_on_the_page_with_its_pictures(board: Any) -> None:
    title = board.json["title"].removeprefix("Data jobs / ")
    [section] = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert f"`{board.json['uid']}`" in section
    for theme in ("light", "dark"):
        picture = f"images/{board.name}-{theme}.png"
        assert picture in section
        assert 10_000 < (FOLDER.parent / "docs" / picture).stat().st_size < 180_000
    for row in board.rows:
        assert row["title"].partition("? (")[0] in section
