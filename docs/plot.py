"""Plots as SVG: curves one below the other, each with its own scale from zero; light or dark as the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 110
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 26, 10
FOOT = 26
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
STYLE = (
    "text{font:12px sans-serif;fill:#57606a}.name{font-weight:600;fill:#24292f}"
    "path{fill:none;stroke:#0969da;stroke-width:1.5}line{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#8b949e}.name{fill:#e6edf3}path{stroke:#58a6ff}"
    "line{stroke:#30363d}}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points of something over something else, ascending; ``unit`` may be empty."""

    name: str
    unit: str
    points: Sequence[tuple[float, float]]


def plot(curves: Sequence[Curve], along: str) -> str:
    """Return the curves as one picture; ``along`` says what they run over."""
    height = len(curves) * HEIGHT + FOOT
    last = max((x for curve in curves for x, _ in curve.points), default=1.0)
    parts = [drawn(curve, index * HEIGHT, last) for index, curve in enumerate(curves)]
    step = step_of(last)
    marks = [mark(number * step, last, height) for number in range(int(last / step) + 1)]
    foot = f'<text x="{WIDTH - RIGHT}" y="{height - 6}" text-anchor="end">{escape(along)}</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">'
    return "\n".join((head, f"<style>{STYLE}</style>", *parts, *marks, foot, "</svg>")) + "\n"


def drawn(curve: Curve, top: int, last: float) -> str:
    """Return a curve below ``top``."""
    most = ceiling(max((y for _, y in curve.points), default=1.0))
    base, high = top + HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    steps = " ".join(f"{across(x, last):.1f},{base - y / most * high:.1f}" for x, y in curve.points)
    name = f"{curve.name}, {curve.unit}" if curve.unit else curve.name
    lines = [level(base - y / most * high, y) for y in (0.0, most)]
    path = f'<path d="M{steps}"/>' if steps else ""
    title = f'<text class="name" x="{LEFT}" y="{top + 16}">{escape(name)}</text>'
    return "\n".join((title, *lines, path))


def level(y: float, value: float) -> str:
    """Return the line of a value, and its number."""
    line = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def mark(x: float, last: float, height: int) -> str:
    """Return a number below the lowest curve."""
    return f'<text x="{across(x, last):.1f}" y="{height - 6}" text-anchor="middle">{x:g}</text>'


def across(x: float, last: float) -> float:
    """Return where a value is from left to right."""
    return LEFT + x / last * (WIDTH - LEFT - RIGHT)


def step_of(last: float) -> float:
    """Return the distance of numbers, of which there are to be about eight."""
    return ceiling(last / 8)


def ceiling(value: float) -> float:
    """Return the next round number."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in STEPS if step * power >= value * (1 - 1e-9))
