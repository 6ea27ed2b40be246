import json
from pathlib import Path
from typing import Any

import pytest

from exporter.apis import dataarts_jobs
from exporter.commands.simulate import CONFIG
from exporter.errors import Reason
from exporter.simulator import identities
from tests.cli.running import NAMES, NOBODY, config_file, invoke, run, running, with_a_source_that_fails

HEAD = ["source", "and", "its", "lists", "state", "items", "pages", "requests", "seconds"]
KEYS = {
    "source", "api", "region", "endpoint", "credentials", "identity", "state", "items", "reported",
    "complete", "pages", "requests", "discovery_requests", "seconds", "timeout_seconds", "clock_skew_seconds",
    "requests_per_scrape", "requests_per_hour", "most_requests_per_second", "rate_limit", "lists", "errors",
}  # fmt: skip


def section(text: str, first: str) -> list[list[str]]:
    """Return the words of each line from the one that begins so to the next empty one."""
    lines = text.splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith(first)]
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    return [line.split() for line in lines[start:end]]


def report_of(ended: Any) -> dict[str, Any]:
    """Return what was told in JSON, sources by name."""
    report = json.loads(ended.stdout)
    return {**report, "sources": {one["source"]: one for one in report["sources"]}}


def test_offline_it_only_reads_the_configuration(config: Path) -> None:
    ended = invoke("check", "--offline", "--config.file", config, SIMULATED=NOBODY)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == "the configuration is good: 4 sources\n"


def test_offline_in_json_it_names_the_sources(config: Path) -> None:
    ended = invoke("check", "--offline", "--output", "json", "--config.file", config, SIMULATED=NOBODY)
    assert (ended.exit_code, ended.stderr) == (0, "")
    report = json.loads(ended.stdout)
    assert report["good"] is True
    assert [source["source"] for source in report["sources"]] == list(NAMES)


def test_mistakes_in_json_have_their_place_and_cure(tmp_path: Path) -> None:
    path = config_file(tmp_path, CONFIG.replace("datasets: discover", "datastes: discover"))
    ended = invoke("check", "--output=json", "--config.file", path, SIMULATED=NOBODY)
    assert (ended.exit_code, ended.stderr) == (2, "")
    report = json.loads(ended.stdout)
    assert (report["good"], report["file"]) == (False, str(path))
    mistakes = {mistake["path"]: mistake for mistake in report["mistakes"]}
    assert mistakes["sources[0].datasets"]["problem"] == "is missing"
    assert "datasets" in mistakes["sources[0].datastes"]["cure"]
    assert mistakes["sources[0].datastes"]["line"] > 1


def test_good_sources_and_lists_are_a_table_and_status_0(config: Path, clouds: str) -> None:
    ended = run("check", "--config.file", config, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (0, "")
    head, *rows = section(ended.stdout, "source and its lists")
    assert head == HEAD
    found = {row[0]: row[-5:] for row in rows if row[0] in NAMES}
    assert found.keys() == set(NAMES)
    for state, items, pages, requests, _ in (found[name] for name in NAMES if name != "octopus-queue"):
        assert state == "ok"
        assert int(items) > 0
        assert 1 <= int(pages) <= int(requests) <= 20
    assert ["to", "find", "its", "lists", "4"] in rows
    queues = [row for row in rows if row[0] == "queue"]
    assert [row[1:3] for row in queues] == [["PROCESSOR", "ok"], ["INTERNAL", "ok"], ["RESIM", "ok"]]
    assert ended.stdout.splitlines()[-1] == "4 sources, all good"
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_what_scrapes_cost_stands_beside_what_the_api_allows(config: Path, clouds: str) -> None:
    ended = run("check", "--scrape-interval", "30s", "--config.file", config, SIMULATED=clouds)
    _, head, *rows = section(ended.stdout, "Requests, with a scrape every 30s:")
    assert head == ["source", "identity", "per", "scrape", "per", "hour", "API's", "limit"]
    costs = {row[0]: row[1:] for row in rows}
    assert costs["octopus-queue"] == ["HPUA…EALX", "3", "360", "not", "documented"]
    user = identities.DEMO_HUAWEI_USER
    assert costs["dataarts"][0] == f"{user.name}@{user.domain}"
    assert costs["dataarts"][3:] == ["30/s", "a", "user"]


def test_a_source_that_fails_is_status_1_and_told_with_a_cure(tmp_path: Path, clouds: str) -> None:
    path = config_file(tmp_path, with_a_source_that_fails())
    ended = run("check", "--config.file", path, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (1, "")
    lines = ended.stdout.splitlines()
    start = lines.index(f"pai-vision: authentication: {Reason.AUTHENTICATION.meaning}")
    found, hint, cure, blank, verdict = lines[start + 1 :]
    assert found.startswith("  found: GET /api/v1/datasets: 400 SignatureDoesNotMatch: ")
    assert hint == "  to do: Check access_key_secret; does a proxy change the headers or the path?"
    assert cure == f"  to do: {Reason.AUTHENTICATION.cure}"
    assert (blank, verdict) == ("", "1 of 4 sources failed")


def test_in_json_the_keys_are_stable_and_nothing_is_coloured(config: Path, clouds: str) -> None:
    ended = run("check", "--output", "json", "--config.file", config, SIMULATED=clouds, FORCE_COLOR="1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\x1b" not in ended.stdout
    report = report_of(ended)
    assert report.keys() == {"good", "scrape_interval_seconds", "sources", "warnings"}
    assert (report["good"], report["scrape_interval_seconds"], report["warnings"]) == (True, 60, [])
    assert list(report["sources"]) == list(NAMES)
    for source in report["sources"].values():
        assert source.keys() == KEYS
        assert source["requests_per_scrape"] == source["pages"]
        assert source["items"] == sum(one["items"] for one in source["lists"])
        assert source["errors"] == []
    dataarts = report["sources"]["dataarts"]
    assert dataarts["rate_limit"]["per_user"] == dataarts_jobs.RATE_LIMIT.per_user
    assert dataarts["requests_per_hour"] == 60 * dataarts["requests_per_scrape"]
    pai = report["sources"]["pai-vision"]
    assert pai["requests_per_hour"] == 60 * pai["requests_per_scrape"] + 6 * pai["discovery_requests"]
    assert pai["lists"][0].keys() == {
        "name", "state", "items", "reported", "complete", "pages", "requests", "way", "seconds", "advice"
    }  # fmt: skip


def test_a_list_that_fails_does_not_keep_the_others_from_being_tried(tmp_path: Path) -> None:
    faults = "octopus_queuing_jobs:http-403"
    path = config_file(tmp_path)
    with running("simulate", "--listen=127.0.0.1:0", "--jobs=20", f"--fault={faults}") as simulated:
        clouds = simulated.out.wait_for("simulated clouds on ").split()[3]
        ended = run("check", "--output=json", "--config.file", path, SIMULATED=clouds)
        assert simulated.end() == 0
    assert ended.returncode == 1
    report = report_of(ended)
    assert report["good"] is False
    assert {name: one["state"] for name, one in report["sources"].items()} == {
        **dict.fromkeys(NAMES, "ok"),
        "octopus-queue": "permission",
    }
    queues = report["sources"]["octopus-queue"]
    assert [one["state"] for one in queues["lists"]] == ["permission"] * 3
    [trouble] = queues["errors"]
    assert trouble["lists"] == ["queue PROCESSOR", "queue INTERNAL", "queue RESIM"]
    assert trouble["cures"] == [
        "Grant the IAM user or agency the action octopus:dataJobQueue:list in the project of the source."
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("60", "60 has no unit; write 60s if seconds are meant"),
        ("soon", '"soon" is not a duration; write a number with its unit'),
        ("0s", "'0s' is no time at all; write one like 60s"),
    ],
)
def test_an_interval_that_is_none_is_told_with_the_cure(config: Path, text: str, told: str) -> None:
    ended = invoke("check", "--scrape-interval", text, "--config.file", config)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Invalid value for '--scrape-interval': {told}" in ended.stderr
