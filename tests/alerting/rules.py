"""The rules, their promtool tests and their runbooks, as values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yaml"))
TEST_FILES = sorted((PROMETHEUS / "rules" / "tests").glob("*.yaml"))
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
ALERTING = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An alert or a recording rule; of the second kind there are no annotations. ``wait`` is its ``for``."""

    name: str
    expr: str
    wait: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case of promtool: its name, the values of its series, what alerts it expects when, what it asks."""

    name: str
    values: Sequence[str]
    expected: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]
    queries: Sequence[Mapping[str, Any]]


def rules_of(kind: str) -> Iterator[Rule]:
    """Yield the rules of a kind, ``alert`` or ``record``, in the order of the files."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if kind in rule:
                    yield Rule(
                        name=rule[kind],
                        expr=rule["expr"],
                        wait=rule.get("for", "0m"),
                        labels=rule.get("labels", {}),
                        annotations=rule.get("annotations", {}),
                    )


def cases() -> Iterator[Case]:
    """Yield every case of every test file."""
    for path in TEST_FILES:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            yield Case(
                name=case["name"],
                values=[str(one["values"]) for one in case["input_series"]],
                expected=[
                    (one["eval_time"], one["alertname"], one["exp_alerts"])
                    for one in case.get("alert_rule_test", [])
                ],
                queries=case.get("promql_expr_test", []),
            )


def sections(text: str) -> dict[str, str]:
    """Return the sections of a page by their headings of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


ALERTS = list(rules_of("alert"))
RECORDINGS = list(rules_of("record"))
CASES = list(cases())
EVERY_SECTION = sections(RUNBOOKS)
EVERY_RUNBOOK = {name: section for name, section in EVERY_SECTION.items() if name.startswith("Datajobs")}


def seconds(duration: str) -> int:
    """Return what a duration of one unit says, in seconds."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]
