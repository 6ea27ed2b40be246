"""Every query, asked of a real Prometheus that has scraped clouds in trouble."""

import re
from collections.abc import Mapping

import pytest

from tests.e2e.watching import Watcher, eventually
from tests.grafana.reading import ALL, BOARDS, TARGETS, Board, Target, resolved

SILENT: Mapping[str, str] = {
    "overview / Alerts / A": "no alert fires within the seconds of a test, and no rules are loaded",
    "overview / Alerts / B": "likewise",
}
"""The queries that need not return anything, with the reason."""

MOST_LINES = 12
"""More in one graph are not told apart."""
SPAN = re.compile(r"(\[|offset )\d+[smhd]")


def quick(expr: str) -> str:
    """Return a query with the variables' values, and with spans of its own as short as the test."""
    return SPAN.sub(r"\g<1>4s", resolved(expr, {**ALL, "__rate_interval": "9s", "__range": "59s"})).replace(
        "[4s", "[9s"
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
def test_a_query_returns_what_is_to_be_shown(watcher: Watcher, target: Target) -> None:
    found = eventually(lambda: watcher.query(quick(target.expr)), lambda got: got or target.place in SILENT)
    assert bool(found) is (target.place not in SILENT)
    if target.panel["type"] == "timeseries":
        assert len(found) <= MOST_LINES
    if target.panel["type"] == "stat" and target.panel["options"]["textMode"] == "value":
        assert len(found) <= 1
    for label in names_of(target):
        assert any(label in labels for labels, _ in found) or not found, label


def names_of(target: Target) -> list[str]:
    """Return the labels that name a query's series, or head its rows."""
    if target.panel["type"] == "table":
        [organise] = [one for one in target.panel["transformations"] if one["id"] == "organize"]
        return [name for name in organise["options"]["renameByName"] if not name.startswith("Value")]
    return re.findall(r"\{\{(\w+)\}\}", target.json["legendFormat"])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
def test_no_two_series_of_a_query_are_called_alike(watcher: Watcher, target: Target) -> None:
    names = names_of(target)
    found = watcher.query(quick(target.expr))
    called = [tuple(labels.get(name, "") for name in names) for labels, _ in found]
    assert len(called) == len(set(called))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_variable_has_values_to_choose_from(watcher: Watcher, board: Board) -> None:
    for variable in board.variables[1:]:
        query = variable["query"]["query"].removeprefix("label_values(").removesuffix(")")
        selector, _, label = query.rpartition(", ")
        found = watcher.query(f"count by ({label}) ({quick(selector)})")
        assert [labels for labels, _ in found if labels.get(label)], label


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_marks_on_the_graphs_are_queries_that_work(watcher: Watcher, board: Board) -> None:
    for mark in board.annotations:
        found = {labels["source"]: value for labels, value in watcher.query(quick(mark["expr"]))}
        assert set(found.values()) <= {0.0, 1.0}
        assert set(re.findall(r"\{\{(\w+)\}\}", mark["titleFormat"])) == {"source"}


def test_what_is_listed_as_silent_is_there() -> None:
    assert SILENT.keys() <= {target.place for target in TARGETS}
