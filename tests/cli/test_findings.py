from typing import Any

import httpx
import pytest
from rich.console import Console

from exporter.apis import APIS, octopus_system_jobs, pai_dataset_jobs
from exporter.commands.check import Report, show
from exporter.commands.findings import Finding, ListFinding, finding, hourly, whole_times
from exporter.commands.tables import an_hour
from exporter.commands.warnings import warnings
from exporter.errors import Reason, SourceError
from exporter.scrape import Result
from exporter.source import Course, Source, WalkReport
from tests.fakes import a_source, answers, the_settings, within


def a_finding(name: str = "dataarts", **changes: Any) -> Finding:
    known: dict[str, Any] = {
        "source": name,
        "api": "dataarts_jobs",
        "region": "nowhere",
        "endpoint": None,
        "credentials": "keys",
        "identity": "me",
        "state": "ok",
        "items": 5,
        "reported": 5,
        "complete": True,
        "pages": 1,
        "requests": 1,
        "discovery_requests": 0,
        "seconds": 0.5,
        "timeout_seconds": 10.0,
        "clock_skew_seconds": None,
        "requests_per_scrape": 1,
        "requests_per_hour": 60,
        "most_requests_per_second": 1.0,
        "rate_limit": APIS["dataarts_jobs"].rate_limit,
        "lists": (),
        "errors": (),
    }
    return Finding(**(known | changes))


def a_list(name: str, state: str = "ok") -> ListFinding:
    return ListFinding(
        name=name,
        state=state,
        items=1,
        reported=1,
        complete=True,
        pages=1,
        requests=1,
        way="walk",
        seconds=0.1,
    )


def failed(source: Source, error: SourceError) -> Result:
    return Result(source=source, error=error, snapshot=None, last_success=None, duration=1.5, requests=3)


def printed(report: Report) -> str:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        show(report, console)
    return captured.get()


def test_a_user_who_may_ask_more_often_than_the_api_allows_is_warned_of() -> None:
    found = [a_finding("one", most_requests_per_second=20.0), a_finding("two", most_requests_per_second=11.0)]
    assert warnings(found) == (
        "one, two: up to 31 requests/s by me, and dataarts_jobs allows a user 30: lower requests_per_second.",
    )


@pytest.mark.parametrize(
    "other", [{"identity": "other"}, {"most_requests_per_second": 10.0}, {"rate_limit": None, "api": "x"}]
)
def test_what_the_api_allows_is_no_warning(other: dict[str, Any]) -> None:
    two = {"most_requests_per_second": 20.0} | other
    assert warnings([a_finding("one", most_requests_per_second=20.0), a_finding("two", **two)]) == ()


def test_a_source_that_hardly_made_it_is_warned_of() -> None:
    [told] = warnings([a_finding(seconds=8.5), a_finding("quick", seconds=7.9)])
    assert told.startswith("dataarts: took 8.5 s of the 10 s that it has: raise timeout ")


@pytest.mark.parametrize(("skew", "side"), [(90.0, "ahead of"), (-90.0, "behind")])
def test_a_clock_that_is_wrong_is_warned_of(skew: float, side: str) -> None:
    [told] = warnings([a_finding(clock_skew_seconds=skew), a_finding("right", clock_skew_seconds=1.0)])
    assert told == f"dataarts: our clock is 90 s {side} the cloud's: set it, with NTP."


@pytest.mark.parametrize(
    ("interval", "least", "expected"),
    [(60, 0, 60), (60, 60, 60), (60, 61, 120), (15, 600, 600), (700, 600, 700)],
)
def test_what_is_kept_for_a_while_is_asked_for_at_a_whole_number_of_scrapes(
    interval: float, least: float, expected: float
) -> None:
    assert whole_times(interval, least) == expected


async def test_an_hour_has_min_interval_and_discovery_in_it() -> None:
    options = pai_dataset_jobs.Options(datasets="discover", workspace_id="1", discovery_interval=600)
    settings = the_settings("pai_dataset_jobs", options, min_interval=90.0, requests_per_second=3.0)
    # One dataset and the end of its list, and an edition without any.
    told: list[tuple[int, list[dict[str, str]]]] = [(1, [{"DatasetId": "d-1"}]), (1, []), (0, [])]
    bodies = [{"TotalCount": total, "Datasets": rows} for total, rows in told]
    replies = [httpx.Response(200, json=body) for body in (*bodies, {"TotalCount": 0, "DatasetJobs": []})]
    source = a_source(settings, answers(*replies))
    snapshot = await source.collect(within(60))
    result = Result(
        source=source,
        error=None,
        snapshot=snapshot,
        last_success=0.0,
        duration=1.0,
        requests=snapshot.requests,
    )
    found = finding(result, 60.0)
    assert (found.discovery_requests, found.requests_per_scrape, found.requests) == (3, 1, 4)
    assert found.requests_per_hour == 3600 // 120 + 3 * 3600 // 600
    assert found.most_requests_per_second == 3.0


def octopus(**reports: WalkReport) -> Source:
    """Return a source whose last collection went so."""
    options = octopus_system_jobs.Options(project_id="p")
    source = a_source(the_settings("octopus_system_jobs", options), answers(httpx.Response(500)))
    source.course = Course(walks={report.name: report for report in reports.values()})
    return source


def test_lists_that_failed_alike_are_told_once_and_each_has_its_state() -> None:
    denied = SourceError(Reason.PERMISSION, "403 no", code="X.3")
    broken = SourceError(Reason.SERVER, "500 broken")
    source = octopus(
        a=WalkReport(name="a", error=denied),
        b=WalkReport(name="b", error=broken),
        c=WalkReport(name="c", error=denied),
        d=WalkReport(name="d", error=broken, absent=True),
        e=WalkReport(name="e"),
        f=WalkReport(name="f", pages=1),
        g=WalkReport(name="g", pages=1, complete=True),
    )
    found = finding(failed(source, denied), 60.0)
    assert {one.name: one.state for one in found.lists} == {
        "a": "permission",
        "b": "server_error",
        "c": "permission",
        "d": "absent",
        "e": "unread",
        "f": "incomplete",
        "g": "ok",
    }
    assert [(one.reason, one.lists) for one in found.errors] == [
        ("permission", ("a", "c")),
        ("server_error", ("b",)),
    ]
    assert (found.state, found.items, found.requests_per_hour, found.requests) == (
        "permission",
        None,
        None,
        3,
    )


def test_a_failure_that_is_of_no_list_is_told_too() -> None:
    source = octopus(a=WalkReport(name="a", pages=1, complete=True), b=WalkReport(name="b"))
    found = finding(failed(source, SourceError(Reason.TIMEOUT, "not finished in time")), 60.0)
    [trouble] = found.errors
    assert (trouble.reason, trouble.lists, trouble.message) == ("timeout", (), "not finished in time")


def test_of_many_lists_only_those_that_are_not_well_are_shown() -> None:
    lists = (*(a_list(f"dataset d-{number}") for number in range(30)), a_list("dataset d-bad", "permission"))
    text = printed(
        Report(good=False, scrape_interval_seconds=60.0, sources=(a_finding(lists=lists),), warnings=("Hm.",))
    )
    assert "d-bad" in text
    assert "30 other lists" in text
    assert "d-7" not in text
    assert "warning: Hm." in text


def test_words_of_others_are_no_markup() -> None:
    text = printed(
        Report(
            good=True,
            scrape_interval_seconds=60.0,
            sources=(a_finding(identity="[red]me[/red]", lists=(a_list("[bold]x"),)),),
            warnings=(),
        )
    )
    assert "[red]me[/red]" in text
    assert "[bold]x" in text


def a_report(*sources: Finding, interval: float = 60.0) -> Report:
    return Report(
        good=not any(one.errors for one in sources),
        scrape_interval_seconds=interval,
        sources=sources,
        warnings=warnings(sources, interval),
    )


def test_what_is_not_complete_is_a_warning_and_not_all_good() -> None:
    lists = (a_list("workspace 0"), a_list("workspace 7", "incomplete"))
    report = a_report(a_finding("octopus", complete=False, state="incomplete", lists=lists), a_finding())
    [told] = report.warnings
    assert told.startswith(
        "octopus: not complete: workspace 7 (1 listed). Jobs kept changing while the list "
    )
    assert "raise concurrency" in told
    assert printed(report).splitlines()[-1] == "2 sources, none failed, 1 incomplete, 1 warning"


def test_without_a_doubt_all_is_good() -> None:
    assert printed(a_report(a_finding())).splitlines()[-1] == "1 source, all good"


def test_a_queue_that_the_cloud_does_not_know_is_a_warning_with_what_was_probably_meant() -> None:
    absent = WalkReport(
        name="queue PROCESOR",
        absent=True,
        if_absent="did you mean PROCESSOR?",
        error=SourceError(Reason.BAD_REQUEST, "400"),
    )
    found = finding(failed(octopus(a=absent), SourceError(Reason.TIMEOUT, "late")), 60.0)
    assert found.lists[0].advice == "did you mean PROCESSOR?"
    report = a_report(a_finding("octopus-queue", lists=found.lists))
    assert report.warnings == (
        "octopus-queue: queue PROCESOR is not known to the cloud; did you mean PROCESSOR?",
    )
    assert printed(report).splitlines()[-1] == "1 source, none failed, 1 warning"


def test_a_source_that_takes_longer_than_there_is_between_scrapes_is_warned_of() -> None:
    [told] = warnings([a_finding(seconds=3.0)], 2.0)
    assert told.startswith(
        "dataarts: took 3.0 s, and is scraped every 2s: scrapes that come meanwhile share "
    )


@pytest.mark.parametrize(
    ("interval", "seconds", "rate", "expected"),
    [
        (86_400.0, 1.0, 100.0, 0.125),
        (60.0, 1.0, 100.0, 180),
        (1.0, 10.0, 100.0, 1080),
        (0.1, 0.05, 2.0, 7200),
    ],
)
def test_an_hour_has_no_more_requests_than_collections_and_their_pace_allow(
    interval: float, seconds: float, rate: float, expected: float
) -> None:
    options = octopus_system_jobs.Options(project_id="p")
    settings = the_settings("octopus_system_jobs", options, requests_per_second=rate)
    assert hourly(a_source(settings, answers(httpx.Response(500))), 3, interval, seconds) == expected


@pytest.mark.parametrize(
    ("requests", "text"),
    [(None, ""), (0.125, "3 a day"), (1 / 24, "1 a day"), (2.5, "2.5"), (1234567.0, "1234567")],
)
def test_less_than_one_request_an_hour_is_told_by_the_day(requests: float | None, text: str) -> None:
    assert an_hour(requests) == text


@pytest.mark.parametrize("width", [50, 60])
def test_on_a_narrow_terminal_names_stay_whole(width: int) -> None:
    names = ("workspace 1458830011", "queue DESENSITIZATION")
    one = a_finding("octopus", identity="HPUA…MPLE", lists=tuple(map(a_list, names)))
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        show(a_report(one), console)
    lines = captured.get().splitlines()
    for name in (*names, "HPUA…MPLE"):
        assert any(name in line for line in lines)
