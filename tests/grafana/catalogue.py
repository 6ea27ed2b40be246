"""Which series there are, and with which labels: the exporter's, Prometheus' own, and what rules record."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, VectorSelector, parse, walk

from exporter.metrics import CATALOGUE, Family, Kind

RULES = Path(__file__).parents[2] / "prometheus" / "rules"
OF_THE_TARGET = frozenset({"job", "instance", "pod"})
"""Labels that Prometheus gives to a target; the last one in Kubernetes."""
PARTS = {Kind.GAUGEHISTOGRAM: ("_bucket", "_gcount", "_gsum"), Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
OTHERS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
)
"""Series of the target that Prometheus or the client library makes."""
ALERTS = frozenset({"alertname", "alertstate", "severity"})


def series(family: Family) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the names of a family's series and the labels of each."""
    labels = OF_THE_TARGET.union(family.labels)
    for part in PARTS.get(family.kind, ("",)):
        yield f"{family.name}{part}", labels | {"le"} if part == "_bucket" else labels


def recorded() -> Iterator[str]:
    """Yield the names of the recording rules, if there are any."""
    for path in sorted([*RULES.glob("*.yaml"), *RULES.glob("*.yml")]):
        for group in yaml.safe_load(path.read_text(encoding="utf-8")).get("groups", []):
            yield from (rule["record"] for rule in group["rules"] if "record" in rule)


OURS: Mapping[str, frozenset[str]] = {name: labels for family in CATALOGUE for name, labels in series(family)}
EVERY_LABEL = frozenset[str]().union(*OURS.values())
KNOWN: Mapping[str, frozenset[str]] = {
    **OURS,
    **dict.fromkeys(OTHERS, OF_THE_TARGET),
    **dict.fromkeys(recorded(), EVERY_LABEL),
    **dict.fromkeys(("ALERTS", "ALERTS_FOR_STATE"), EVERY_LABEL | ALERTS),
}


def selectors(expr: Expr) -> list[VectorSelector]:
    """Return every selector in an expression."""
    found: list[VectorSelector] = []

    def visit(one: Expr) -> None:
        if isinstance(one, VectorSelector):
            found.append(one)

    walk(expr, visit)
    return found


def mistakes(query: str) -> list[str]:
    """Return what a query names that there is not; raises ValueError where it is no PromQL."""
    expr = parse(query)
    found = [wrong for one in selectors(expr) for wrong in mistakes_of(one)]

    def visit(one: Expr) -> None:
        labels = labels_of(one)
        there = {label for inner in selectors(one) for label in KNOWN.get(inner.name or "", EVERY_LABEL)}
        there |= made(one)
        found.extend(f"no label {label} in {one.prettify()}" for label in labels if label not in there)

    walk(expr, visit)
    return found


def made(expr: Expr) -> set[str]:
    """Return the labels that an expression makes itself."""
    found: set[str] = set()

    def visit(one: Expr) -> None:
        if isinstance(one, Call) and one.func.name in {"label_replace", "label_join"}:
            found.add(one.args[1].val)

    walk(expr, visit)
    return found


def mistakes_of(selector: VectorSelector) -> list[str]:
    """Return what a selector names that there is not."""
    name = selector.name or ""
    if name not in KNOWN:
        return [f"no series {name}"]
    labels = [matcher.name for matcher in selector.matchers.matchers]
    return [f"{name} has no label {label}" for label in labels if label not in KNOWN[name]]


def labels_of(expr: Expr) -> list[str]:
    """Return the labels by which an expression groups or matches."""
    if isinstance(expr, AggregateExpr) and expr.modifier is not None:
        return expr.modifier.labels
    if isinstance(expr, BinaryExpr) and expr.modifier is not None:
        matching = expr.modifier.matching
        return [*(matching.labels if matching else []), *(expr.modifier.group_labels or [])]
    return []
