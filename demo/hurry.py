"""The rules and configurations that we ship for Prometheus and Alertmanager, in a hurry, at other addresses.

Nobody wants to wait for minutes until an alert fires in a demonstration or a test. So all that is counted
in Prometheus' and Alertmanager's own time becomes shorter by one factor: intervals, ranges, offsets, ``for``,
and how long a failure is news and numbers are fresh. What is counted in the time of jobs stays.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
PART = re.compile(r"(\d+)(ms|[smhdwy])")
DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
RANGE = re.compile(rf"(\[)({DURATION})(?=[\]:])|(:)({DURATION})(?=\])|(\boffset\s+)({DURATION})\b")
FACTOR = re.compile(r"\* (\d+(?:\.\d+)?)")
OWN_AGES = frozenset({"datajobs:threshold:data_stale_seconds", "datajobs:threshold:failed_recently_seconds"})
"""Thresholds on how long ago something was seen or happened, which a hurried alert is to outlive as well."""

INTERVALS = frozenset(
    {
        "for",
        "keep_firing_for",
        "interval",
        "evaluation_interval",
        "refresh_interval",
        "group_wait",
        "group_interval",
        "repeat_interval",
    }
)

LEAST_INTERVAL = 2.0
"""Seconds between two scrapes that there are in any hurry: the clouds and the exporter need their time."""

Tree = Any
"""What a YAML file holds."""


def write(source: Path, target: Path, speed: float, addresses: Mapping[str, str]) -> None:
    """Copy a folder of rules and configurations, ``speed`` times as fast and with other addresses.

    ``addresses`` maps what stands in the files, such as ``localhost:9093``, to what is to stand there.
    """
    for path in sorted((*source.glob("*.yml"), *source.glob("rules/*.yaml"))):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(yaml.safe_dump(hurried(moved(found, addresses), speed)), encoding="utf-8")


def moved(tree: Tree, addresses: Mapping[str, str]) -> Tree:
    """Return what a file holds with other addresses."""
    if isinstance(tree, dict):
        return {name: moved(value, addresses) for name, value in tree.items()}
    if isinstance(tree, list):
        return [moved(value, addresses) for value in tree]
    if isinstance(tree, str):
        for usual, wanted in addresses.items():
            tree = tree.replace(usual, wanted)
    return tree


def hurried(tree: Tree, speed: float) -> Tree:
    """Return what a file holds with all times of Prometheus and Alertmanager so many times as short."""
    if isinstance(tree, list):
        return [hurried(value, speed) for value in tree]
    if isinstance(tree, dict) and speed != 1:
        return {name: _entry(tree, name, speed) for name in tree}
    return tree


def _entry(parent: Mapping[str, Tree], name: str, speed: float) -> Tree:
    """Return what stands in a mapping under a name, hurried."""
    value = parent[name]
    if name in INTERVALS:
        return shorter(value, speed)
    if name in {
        "scrape_interval",
        "scrape_timeout",
    }:  # the timeout is as long as it may be: clouds do not hurry
        return shorter(parent["scrape_interval"], speed, least=LEAST_INTERVAL)
    if name == "expr":
        return faster(value, speed, own_age=parent.get("record") in OWN_AGES)
    return hurried(value, speed)


def faster(expression: str, speed: float, *, own_age: bool = False) -> str:
    """Return an expression with shorter ranges and offsets and, with ``own_age``, a lower threshold."""

    def range_(match: re.Match[str]) -> str:
        before, duration = (group for group in match.groups() if group is not None)
        return before + shorter(duration, speed)

    expression = RANGE.sub(range_, expression)
    if own_age:
        expression = FACTOR.sub(lambda match: f"* {float(match[1]) / speed:g}", expression)
    return expression


def shorter(duration: str, speed: float, *, least: float = 0.001) -> str:
    """Return a duration that is so many times as short, in whole milliseconds, but ``least`` seconds long."""
    if not re.fullmatch(DURATION, duration):
        raise ValueError(f"{duration!r} is not a duration such as 30s")
    seconds = sum(int(number) * UNITS[unit] for number, unit in PART.findall(duration))
    return f"{round(max(least, seconds / speed) * 1000)}ms"
