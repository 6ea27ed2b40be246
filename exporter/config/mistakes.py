"""What is wrong with a configuration file: every mistake with its place and its cure."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SHOWN_AT_MOST = 60
HARMLESS_KEY = re.compile(r"[A-Za-z]+([_-][A-Za-z]+)*")
LONGEST_KEY = 32
MOST_CHOICES = 5
PLAIN = re.compile(r"0|-?[1-9][0-9]{0,15}|[A-Za-z][A-Za-z0-9._-]{0,59}|\$\{[A-Za-z0-9_]{1,57}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to mend.

    ``path`` is like ``sources[2].timeout`` ("" for the file itself); ``name`` is that of the source or of
    the credentials, where known; ``line`` and ``column`` count from 1. No text holds a secret.
    """

    path: str
    problem: str
    cure: str
    name: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        name = f" ({self.name})" if self.name and not self.path.startswith("credentials.") else ""
        place = [f"line {self.line}"] if self.line else []
        place += [f"column {self.column}"] if self.column and not self.path else []
        place += [f"{self.path}{name}"] if self.path else []
        return f"{', '.join(place) or 'the file'}: {self.problem}; {self.cure}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``mistakes`` holds everything found, in the file's order."""

    def __init__(self, file: Path, mistakes: Iterable[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line or 0, mistake.column or 0)))
        count = f"{len(self.mistakes)} mistake{'s' if len(self.mistakes) > 1 else ''}"
        super().__init__("\n  ".join([f"{file}: {count}", *map(str, self.mistakes)]))


class Wrong(ValueError):  # noqa: N818 - it is caught at once and becomes a Mistake
    """A value that will not do: what is wrong with it and what to write instead."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


def quoted(text: str) -> str:
    """Return the text as it may stand in a message: in quotes, escaped, cut to a bound."""
    return json.dumps(cut(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def cut(text: str) -> str:
    """Return the text, or its beginning where it is long."""
    return text if len(text) <= SHOWN_AT_MOST else f"{text[:SHOWN_AT_MOST]}…"


def as_list(text: str) -> str:
    """Return the text as a list of one, as YAML has it."""
    return f"[{text if PLAIN.fullmatch(text) else quoted(text)}]"


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or None."""
    folded = {name.lower().replace("_", ""): name for name in known}
    matches = difflib.get_close_matches(word.lower().replace("_", "").replace("-", ""), folded, n=1)
    return folded[matches[0]] if matches else None


def listing(words: Iterable[str]) -> str:
    """Return the words as they stand in a sentence."""
    return ", ".join(words) or "none"


def choices(words: Iterable[str]) -> str:
    """Return a few of the words, as alternatives."""
    first, rest = (known := list(words))[:MOST_CHOICES], known[MOST_CHOICES:]
    return " or ".join([*first, "…"] if rest else first)


def harmless_key(key: str) -> bool:
    """Tell whether a key may be shown: ``{secret_key:abc}`` without a blank makes a key of a secret."""
    return len(key) <= LONGEST_KEY and HARMLESS_KEY.fullmatch(key) is not None
