import re

import pytest

from tests.alerting.rules import ALERTS, EVERY_RUNBOOK, RUNBOOKS, Rule
from tests.grafana.catalogue import mistakes

PARTS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
QUERIES = [
    pytest.param(query, id=f"{name} {number}")
    for name, section in EVERY_RUNBOOK.items()
    for number, query in enumerate(re.findall(r"```promql\n(.+?)```", section, re.DOTALL), start=1)
]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert list(EVERY_RUNBOOK) == [alert.name for alert in in_order()]


def in_order() -> list[Rule]:
    """Return the alerts as the page tells them: exporters, sources, jobs."""
    about = ("exporter", "source", "jobs")
    return sorted(ALERTS, key=lambda alert: about.index(alert.labels["about"]))


@pytest.mark.parametrize("name", EVERY_RUNBOOK)
def test_a_runbook_says_what_it_means_what_it_does_how_to_look_and_what_to_do(name: str) -> None:
    section = EVERY_RUNBOOK[name]
    assert re.findall(r"^\*\*(\w+)\.\*\* \S", section, re.MULTILINE) == list(PARTS)
    diagnosis = section.split("**Diagnosis.**")[1].split("**Mitigation.**")[0]
    assert "```promql\n" in diagnosis


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_only_what_there_is(query: str) -> None:
    assert mistakes(query) == []


def test_every_query_is_looked_at() -> None:
    assert len(QUERIES) == RUNBOOKS.count("```promql") == RUNBOOKS.count("```") / 2


@pytest.mark.parametrize("name", EVERY_RUNBOOK)
def test_the_thresholds_that_it_names_are_those_of_its_alert(name: str) -> None:
    [alert] = [alert for alert in ALERTS if alert.name == name]
    named = set(re.findall(r"datajobs:threshold:\w+", EVERY_RUNBOOK[name]))
    assert named <= set(re.findall(r"datajobs:threshold:\w+", alert.expr)) | {
        "datajobs:threshold:job_running_factor"
    }
    assert name == "DatajobsJobRunningLong" or "datajobs:threshold:job_running_factor" not in named


def test_the_contents_lead_to_every_runbook() -> None:
    contents = RUNBOOKS.split("\n## ")[0]
    assert re.findall(r"\[(\w+)\]\(#(\w+)\)", contents) == [(name, name.lower()) for name in EVERY_RUNBOOK]
