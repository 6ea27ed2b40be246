from collections.abc import Mapping

import pytest
from promql_parser import parse

from tests.grafana.dimensions import Dimension, MixedError, dimension
from tests.grafana.reading import PANELS, TARGETS, Board, Json, Target, resolved

UNITS: Mapping[Dimension, set[str]] = {
    Dimension.COUNT: {"locale", "short"},
    Dimension.FLAG: {"none", "bool", "bool_yes_no", "bool_on_off"},
    Dimension.SECONDS: {"s"},
    Dimension.MILLISECOND: {"dateTimeAsIso", "dateTimeFromNow", "dateTimeAsLocal"},
    Dimension.RATIO: {"percentunit", "suffix:×"},
    Dimension.SHARE: {"percentunit"},
    Dimension.BYTES: {"bytes"},
    Dimension.EACH_MINUTE: {"cpm", "reqpm"},
    Dimension.EACH_SECOND: {"cps", "reqps"},
}
"""What numbers are shown in. A counter, and a moment in seconds, are no number to show."""


def shown_in(target: Target) -> str:
    """Return the unit of a query's numbers: the panel's, or its column's."""
    if target.panel["type"] != "table":
        unit: str = target.panel["fieldConfig"]["defaults"]["unit"]
        return unit
    return units_of_columns(target.panel)[heading(target)]


def heading(target: Target) -> str:
    """Return the heading of a query's column."""
    [organise] = [one for one in target.panel["transformations"] if one["id"] == "organize"]
    name: str = organise["options"]["renameByName"][f"Value #{target.json['refId']}"]
    return name


def units_of_columns(panel: Json) -> dict[str, str]:
    """Return the units of a table's columns by their headings."""
    return {
        override["matcher"]["options"]: one["value"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    }


def names_only(panel: Json) -> bool:
    """Whether a panel shows the names of its series and not their values."""
    return bool(panel["type"] == "stat" and panel["options"].get("textMode") == "name")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
def test_numbers_are_shown_in_what_they_are(target: Target) -> None:
    found = dimension(parse(resolved(target.expr)))
    assert names_only(target.panel) or shown_in(target) in UNITS.get(found, set()), found


@pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=lambda one: one.name if isinstance(one, Board) else one["title"]
)
def test_a_graph_begins_at_zero_and_a_heat_map_has_its_unit_on_the_axis(board: Board, panel: Json) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] in {"timeseries", "bargauge"}:
        assert defaults["min"] == 0
    if panel["type"] == "heatmap":
        assert panel["options"]["yAxis"]["unit"] == defaults["unit"] == "s"
        assert panel["options"]["calculate"] is False


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("datajobs_jobs", Dimension.COUNT),
        ("sum(datajobs_source_success == bool 0)", Dimension.COUNT),
        ("max(time() - datajobs_oldest_active_job_timestamp_seconds)", Dimension.SECONDS),
        ("datajobs_source_last_success_timestamp_seconds * 1000", Dimension.MILLISECOND),
        ("datajobs_source_last_success_timestamp_seconds", Dimension.MOMENT),
        ("sum(datajobs_files_failed) / sum(datajobs_files_expected)", Dimension.RATIO),
        ("datajobs_file_completion_ratio", Dimension.RATIO),
        ("60 * rate(datajobs_api_requests_total[1m])", Dimension.EACH_MINUTE),
        ("rate(datajobs_api_requests_total[1m])", Dimension.EACH_SECOND),
        ("increase(datajobs_api_requests_total[1m])", Dimension.COUNT),
        ("60 * rate(datajobs_api_throttled_seconds_total[1m])", Dimension.SECONDS),
        ("rate(process_cpu_seconds_total[1m])", Dimension.SHARE),
        ("datajobs_api_requests_total", Dimension.COUNTER),
        (
            "histogram_quantile(0.9, sum by (le) (datajobs_running_duration_seconds_bucket))",
            Dimension.SECONDS,
        ),
        (
            "datajobs_running_duration_seconds_gsum / datajobs_running_duration_seconds_gcount",
            Dimension.SECONDS,
        ),
        ("datajobs_job_running_duration_seconds * on (job_id) datajobs_job_info", Dimension.SECONDS),
    ],
)
def test_the_dimension_of_a_query_is_told_from_its_names(query: str, expected: Dimension) -> None:
    assert dimension(parse(query)) is expected


@pytest.mark.parametrize(
    "query",
    [
        "rate(datajobs_jobs[1m])",
        "rate(datajobs_source_success[1m])",
        "datajobs_jobs + datajobs_source_duration_seconds",
        "datajobs_jobs or datajobs_source_duration_seconds",
        "datajobs_jobs * datajobs_source_duration_seconds",
        "datajobs_file_completion_ratio / datajobs_source_duration_seconds",
    ],
)
def test_what_makes_no_sense_is_found(query: str) -> None:
    with pytest.raises(MixedError):
        dimension(parse(query))
