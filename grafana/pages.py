"""A dashboard as a whole: its rows and where each panel stands, its links, the marks on its graphs."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana.colours import BAD, WARNING
from grafana.parts import WHOLE_WIDTH, Built
from grafana.scope import DATASOURCE, Scope

TAG = "datajobs"
ROW_HEIGHT = 1
IDS_OF_A_ROW = 100
"""Panel 203 is the third of the second row: a panel that comes or goes moves no other row's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step of the story that a dashboard tells."""

    title: str
    panels: Sequence[Builder[models.Panel]]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A dashboard; ``uid`` is part of its address and never changes."""

    uid: str
    title: str
    description: str
    scope: Scope
    rows: Sequence[Row]
    since: str = "now-6h"


def built(page: Page, others: Sequence[Page]) -> models.Dashboard:
    """Return the dashboard, with links to the others that keep the time and what was chosen."""
    made = builders.Dashboard(page.title).uid(page.uid).description(page.description).tags([TAG])
    made = made.time(page.since, "now").refresh("1m").tooltip(models.DashboardCursorSync.CROSSHAIR).editable()
    for variable in page.scope.variables():
        made = made.with_variable(variable)
    for mark in marks(page.scope):
        made = made.annotation(Built(mark))
    for other in others:
        made = made.link(link_to(other))
    top = 0
    for number, row in enumerate(page.rows, start=1):
        panels, height = placed(row, top + ROW_HEIGHT, number * IDS_OF_A_ROW)
        made = with_row(made, row, panels, top, number * IDS_OF_A_ROW)
        top += ROW_HEIGHT if row.collapsed else ROW_HEIGHT + height
    return made.build()


def placed(row: Row, top: int, first_id: int) -> tuple[list[Built[models.Panel]], int]:
    """Return a row's panels, from left to right, then on the next line; and its height."""
    made, left, down, tallest = [], 0, 0, 0
    for number, builder in enumerate(row.panels, start=1):
        panel = builder.build()
        size = panel.grid_pos or models.GridPos()
        if left + size.w > WHOLE_WIDTH:
            left, down, tallest = 0, down + tallest, 0
        panel.id_val = first_id + number
        panel.grid_pos = models.GridPos(x=left, y=top + down, w=size.w, h=size.h)
        left, tallest = left + size.w, max(tallest, size.h)
        made.append(Built(panel))
    return made, down + tallest


def with_row(
    made: builders.Dashboard, row: Row, panels: Sequence[Built[models.Panel]], top: int, row_id: int
) -> builders.Dashboard:
    """Return the dashboard with a row more; a collapsed one holds its panels."""
    place = models.GridPos(x=0, y=top, w=WHOLE_WIDTH, h=ROW_HEIGHT)
    head = builders.Row(row.title).id(row_id).collapsed(row.collapsed).grid_pos(place)
    if row.collapsed:
        for panel in panels:
            head = head.with_panel(panel)
        return made.with_row(head)
    made = made.with_row(head)
    for panel in panels:
        made = made.with_panel(panel)
    return made


def link_to(page: Page) -> builders.DashboardLink:
    """Return a link in the dashboard's head."""
    link = builders.DashboardLink(page.title.removeprefix("Data jobs / "))
    link = link.type(models.DashboardLinkType.LINK).url(f"/d/{page.uid}").tooltip(page.description)
    return link.icon("dashboard").include_vars(True).keep_time(True)


class Mark(models.AnnotationQuery):
    """Spans of time that Grafana paints over every graph; the library lacks the text that they say."""

    def __init__(self, name: str, colour: str, expr: str, text: str) -> None:
        super().__init__(name=name, datasource=DATASOURCE, icon_color=colour, expr=expr)
        self._text = text

    def to_json(self) -> dict[str, object]:
        """Return it as Grafana's Prometheus data source reads it."""
        return {**super().to_json(), "titleFormat": self._text, "tagKeys": "source", "step": "60s"}


def marks(scope: Scope) -> list[Mark]:
    """Return when numbers were not of the moment, and when they were not of a whole list.

    Grafana marks the times of values above 0, whatever a comparison left.
    """
    success, complete = scope.of("datajobs_source_success"), scope.of("datajobs_source_list_complete")
    return [
        Mark("Not fresh", BAD, f"{success} == bool 0", "{{source}}: the cloud did not answer"),
        Mark(
            "Not complete",
            WARNING,
            f"({complete} == bool 0) * {success}",
            "{{source}}: the numbers are not of a whole list",
        ),
    ]
