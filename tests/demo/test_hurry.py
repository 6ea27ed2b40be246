"""The shipped rules and configurations in a hurry are the shipped ones, but for time and addresses."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.hurry import faster, hurried, moved, shorter, write
from demo.stack import SHIPPED
from tests.programs import program

RULES = sorted(SHIPPED.glob("rules/*.yaml"))


def rules(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(
    ("duration", "speed", "short"),
    [
        ("30s", 60, "500ms"),
        ("1h", 60, "60000ms"),
        ("1h30m", 2, "2700000ms"),
        ("5ms", 60, "1ms"),
        ("1d", 1, "86400000ms"),
    ],
)
def test_a_duration_is_so_many_times_as_short(duration: str, speed: float, short: str) -> None:
    assert shorter(duration, speed) == short


@pytest.mark.parametrize("text", ["", "soon", "5", "5m!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        shorter(text, 2)


def test_ranges_subqueries_and_offsets_of_an_expression_hurry_and_nothing_else() -> None:
    expression = 'max_over_time((a{path="[5m]x"} * 300)[1h:1m] offset 30m) + rate(b[5m])'
    assert faster("rate(a[5m] offset  1h30m) > 300", 60) == "rate(a[5000ms] offset  90000ms) > 300"
    assert faster(expression.replace('{path="[5m]x"}', ""), 60) == (
        "max_over_time((a * 300)[60000ms:1000ms] offset 30000ms) + rate(b[5000ms])"
    )


def test_only_thresholds_on_our_own_ages_hurry() -> None:
    tree = {
        "groups": [
            {
                "name": "settings",
                "interval": "1m",
                "rules": [
                    {"record": "datajobs:threshold:data_stale_seconds", "expr": 'a{b="c"} * 60\nor a * 900'},
                    {"record": "datajobs:threshold:job_waiting_seconds", "expr": "a * 3600"},
                    {"alert": "Old", "expr": "b * 900 > 2", "for": "10m", "labels": {"severity": "5m"}},
                ],
            }
        ]
    }
    [group] = hurried(tree, 30)["groups"]
    assert group["interval"] == "2000ms"
    assert group["rules"] == [
        {"record": "datajobs:threshold:data_stale_seconds", "expr": 'a{b="c"} * 2\nor a * 30'},
        {"record": "datajobs:threshold:job_waiting_seconds", "expr": "a * 3600"},
        {"alert": "Old", "expr": "b * 900 > 2", "for": "20000ms", "labels": {"severity": "5m"}},
    ]
    assert hurried(tree, 1) == tree


def test_addresses_are_moved_wherever_they_stand() -> None:
    tree = {"a": ["localhost:9093"], "b": {"url": "http://localhost:9095/team"}, "c": 9093}
    assert moved(tree, {"localhost:9093": "127.0.0.1:1", "localhost:9095": "127.0.0.1:2"}) == {
        "a": ["127.0.0.1:1"],
        "b": {"url": "http://127.0.0.1:2/team"},
        "c": 9093,
    }


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped folder, sixty times as fast."""
    folder = tmp_path_factory.mktemp("quick")
    write(SHIPPED, folder, 60, {"localhost:9093": "127.0.0.1:1"})
    return folder


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_shipped_rule_stays_the_same_but_for_time(quick: Path, path: Path) -> None:
    def timeless(text: str) -> str:
        text = re.sub(r"(?<=[\[ :])(\d+(ms|[smhdwy]))+(?=[\]: )\n]|$)", "DURATION", text)
        return re.sub(r"present \* [0-9.]+", "present * NUMBER", text)

    before, after = rules(path), rules(quick / "rules" / path.name)
    assert len(after) == len(before)
    for usual, fast in zip(before, after, strict=True):
        assert fast.keys() == usual.keys()
        assert timeless(fast["expr"]) == timeless(usual["expr"])
        timed = {"expr": "", "for": "", "keep_firing_for": ""}
        assert {**fast, **timed} == {**usual, **timed}
        assert ("for" in usual) <= (fast.get("for") != usual.get("for"))


def test_what_is_written_passes_the_programs_own_checks(quick: Path) -> None:
    promtool, amtool = (
        program("promtool", package="prometheus"),
        program("amtool", package="prometheus-alertmanager"),
    )
    for command in (
        [promtool, "check", "config", str(quick / "prometheus.yml")],
        [amtool, "check-config", str(quick / "alertmanager.yml")],
    ):
        checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    written = (quick / "prometheus.yml").read_text()
    assert "127.0.0.1:1" in written
    assert "evaluation_interval: 1000ms" in written
    assert set(re.findall(r"scrape_\w+: (\d+ms)", written)) == {"2000ms"}, "scrapes take their time"
