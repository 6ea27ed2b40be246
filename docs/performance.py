"""The page of figures: its prose is in performance.md.in, the figures are those that were measured last."""

from collections.abc import Sequence
from pathlib import Path
from string import Formatter

import msgspec

from benchmarks.figures import Figure, Section
from docs.markdown import HERE, page, table

FIGURES = HERE / "performance.json"
"""What ``make bench`` has measured; no other than this writes it."""

NAME = "performance.md"
MARKS = {True: "yes", False: "**no**", None: ""}
DIGITS = 100
"""From here on a figure is told without digits after its point."""


def performance_page(figures: Path = FIGURES) -> str:
    """Return the page."""
    sections = msgspec.json.decode(figures.read_bytes(), type=list[Section]) if figures.exists() else []
    parts = {section.name: f"{told(section)}\n\n{shown(section)}" for section in sections}
    named = {name for _, name, _, _ in Formatter().parse((HERE / f"{NAME}.in").read_text("utf-8")) if name}
    return page(NAME, **(dict.fromkeys(named - {"mark"}, "Not measured yet.") | parts))


def write() -> None:
    """Write the page."""
    (HERE / NAME).write_text(performance_page(), encoding="utf-8")


def told(section: Section) -> str:
    """Say when and on what the figures of a section were measured."""
    return (
        f"Measured on {section.date}, medians of {section.rounds} rounds, on {section.machine}; "
        f"{section.load:.1f} processes wanted to run when it ended."
    )


def shown(section: Section) -> str:
    """Return the figures of a section as a table."""
    return table(["figure", "measured", "target", "reached"], [row(figure) for figure in section.figures])


def row(figure: Figure) -> Sequence[str]:
    """Return the row of a figure."""
    unit = f" {figure.unit}" if figure.unit else ""
    bound = "at least" if figure.at_least else "at most"
    target = "" if figure.target is None else f"{bound} {figure.target:g}{unit}"
    return figure.what, f"{number(figure.value)}{unit}", target, MARKS[figure.reached]


def number(value: float) -> str:
    """Return a value with as many digits as it deserves."""
    if value == int(value) or abs(value) >= DIGITS:
        return f"{value:,.0f}"
    return f"{value:.2f}"
