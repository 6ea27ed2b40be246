"""The conventions of Grafana's own dashboard-linter, and ours.

One of its rules is not kept: *All* scrape jobs are those that have sources and not ``.+``, which would make
``up`` that of everything that Prometheus scrapes. An instance cannot be chosen: sources can.
"""

import re
from collections import Counter

import pytest
from promql_parser import Call, Expr, MatrixSelector, display_duration, parse, walk

from grafana.colours import CODES, PHASES, REASONS
from tests.grafana.reading import ALL, BOARDS, PANELS, TARGETS, Board, Json, Target, links, resolved

EACH_BOARD = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
EACH_PANEL = pytest.mark.parametrize(
    ("board", "panel"),
    [pytest.param(board, panel, id=f"{board.name} / {panel['title']}") for board, panel in PANELS],
)
EACH_TARGET = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
OURS = {"type": "prometheus", "uid": "${datasource}"}
AS_OF_NOW = {"stat", "bargauge", "table", "gauge", "piechart"}
OVER_TIME = {"timeseries", "heatmap", "state-timeline", "status-history"}


@EACH_BOARD
def test_a_dashboard_has_an_address_that_stays(board: Board) -> None:
    assert re.fullmatch(r"datajobs-[a-z]{1,31}", board.json["uid"])
    assert board.json["uid"] == f"datajobs-{board.name}"
    assert board.json.get("id") is None


def test_no_two_dashboards_are_called_alike() -> None:
    for key in ("uid", "title"):
        assert len({board.json[key] for board in BOARDS}) == len(BOARDS) >= 2


@EACH_BOARD
def test_a_dashboard_says_what_it_is_for_and_can_be_changed_and_found(board: Board) -> None:
    assert board.json["title"].startswith("Data jobs / ")
    assert board.json["description"]
    assert board.json["tags"] == ["datajobs"]
    assert board.json["editable"] is True
    assert board.json["timezone"] == "browser"
    assert board.json["refresh"] == "1m"
    assert board.json["time"] == {"from": "now-6h", "to": "now"}


@EACH_BOARD
def test_the_data_source_is_a_variable_and_the_first(board: Board) -> None:
    first, *others = board.variables
    assert (first["name"], first["label"], first["type"], first["query"]) == (
        "datasource",
        "Data Source",
        "datasource",
        "prometheus",
    )
    assert [variable for variable in others if variable["type"] == "datasource"] == []


@EACH_BOARD
def test_variables_follow_the_time_and_each_narrows_the_next(board: Board) -> None:
    before: list[str] = []
    for variable in board.variables[1:]:
        assert (variable["type"], variable["refresh"], variable["sort"]) == ("query", 2, 1)
        assert variable["datasource"] == OURS
        assert variable["multi"] is variable["includeAll"] is True
        assert variable["label"]
        assert variable["current"]["value"] == ["$__all"]
        assert variable.get("allValue") == (None if variable["name"] == "job" else ".*")
        assert [name for name in before if f'{name}=~"${name}"' not in variable["query"]["query"]] == []
        before.append(variable["name"])
    assert before[:2] == ["job", "source"]


@EACH_BOARD
def test_every_variable_changes_what_some_panel_shows(board: Board) -> None:
    text = "\n".join(target["expr"] for panel in board.panels for target in panel["targets"])
    unused = [one["name"] for one in board.variables[1:] if f'{one["name"]}=~"${one["name"]}"' not in text]
    assert unused == []


@EACH_PANEL
def test_a_panel_tells_what_it_shows_and_how_to_read_it(board: Board, panel: Json) -> None:
    assert panel["title"].strip() == panel["title"] != ""
    assert re.fullmatch(r"[A-Z].{39,}\.", panel["description"], re.DOTALL)
    assert "  " not in panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["noValue"]


@EACH_PANEL
def test_a_panel_asks_the_data_source_that_was_chosen_and_hides_no_query(board: Board, panel: Json) -> None:
    assert panel["datasource"] == OURS
    assert panel["targets"]
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGHIJKL"[: len(panel["targets"])])
    for target in panel["targets"]:
        assert target["datasource"] == OURS
        assert not target.get("hide", False)


@EACH_TARGET
def test_what_is_of_now_is_asked_for_now(target: Target) -> None:
    kind = target.panel["type"]
    assert kind in AS_OF_NOW | OVER_TIME
    assert target.json.get("instant", False) is (kind in AS_OF_NOW)
    assert target.json.get("range", False) is (kind in OVER_TIME)
    forms = {"table": "table", "heatmap": "heatmap"}
    assert target.json["format"] == forms.get(kind, "time_series")


@EACH_TARGET
def test_every_series_has_a_name_that_a_person_understands(target: Target) -> None:
    assert target.json["legendFormat"] not in {"", "__auto"}


@EACH_TARGET
def test_counters_are_looked_at_over_times_that_fit_the_scrape_interval(target: Target) -> None:
    by_scrape = {"rate": {"$__rate_interval"}, "increase": {"$__rate_interval", "$__range"}}
    values = {**ALL, **{name.removeprefix("$"): length for name, length in LENGTHS.items()}}
    for name, span in spans(parse(resolved(target.expr, values))):
        assert name not in {"irate", "deriv", "idelta"}
        if name in by_scrape:
            assert span in {LENGTHS[word] for word in by_scrape[name]}


LENGTHS = {"$__rate_interval": "1s", "$__range": "2s"}


def spans(expr: Expr) -> list[tuple[str, str]]:
    """Return which functions are given how long a time."""
    found: list[tuple[str, str]] = []

    def visit(one: Expr) -> None:
        if isinstance(one, Call):
            times = [argument.range for argument in one.args if isinstance(argument, MatrixSelector)]
            found.extend((one.func.name, display_duration(time)) for time in times)

    walk(expr, visit)
    return found


@EACH_BOARD
def test_identifiers_are_unique(board: Board) -> None:
    numbers = [one["id"] for one in [*board.rows, *board.panels]]
    assert len(numbers) == len(set(numbers))
    titles = Counter(panel["title"] for panel in board.panels)
    assert [title for title, number in titles.items() if number > 1] == []


@EACH_BOARD
def test_no_panel_lies_on_another_or_beside_the_page(board: Board) -> None:
    taken: dict[tuple[int, int], str] = {}
    for one in [*board.rows, *(panel for panel in board.panels if panel not in hidden(board))]:
        place = one["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        for column in range(place["x"], place["x"] + place["w"]):
            for line in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((column, line), one["title"]) == one["title"]


def hidden(board: Board) -> list[Json]:
    """Return the panels of collapsed rows."""
    return [panel for row in board.rows if row["collapsed"] for panel in row["panels"]]


@EACH_BOARD
def test_every_panel_belongs_to_a_row_that_asks_what_it_answers(board: Board) -> None:
    assert board.json["panels"][0]["type"] == "row"
    assert board.rows[0]["collapsed"] is False
    assert [
        row["title"] for row in board.rows if not re.fullmatch(r"[A-Z].+\?( \(.+\))?", row["title"])
    ] == []


@EACH_BOARD
def test_links_lead_to_dashboards_that_there_are_and_keep_what_was_chosen(board: Board) -> None:
    known = {other.json["uid"] for other in BOARDS}
    found = list(links(board))
    assert [link["url"] for link in found if uid_of(link["url"]) not in known] == []
    heads = board.json["links"]
    assert [uid_of(link["url"]) for link in heads] == [
        uid for uid in ORDER if uid in known and uid != board.json["uid"]
    ]
    assert all(link["includeVars"] and link["keepTime"] and not link["targetBlank"] for link in heads)
    for link in found:
        if link not in heads:
            assert "${__url_time_range}" in link["url"]


ORDER = ["datajobs-overview", "datajobs-octopus", "datajobs-pai", "datajobs-dataarts", "datajobs-exporter"]


def uid_of(url: str) -> str:
    """Return the dashboard that an address leads to."""
    found = re.fullmatch(r"/d/([a-z-]+)(\?\S*)?", url)
    return found[1] if found else url


@EACH_PANEL
def test_a_colour_means_one_thing(board: Board, panel: Json) -> None:
    meanings = {**PHASES, **REASONS, **CODES}
    for override in panel["fieldConfig"].get("overrides") or []:
        for one in override["properties"]:
            name = override["matcher"]["options"]
            if one["id"] == "color" and name in meanings:
                assert one["value"] == {"mode": "fixed", "fixedColor": meanings[name]}


@EACH_PANEL
def test_a_series_by_phase_has_the_colours_of_the_phases(board: Board, panel: Json) -> None:
    if panel["type"] in {"timeseries", "bargauge"}:
        coloured = {one["matcher"]["options"] for one in panel["fieldConfig"].get("overrides") or []}
        for target in panel["targets"]:
            if target["legendFormat"] == "{{phase}}":
                assert coloured & set(PHASES)


@EACH_PANEL
def test_no_value_has_no_colour(board: Board, panel: Json) -> None:
    if panel["type"] in AS_OF_NOW:
        lowest = (
            [panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]] if panel["type"] != "table" else []
        )
        for override in panel["fieldConfig"].get("overrides") or []:
            lowest += [
                one["value"]["steps"][0] for one in override["properties"] if one["id"] == "thresholds"
            ]
        assert [step for step in lowest if step["color"] != "text" or step["value"] is not None] == []


@EACH_PANEL
def test_an_empty_cell_is_not_told_as_an_empty_table(board: Board, panel: Json) -> None:
    if panel["type"] == "table":
        [organise] = [one for one in panel["transformations"] if one["id"] == "organize"]
        dashes = {
            override["matcher"]["options"]
            for override in panel["fieldConfig"]["overrides"]
            if {"id": "noValue", "value": "–"} in override["properties"]
        }
        assert dashes == set(organise["options"]["renameByName"].values())
        assert panel["fieldConfig"]["defaults"]["noValue"] != "–"
