"""Tables: a row for each set of labels, a column for each query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.colours import PLAIN, or_nothing
from grafana.panels import NO_DATA, WHOLE
from grafana.parts import Head, Query, Size, asked, dressed, limited, meaning

NO_SUCH_NUMBER = "–"
"""Stands in a cell whose row has no such number: that is not zero."""
EMPTY = DynamicConfigValue(id_val="noValue", value=NO_SUCH_NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of values; the query's labels are the table's rows and nothing else."""

    title: str
    expr: str
    unit: str
    thresholds: Sequence[Threshold] | None = None
    meanings: Mapping[float, tuple[str, str]] | None = None

    @property
    def painted(self) -> bool:
        """Whether the value has a colour that tells something."""
        return self.thresholds is not None or self.meanings is not None


def rows(
    title: str,
    description: str,
    *,
    keys: Mapping[str, str],
    columns: Sequence[Column],
    size: Size = WHOLE,
    sort: str | None = None,
    descending: bool = True,
    widths: Mapping[str, int] | None = None,
    links: Mapping[str, tuple[str, str]] | None = None,
    paint: Mapping[str, Mapping[str, str]] | None = None,
    nothing: str = NO_DATA,
) -> table.Panel:
    """Return a table as of now.

    ``keys`` are the labels that make a row, with their headings. ``sort`` is the heading to sort by, largest
    first unless not ``descending``. ``widths`` are by heading, in pixels; columns without one share the rest.
    ``links`` are by heading: what they say and where they lead; so is ``paint``: the colours of words.
    ``nothing`` stands in the place of an empty table.
    """
    # With any other unit Grafana shows a label of digits, such as a workspace's id, as a number.
    panel = dressed(table.Panel(), Head(title=title, description=description, unit="string", size=size))
    queries = [Query(expr=column.expr, legend=column.title) for column in columns]
    panel = asked(panel, queries, instant=True, form=PromQueryFormat.TABLE).no_value(nothing)
    panel = limited(panel, PLAIN).show_header(True).filterable(False)
    for one in shaped(keys, columns):
        panel = panel.with_transformation(one)
    for heading in keys.values():
        panel = panel.override_by_name(heading, [EMPTY])
    for column in columns:
        panel = panel.override_by_name(column.title, properties(column))
    for heading, width in (widths or {}).items():
        panel = panel.override_by_name(heading, [DynamicConfigValue(id_val="custom.width", value=width)])
    for heading, colours in (paint or {}).items():
        panel = panel.override_by_name(heading, painted(colours))
    for heading, (says, url) in (links or {}).items():
        link = DynamicConfigValue(id_val="links", value=[{"title": says, "url": url}])
        panel = panel.override_by_name(heading, [link])
    if sort is None:
        return panel
    return panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])


def painted(colours: Mapping[str, str]) -> list[DynamicConfigValue]:
    """Return the properties that some words of a column have colours."""
    words = {word: ValueMappingResult(color=colour) for word, colour in colours.items()}
    return [
        DynamicConfigValue(id_val="mappings", value=[ValueMap(options=words)]),
        DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
    ]


def shaped(keys: Mapping[str, str], columns: Sequence[Column]) -> list[DataTransformerConfig]:
    """Return what makes one table of several answers, with its columns in order and named."""
    values = [f"Value #{letter}" for letter, _ in zip(ascii_uppercase, columns, strict=False)]
    names = dict(zip(values, (column.title for column in columns), strict=True))
    if len(columns) == 1:
        names["Value"] = columns[0].title  # Grafana numbers the values only where there are several
    order = {name: place for place, name in enumerate([*keys, *names])}
    organised = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": {**keys, **names}}
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(id_val="organize", options=organised),
    ]


def properties(column: Column) -> list[DynamicConfigValue]:
    """Return how a column shows its values."""
    made = [
        DynamicConfigValue(id_val="unit", value=column.unit),
        EMPTY,
    ]
    if column.thresholds is not None:
        steps = [threshold.to_json() for threshold in or_nothing(column.thresholds)]
        made.append(DynamicConfigValue(id_val="thresholds", value={"mode": "absolute", "steps": steps}))
    if column.meanings is not None:
        made.append(DynamicConfigValue(id_val="mappings", value=meaning(column.meanings)))
    if column.meanings is not None:
        made.append(DynamicConfigValue(id_val="custom.align", value="left"))
    if column.painted:
        made.append(DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}))
    return made
