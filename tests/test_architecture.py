import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import exporter
from exporter.apis import APIS
from exporter.clouds.login import EXPLAIN
from exporter.collector import DISTRIBUTIONS, JOB_ROWS, SOURCE_ROWS
from exporter.instruments import Instruments
from exporter.metrics import CATALOGUE, PLACE_LABELS, SOURCE_LABELS, About, Family, Kind
from exporter.model import ACTIVE, FINISHED, Phase
from tests.programs import program

PACKAGE = Path(exporter.__file__).parent
ROOT = PACKAGE.parent

FAMILIES = pytest.mark.parametrize("family", CATALOGUE, ids=lambda family: family.name)
APPENDED = {
    Kind.GAUGE: ("",),
    Kind.INFO: ("",),
    Kind.COUNTER: ("", "_created"),
    Kind.HISTOGRAM: ("", "_bucket", "_count", "_sum", "_created"),
    Kind.GAUGEHISTOGRAM: ("", "_bucket", "_gcount", "_gsum"),
}
"""What the samples of a kind have at the end of their names."""

OF_PROMETHEUS = frozenset({"job", "instance", "le", "quantile", "exported_job", "exported_instance"})
TOO_GENERAL = frozenset({"type", "region", "id", "name", "message", "description", "label", "value"})


def modules(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")


def assigned(path: Path) -> set[str]:
    """Return the names that a module assigns at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found


def test_imports_point_one_way() -> None:
    lint = program("lint-imports", package="the dependency group lint (make check)")
    checked = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout


def test_every_file_with_a_list_api_is_in_the_table_under_its_own_name() -> None:
    files = {path.stem for path in modules(PACKAGE / "apis") if "API" in assigned(path)}
    assert files == set(APIS)
    for name, api in APIS.items():
        assert api is import_module(f"exporter.apis.{name}").API
        assert api.name == name


@pytest.mark.parametrize("name", APIS)
def test_a_list_api_is_of_a_cloud_that_we_can_talk_to(name: str) -> None:
    api = APIS[name]
    assert api.cloud in EXPLAIN
    assert re.fullmatch(r"https://[a-z-]+\.some-region-1\.[a-z]+\.com", api.endpoint("some-region-1"))


@pytest.mark.parametrize("name", APIS)
def test_every_word_that_jobs_may_have_has_its_phase(name: str) -> None:
    words = APIS[name].words
    assert {status for several in words.documented.values() for status in several} <= words.statuses.keys()
    assert {status for several in words.runs.values() for status in several} <= words.run_statuses.keys()
    assert Phase.UNKNOWN not in {*words.statuses.values(), *words.run_statuses.values()}


def test_a_phase_is_not_both_active_and_finished() -> None:
    assert not ACTIVE & FINISHED
    assert set(Phase) - ACTIVE - FINISHED == {Phase.SCHEDULED, Phase.PAUSED, Phase.UNKNOWN}


def test_no_name_stands_twice_in_the_catalogue_nor_for_a_sample_of_another_family() -> None:
    names = Counter(
        family.name.removesuffix("_total" if family.kind is Kind.COUNTER else "") + end
        for family in CATALOGUE
        for end in APPENDED[family.kind]
    )
    assert [name for name, count in names.items() if count > 1] == []


@FAMILIES
def test_a_name_follows_the_rules_of_prometheus(family: Family) -> None:
    assert re.fullmatch(r"datajobs_[a-z]+(_[a-z]+)*", family.name)
    assert family.name.endswith("_total") is (family.kind is Kind.COUNTER)
    assert not family.name.endswith(("_bucket", "_count", "_sum", "_gcount", "_gsum", "_created"))
    if "timestamp" in family.name:
        assert family.name.endswith("_timestamp_seconds")
    if "duration" in family.name or "skew" in family.name:
        assert family.name.endswith("_seconds")
    if "_ratio" in family.name:
        assert family.name.endswith("_ratio")
    assert not re.search(r"_(ms|milliseconds|minutes|percent|gauge|counter|histogram)(_|$)", family.name)


@FAMILIES
def test_labels_follow_the_rules_of_prometheus(family: Family) -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in family.labels)
    assert len(set(family.labels)) == len(family.labels)
    assert not set(family.labels) & (OF_PROMETHEUS | TOO_GENERAL)


@FAMILIES
def test_labels_begin_with_whose_family_it_is(family: Family) -> None:
    beginning: tuple[str, ...] = {
        About.JOBS: (*SOURCE_LABELS, "workspace"),
        About.SOURCE: SOURCE_LABELS,
        About.EXPORTER: (),
    }[family.about]
    assert family.labels[: len(beginning)] == beginning
    if family.about is About.JOBS and "queue_type" not in family.labels:
        assert family.labels[: len(PLACE_LABELS)] == PLACE_LABELS


@FAMILIES
def test_a_help_text_is_a_sentence_on_one_line(family: Family) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", family.help)
    assert len(family.help) < 250


def test_every_family_of_the_catalogue_is_given_by_somebody() -> None:
    instruments = Instruments()
    counts = instruments.of("api", "source")
    counts.requested("200", 1.0)
    counts.unknown_values({"status": 1})
    told = [*instruments.about_sources(["source"]), *instruments.about_exporter()]
    counted = {metric.name + ("_total" if metric.type == "counter" else "") for metric in told}
    shown = {family.name for family in (*JOB_ROWS, *DISTRIBUTIONS, *SOURCE_ROWS)}
    assert shown.isdisjoint(counted)
    assert shown | counted >= {family.name for family in CATALOGUE}
