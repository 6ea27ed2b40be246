"""The values that docs/kubernetes.md shows."""

import re
from pathlib import Path

import pytest
import yaml

from tests.kubernetes.rendering import checked_offline, objects, only, rendered
from tests.kubernetes.schemas import mistakes
from tests.kubernetes.tools import ROOT

PAGE = (ROOT / "docs/kubernetes.md").read_text()
SHOWN = [
    block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("# values.yaml")
]
WHOLE = [block for block in SHOWN if block.startswith("# values.yaml\n")]
FIRST = SHOWN[0]


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_shown_values_make_valid_objects(number: int, tmp_path: Path) -> None:
    """Those that stand beside others stand beside the first."""
    (tmp_path / "first.yaml").write_text(FIRST)
    (tmp_path / "shown.yaml").write_text(SHOWN[number])
    first = () if SHOWN[number] in WHOLE else ("--values", str(tmp_path / "first.yaml"))
    found = objects(rendered(*first, "--values", str(tmp_path / "shown.yaml")))
    assert list(mistakes(found, "1.37")) == []


@pytest.mark.parametrize("number", range(len(WHOLE)))
def test_the_exporter_takes_shown_configurations(number: int, tmp_path: Path) -> None:
    (tmp_path / "shown.yaml").write_text(WHOLE[number])
    config = only(rendered("--values", str(tmp_path / "shown.yaml")), "ConfigMap")["data"]["config.yaml"]
    told = checked_offline(config, tmp_path)
    assert (told.exit_code, told.stderr) == (0, "")


def test_the_page_shows_enough_and_names_values_that_there_are() -> None:
    values = yaml.safe_load((ROOT / "deploy/helm/datajobs-exporter/values.yaml").read_text())
    assert len(WHOLE) == 5
    assert len(SHOWN) == 7
    for section, key in re.findall(r"`(rules|configStorage|scrapeConfig)\.(\w+)", PAGE):
        assert key in values[section]


def test_the_folders_that_it_names_are_there() -> None:
    for link in re.findall(r"\]\((\.\./[^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
