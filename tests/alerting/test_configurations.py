import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from exporter.config import Settings
from exporter.web.app import MARGIN
from tests.alerting.rules import ALERTS, PROMETHEUS, RULE_FILES, seconds
from tests.e2e.watching import eventually, free_port, ready
from tests.programs import program

ALERTMANAGER = PROMETHEUS / "alertmanager.yml"
CONFIGURATIONS = [PROMETHEUS / "prometheus.yml", PROMETHEUS / "prometheus-sd.yml"]
LONGEST = "60"
"""Seconds after which it ends by itself, whatever became of the tests."""

every_configuration = pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)


def run(name: str, package: str, *arguments: str | Path) -> str:
    """Run a program to its end, which must be a good one, and return what it says."""
    command = [program(name, package=package), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def amtool(*arguments: str | Path) -> str:
    """Run amtool."""
    return run("amtool", "prometheus-alertmanager", *arguments)


@every_configuration
def test_promtool_accepts_a_configuration_and_finds_every_rule_file(path: Path) -> None:
    said = run("promtool", "prometheus", "check", "config", path)
    assert f"{len(RULE_FILES)} rule files found" in said


@every_configuration
def test_a_scrape_waits_longer_than_a_source_and_not_longer_than_its_interval(path: Path) -> None:
    for job in yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"]:
        timeout, interval = seconds(job["scrape_timeout"]), seconds(job["scrape_interval"])
        assert Settings().timeout < timeout - MARGIN
        assert timeout < interval
        assert "datajobs" in job["job_name"]


def test_amtool_accepts_the_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", ALERTMANAGER)


def test_nothing_is_repeated_later_than_alertmanager_remembers_it() -> None:
    """Its flag --data.retention is 120h by itself."""
    route = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))["route"]
    for one in (route, *route["routes"]):
        assert seconds(one["repeat_interval"]) <= seconds("120h")


@pytest.mark.parametrize(
    ("severity", "receiver"), [("critical", "pager"), ("warning", "team"), ("info", "notes")]
)
def test_each_severity_has_its_receiver(severity: str, receiver: str) -> None:
    said = amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}")
    assert said.strip() == receiver


def test_the_inhibition_names_alerts_that_there_are() -> None:
    configuration = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    [rule] = configuration["inhibit_rules"]
    [matcher] = rule["source_matchers"]
    named = matcher.removeprefix('alertname=~"').removesuffix('"').split("|")
    assert {alert.labels["about"] for alert in ALERTS if alert.name in named} == {"source"}
    assert set(named) <= {alert.name for alert in ALERTS}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[httpx.Client]:
    """Run Alertmanager with the configuration as it is; it would send something after half a minute."""
    address = f"127.0.0.1:{free_port()}"
    name = "alertmanager" if shutil.which("alertmanager") else "prometheus-alertmanager"  # Debian's name
    command = ["timeout", "--kill-after=5", LONGEST, program(name, package="prometheus-alertmanager")]
    options = [
        f"--config.file={ALERTMANAGER}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    log = tmp_path / "log"
    with log.open("w") as output, subprocess.Popen([*command, *options], stderr=output) as process:
        try:
            with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=10) as http:
                assert eventually(lambda: ready(http, process), bool), log.read_text()
                yield http
        finally:
            process.terminate()
            process.wait(30)


def alert(name: str, source: str, about: str, job: str = "datajobs") -> dict[str, object]:
    """Return an alert as Prometheus sends it."""
    labels = {"alertname": name, "source": source, "about": about, "job": job, "severity": "warning"}
    return {"labels": labels, "startsAt": datetime.now(UTC).isoformat()}


@pytest.mark.parametrize("trouble", ["DatajobsSourceFailing", "DatajobsDataStale", "DatajobsListIncomplete"])
def test_a_source_in_trouble_silences_what_hangs_on_its_data_and_nothing_else(
    alertmanager: httpx.Client, trouble: str
) -> None:
    sent = [
        alert(trouble, "octopus", "source"),
        alert("DatajobsApiThrottled", "octopus", "source"),
        alert("DatajobsJobsFailed", "octopus", "jobs"),
        alert("DatajobsJobsFailed", "pai-vision", "jobs"),
        alert("DatajobsJobsFailed", "octopus", "jobs", job="datajobs-elsewhere"),
    ]
    alertmanager.post("/api/v2/alerts", json=sent).raise_for_status()

    def states() -> dict[tuple[str, str, str], str]:
        found = alertmanager.get("/api/v2/alerts").raise_for_status().json()
        return {
            (one["labels"]["alertname"], one["labels"]["source"], one["labels"]["job"]): one["status"][
                "state"
            ]
            for one in found
        }

    expected = {
        (trouble, "octopus", "datajobs"): "active",
        ("DatajobsApiThrottled", "octopus", "datajobs"): "active",
        ("DatajobsJobsFailed", "octopus", "datajobs"): "suppressed",
        ("DatajobsJobsFailed", "pai-vision", "datajobs"): "active",
        ("DatajobsJobsFailed", "octopus", "datajobs-elsewhere"): "active",
    }
    assert eventually(states, lambda found: found == expected) == expected
