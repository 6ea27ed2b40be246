import pytest
from promql_parser import VectorSelector, parse

from tests.grafana.catalogue import OURS, mistakes, selectors
from tests.grafana.reading import BOARDS, TARGETS, Board, Target, resolved


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
def test_a_query_names_only_what_there_is(target: Target) -> None:
    assert mistakes(resolved(target.expr)) == []


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_so_do_the_marks_on_the_graphs(board: Board) -> None:
    assert [wrong for mark in board.annotations for wrong in mistakes(resolved(mark["expr"]))] == []
    assert board.annotations


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_so_do_the_variables(board: Board) -> None:
    for variable in board.variables:
        if variable["type"] == "query":
            inside = variable["query"]["query"].removeprefix("label_values(").removesuffix(")")
            selector, _, label = inside.rpartition(", ")
            assert label == variable["name"]
            [found] = selectors(parse(resolved(selector)))
            assert label in labels_of_any(found)
            assert {matcher.name for matcher in found.matchers.matchers} - {"__name__"} <= labels_of_any(
                found
            )


def labels_of_any(selector: VectorSelector) -> frozenset[str]:
    """Return the labels of the family that a selector names, or of those that its pattern of names has."""
    pattern = [matcher.value for matcher in selector.matchers.matchers if matcher.name == "__name__"]
    names = [selector.name] if selector.name else pattern[0].split("|")
    return frozenset[str]().union(*(OURS[name] for name in names))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.place)
def test_a_query_asks_for_what_was_chosen_and_nothing_else(target: Target) -> None:
    chosen = [variable["name"] for variable in target.board.variables if variable["type"] == "query"]
    for selector in selectors(parse(resolved(target.expr, MARKED))):
        if (selector.name or "").startswith("ALERTS"):
            continue  # an alert that an exporter is absent has no job
        wanted = {
            f'{name}=~"{MARKED[name]}"'
            for name in chosen
            if name == "job" or name in OURS.get(selector.name or "", ())
        }
        assert wanted <= {str(matcher) for matcher in selector.matchers.matchers}, selector.name


MARKED = {
    **{
        name: f"chosen {name}" for name in ("job", "source", "workspace", "dataset", "queue_type", "job_type")
    },
    "__rate_interval": "20s",
    "__interval": "5s",
    "__range": "60s",
}


@pytest.mark.parametrize(
    ("query", "mistake"),
    [
        ("sum(datajobs_job)", "no series datajobs_job"),
        ("datajobs_running_duration_seconds", "no series datajobs_running_duration_seconds"),
        ('datajobs_jobs{state="x"}', "datajobs_jobs has no label state"),
        ('datajobs_source_success{workspace="x"}', "datajobs_source_success has no label workspace"),
        ("sum by (queue_type) (datajobs_jobs)", "no label queue_type in sum by (queue_type) (datajobs_jobs)"),
    ],
)
def test_a_mistake_is_found(query: str, mistake: str) -> None:
    assert mistakes(query) == [mistake]


def test_what_is_no_promql_is_found() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        mistakes("sum by (datajobs_jobs")
