"""Reads query parameters and refuses those a vendor would refuse."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from exporter.simulator.refusal import Cloud, bad_parameter

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Parameters:
    """A query, and whose manners to have with it. An empty value is as good as none."""

    cloud: Cloud
    pairs: list[tuple[str, str]]

    def text(self, name: str) -> str | None:
        """Return the first value of that name."""
        return next((value for known, value in self.pairs if known == name and value), None)

    def texts(self, name: str, *, most: int | None = None) -> frozenset[str]:
        """Return the values of a name that may be repeated."""
        values = [value for known, value in self.pairs if known == name and value]
        if most is not None and len(values) > most:
            raise bad_parameter(self.cloud, f"{name}: at most {most} values")
        return frozenset(values)

    def commas(self, name: str) -> frozenset[str]:
        """Return the parts of a value that holds several, separated by commas."""
        return frozenset(part for part in (self.text(name) or "").split(",") if part)

    def choice(self, name: str, options: Collection[str], default: str | None = None) -> str | None:
        """Return a value that must be one of ``options``."""
        value = self.text(name)
        if value is not None and value not in options:
            raise bad_parameter(self.cloud, f"{name}: {value} is not one of {', '.join(options)}")
        return default if value is None else value

    def number(self, name: str, default: int, *, low: int, high: int | None = None) -> int:
        """Return a whole number, which must lie between ``low`` and ``high``."""
        value = self.optional_number(name, low=low, high=high)
        return default if value is None else value

    def optional_number(self, name: str, *, low: int | None = None, high: int | None = None) -> int | None:
        """Return a whole number, or None where there is none."""
        text = self.text(name)
        if text is None:
            return None
        if not WHOLE_NUMBER.fullmatch(text):
            raise bad_parameter(self.cloud, f"{name}: {text} is not an integer")
        value = int(text)
        if (low is not None and value < low) or (high is not None and value > high):
            raise bad_parameter(self.cloud, f"{name}: {value} is out of range [{low}, {high}]")
        return value


def narrowed(wanted: Iterable[str], value: str) -> bool:
    """Whether ``value`` passes a filter of several values; an empty one lets all pass."""
    return not wanted or value in wanted
