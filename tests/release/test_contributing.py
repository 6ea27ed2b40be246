"""What those who contribute are told and asked, held to what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.apis import APIS
from tests.release.conftest import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_the_forge_asks_of_one(path: Path) -> None:
    form: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form.keys() >= {"name", "description", "body"}
    questions = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in questions} <= {"textarea", "input", "dropdown"}
    assert all(part["attributes"]["label"] for part in questions)
    identifiers = [part["id"] for part in questions]
    assert len(set(identifiers)) == len(identifiers) > 0


@pytest.mark.parametrize("name", ["bug", "status"])
def test_a_form_offers_every_list_api(name: str) -> None:
    [path] = (path for path in FORMS if path.stem == name)
    form: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    [options] = (part["attributes"]["options"] for part in form["body"] if part.get("id") == "api")
    assert [option for option in options if option in APIS] == list(APIS)


def test_every_make_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {
        word
        for line in re.findall(r"(?:`|^)make ([a-z -]+)", CONTRIBUTING, re.MULTILINE)
        for word in line.split()
    }
    assert named >= {"test", "check", "lock", "release-check"}
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_path_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:exporter|tests|docs|deploy|\.ci|grafana)/?[\w./*-]*)`", CONTRIBUTING))
    assert len(named) > 5
    missing = {name for name in named if not list(ROOT.glob(name.replace("NAME", "octopus_system_jobs")))}
    assert missing == set()
