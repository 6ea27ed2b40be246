"""What the generated pages are made of."""

from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
CURE = "python docs/generate.py"
BAR = r"\|"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', BAR) for cell in line)} |" for line in lines)


def code(words: Iterable[str]) -> str:
    """Return words as they stand in a sentence, each as code."""
    return ", ".join(f"`{word}`" for word in words)


def page(name: str, **parts: str) -> str:
    """Return the page whose prose is in the file of that name with ``.in`` after it."""
    prose = (HERE / f"{name}.in").read_text(encoding="utf-8")
    mark = f"<!-- Written by `{CURE}` from {Path(name).name}.in and the code: change those instead. -->"
    return prose.format(mark=mark, **parts)
