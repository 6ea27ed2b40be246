"""The dashboards as Grafana gets them: every file that is there, whoever made it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "grafana"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard and the name of its file."""

    name: str
    json: Json

    @property
    def rows(self) -> list[Json]:
        """The rows, collapsed ones too."""
        return [panel for panel in self.json["panels"] if panel["type"] == "row"]

    @property
    def panels(self) -> list[Json]:
        """The panels that show something, those in collapsed rows too."""
        inside = [panel for row in self.rows for panel in row["panels"]]
        return [panel for panel in self.json["panels"] if panel["type"] != "row"] + inside

    @property
    def variables(self) -> list[Json]:
        """The template variables."""
        found: list[Json] = self.json["templating"]["list"]
        return found

    @property
    def annotations(self) -> list[Json]:
        """What is marked on the graphs."""
        found: list[Json] = self.json["annotations"]["list"]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A query where it stands."""

    board: Board
    panel: Json
    json: Json

    @property
    def expr(self) -> str:
        """The query, variables and all."""
        expr: str = self.json["expr"]
        return expr

    @property
    def place(self) -> str:
        """Name it as a person would."""
        return f"{self.board.name} / {self.panel['title']} / {self.json['refId']}"


BOARDS = [
    Board(name=path.stem, json=json.loads(path.read_text(encoding="utf-8")))
    for path in sorted((FOLDER / "dashboards").glob("*.json"))
]
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
TARGETS = [
    Target(board=board, panel=panel, json=target) for board, panel in PANELS for target in panel["targets"]
]

ALL: Mapping[str, str] = {
    "datasource": "prometheus",
    "job": ".+",
    "source": ".*",
    "workspace": ".*",
    "dataset": ".*",
    "queue_type": ".*",
    "job_type": ".*",
    "__rate_interval": "20s",
    "__interval": "5s",
    "__range": "60s",
}
"""What stands for the variables in a test: all there is, over a short time."""


def resolved(expr: str, values: Mapping[str, str] = ALL) -> str:
    """Return a query with the variables' values in it; one that has none stays as it is."""
    for name in sorted(values, key=len, reverse=True):
        expr = expr.replace(f"${{{name}}}", values[name]).replace(f"${name}", values[name])
    return expr


def links(board: Board) -> Iterator[Json]:
    """Yield every link: those in the head, of panels, of their fields and of columns."""
    yield from board.json.get("links") or []
    for panel in board.panels:
        yield from panel.get("links") or []
        config = panel.get("fieldConfig", {})
        yield from config.get("defaults", {}).get("links") or []
        for override in config.get("overrides") or []:
            for one in override["properties"]:
                if one["id"] == "links":
                    yield from one["value"]
