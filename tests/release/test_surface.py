"""What docs/stability.md promises, held against what the code has."""

import json
import re
from typing import Any

import pytest

from docs import surface
from tests.release.conftest import ROOT

FILE = ROOT / "docs" / surface.FILE
STABILITY = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")


@pytest.fixture
def known() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_nothing_that_was_promised_is_gone(known: Any) -> None:
    lines = surface.gone(known, surface.surface())
    assert lines == [], (
        "These were promised. If they are to go, see docs/stability.md, take them out of docs/surface.json "
        "by hand and say so in the changelog, under Removed"
    )


def test_everything_is_in_the_file(known: Any) -> None:
    assert surface.gone(surface.surface(), known) == []


@pytest.mark.parametrize(
    ("kind", "name", "part"),
    [
        ("metrics", "datajobs_jobs gauge", "phase"),
        ("label values", "reason", "throttled"),
        ("commands", "once", "--output"),
        ("commands", "datajobs-exporter", "--log.format json"),
        ("configuration", "defaults", "max_staleness"),
        ("configuration", "credentials of alibaba", "access_key_secret_file"),
        ("configuration", "sources of pai_dataset_jobs", "datasets"),
        ("log", "keys", "reason"),
        ("alerts", "names", "DatajobsSourceFailing"),
        ("recording rules", "names", "datajobs:threshold:failure_ratio"),
        ("dashboards", "uid", "datajobs-overview"),
    ],
)
def test_a_part_that_goes_is_told(known: Any, kind: str, name: str, part: str) -> None:
    now = json.loads(json.dumps(known))
    now[kind][name].remove(part)
    assert surface.gone(known, now) == [f"{kind}: {name}: {part}"]


def test_a_metric_of_another_type_is_told_as_one_that_is_gone(known: Any) -> None:
    now = json.loads(json.dumps(known))
    now["metrics"]["datajobs_jobs counter"] = now["metrics"].pop("datajobs_jobs gauge")
    assert surface.gone(known, now) == ["metrics: datajobs_jobs gauge"]


def test_writing_adds_what_is_new_and_keeps_what_is_gone() -> None:
    before = {"metrics": {"old gauge": ["api"], "both gauge": ["api", "gone"]}}
    now = {"metrics": {"both gauge": ["api", "new"]}, "log": {"keys": ["ts"]}}
    assert surface.together(now, before) == {
        "metrics": {"old gauge": ["api"], "both gauge": ["api", "gone", "new"]},
        "log": {"keys": ["ts"]},
    }


def test_the_versions_that_are_promised_are_those_that_other_pages_name() -> None:
    [prometheus, grafana, alertmanager] = re.findall(
        r"Prometheus (\S+), Grafana (\S+), Alertmanager (\S+) and", STABILITY
    )[0]
    alerting = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
    dashboards = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    assert f"Prometheus {prometheus} and\nlater, and Alertmanager {alertmanager} and later" in alerting
    assert f"Grafana {grafana} or newer and\nPrometheus {prometheus} or newer" in dashboards
