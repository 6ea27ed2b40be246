import json
import re

import pytest

from tests.alerting.rules import (
    ALERTING,
    ALERTS,
    CASES,
    EVERY_RUNBOOK,
    PROMETHEUS,
    RECORDINGS,
    ROOT,
    Case,
    Rule,
    seconds,
)
from tests.grafana.catalogue import mistakes

LINGERING = 300
"""Seconds for which alerts about jobs go on seeing what is gone: the window in which they look back."""
AT_ONCE = ("DatajobsJobsFailed", "DatajobsUnknownValues")
"""Alerts about something that happened; it does not have to last."""
ABOUT_SCRAPES = ("DatajobsExporterAbsent", "DatajobsExporterDown")
"""Alerts about scrapes that are missing: what one missed scrape is to them, their silent cases show."""
DASHBOARDS = [
    json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "grafana" / "dashboards").glob("*.json")
]
VARIABLES = {board["uid"]: {one["name"] for one in board["templating"]["list"]} for board in DASHBOARDS}
"""The variables of each dashboard by its uid."""

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule.name)
every_recording = pytest.mark.parametrize("rule", RECORDINGS, ids=lambda rule: rule.name)


def cases_of(alert: Rule, what: str) -> list[Case]:
    """Return the cases whose names say this of an alert."""
    found = [case for case in CASES if case.name.startswith(f"{alert.name} {what}")]
    assert found, f"no case is called {alert.name} {what}"
    return found


def firing(case: Case, alert: Rule) -> list[bool]:
    """Tell whether an alert is expected, at each time in order."""
    told = [(seconds(at), bool(expected)) for at, name, expected in case.expected if name == alert.name]
    assert len(told) == len(case.expected) > 0
    assert told == sorted(told)
    return [fires for _, fires in told]


@every_alert
def test_an_alert_is_shown_firing_a_missed_scrape_or_not(alert: Rule) -> None:
    found = cases_of(alert, "fires")
    assert all(firing(case, alert)[-1] for case in found)
    if alert.name not in ABOUT_SCRAPES:
        assert any(re.search(r"\bstale\b", " ".join(case.values)) for case in found)


@every_alert
def test_an_alert_is_shown_silent(alert: Rule) -> None:
    for case in cases_of(alert, "is silent"):
        fires = firing(case, alert)
        assert not any(fires) or case.name.endswith("is silent again when the cloud is down")


@every_alert
def test_an_alert_is_shown_resolving(alert: Rule) -> None:
    for case in cases_of(alert, "resolves"):
        fires = firing(case, alert)
        assert fires[0]
        assert not fires[-1]


@pytest.mark.parametrize(
    "alert", [one for one in ALERTS if one.labels["about"] == "jobs"], ids=lambda r: r.name
)
def test_an_alert_about_jobs_is_silent_on_numbers_that_cannot_be_trusted(alert: Rule) -> None:
    [case] = cases_of(alert, "is silent on numbers that cannot be trusted")
    fires = cases_of(alert, "fires")[0]
    assert len(case.values) >= 4 * (len(fires.values) - 1)


@every_recording
def test_a_recording_rule_is_tested(rule: Rule) -> None:
    asked = [query for case in CASES for query in case.queries if query["expr"].split("{")[0] == rule.name]
    assert any(query["exp_samples"] for query in asked)


@every_recording
def test_its_name_tells_level_metric_and_operations(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule.name)


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDINGS], ids=lambda rule: rule.name)
def test_a_rule_names_only_what_there_is(rule: Rule) -> None:
    assert mistakes(rule.expr) == []


@every_alert
def test_an_alert_carries_what_its_reader_needs(alert: Rule) -> None:
    assert set(alert.labels) == {"severity", "about"}
    assert alert.labels["severity"] in {"critical", "warning", "info"}
    assert alert.labels["about"] in {"exporter", "source", "jobs"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert alert.annotations["summary"].endswith(".")
    assert alert.annotations["description"].endswith(".")
    if alert.labels["about"] != "exporter":
        assert "{{ $labels." in alert.annotations["summary"]
        url = alert.annotations["dashboard_url"]
        assert "var-source={{ " in url or "datajobs-octopus?var-job=" in url
        named = set(re.findall(r"[?&]var-(\w+)=", url))
        for uid in re.findall(r"(datajobs-[a-z]+)\?", url):
            assert named <= VARIABLES[uid] | {"source", "dataset"}


@every_alert
def test_its_links_lead_somewhere(alert: Rule) -> None:
    base, _, anchor = alert.annotations["runbook_url"].rpartition("#")
    assert base == '{{ with query "datajobs:links:info" }}{{ . | first | label "runbooks" }}{{ end }}'
    assert anchor in {name.lower() for name in EVERY_RUNBOOK}
    named = set(re.findall(r"datajobs-[a-z]+", alert.annotations["dashboard_url"]))
    assert named
    for uid in named:
        assert "source" in VARIABLES[uid]


@every_alert
def test_what_is_gone_is_forgotten_before_an_alert_could_fire(alert: Rule) -> None:
    if alert.name not in AT_ONCE and "_over_time(" in alert.expr:
        assert seconds(alert.wait) > LINGERING


@every_alert
def test_an_alert_about_jobs_looks_only_at_what_was_recorded_while_it_could_be_trusted(alert: Rule) -> None:
    raw = set(re.findall(r"(?<![:\w])datajobs_\w+(?![\w:])", alert.expr))
    assert not raw or alert.labels["about"] != "jobs"


@every_alert
def test_the_page_tells_the_severity_and_how_long_it_waits(alert: Rule) -> None:
    [cells] = re.findall(
        rf"^\| \[{alert.name}\]\(runbooks.md#{alert.name.lower()}\) \|(.*)\|$", ALERTING, re.M
    )
    severity, _, wait = (cell.strip() for cell in cells.split("|"))
    assert severity == alert.labels["severity"]
    assert (wait or "0m") == alert.wait


def test_the_page_tells_every_threshold_with_the_alerts_that_use_it() -> None:
    limits = {
        rule.name: rule.expr.split("*")[-1].strip() for rule in RECORDINGS if ":threshold:" in rule.name
    }
    told = dict(re.findall(r"`([a-z_]+)` ([\d.]+)", ALERTING))
    assert {f"datajobs:threshold:{name}": value for name, value in told.items()} == limits


def test_the_page_names_every_file() -> None:
    for path in PROMETHEUS.rglob("*.yml"):
        assert f"`{path.name}`" in ALERTING
    for path in (PROMETHEUS / "rules").glob("*.yaml"):
        assert f"`rules/{path.name}`" in ALERTING
