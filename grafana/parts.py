"""What every panel is made of: queries, sizes, and the head that none may lack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.scope import DATASOURCE

COUNT = "locale"
"""The unit of things that are counted: all digits, in groups."""
SECONDS = "s"
RATIO = "percentunit"
PER_MINUTE = "cpm"
BYTES = "bytes"
WHOLE_WIDTH = 24

Panel = TypeVar(
    "Panel", stat.Panel, timeseries.Panel, table.Panel, bargauge.Panel, heatmap.Panel, statetimeline.Panel
)

Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Width of 24 columns, height in lines of 38 pixels or so."""

    width: int
    height: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query in PromQL, and how its series are named."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a person needs to read a panel: none of it may be empty."""

    title: str
    description: str
    unit: str
    size: Size


def dressed(panel: Panel, head: Head) -> Panel:
    """Return the panel with its head and our data source."""
    return (
        panel.title(head.title)
        .description(head.description)
        .unit(head.unit)
        .span(head.size.width)
        .height(head.size.height)
        .datasource(DATASOURCE)
    )


def asked(
    panel: Panel,
    queries: Sequence[Query],
    *,
    instant: bool,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> Panel:
    """Return the panel with its queries; the first is A."""
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(letter)
        target = target.datasource(DATASOURCE).format(form)
        panel = panel.with_target(target.instant() if instant else target.range())
    return panel


def limited(panel: Panel, thresholds: Sequence[models.Threshold]) -> Panel:
    """Return the panel with colours that follow from these thresholds."""
    config = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(list(thresholds))
    colour = dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
    return panel.thresholds(config).color_scheme(colour)


def coloured(panel: Panel, colours: Mapping[str, str]) -> Panel:
    """Return the panel with a fixed colour for each series of that name."""
    for name, colour in colours.items():
        panel = panel.override_by_name(name, [fixed(colour)])
    return panel


def fixed(colour: str) -> models.DynamicConfigValue:
    """Return the property that a field has one colour."""
    return models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})


def meaning(words: Mapping[float, tuple[str, str]]) -> list[models.ValueMapping]:
    """Return mappings from values to a word and its colour."""
    results = {
        f"{value:g}": models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return [models.ValueMap(options=results)]


def newest() -> common.ReduceDataOptions:
    """Return the reduction to the newest value, where there is one now: old values are no news."""
    return common.ReduceDataOptions().calcs(["last"]).fields("").values(False)


class Built(Builder[Made]):
    """What is finished, for where the library asks for a builder."""

    def __init__(self, made: Made) -> None:
        self._made = made

    def build(self) -> Made:
        """Return it."""
        return self._made
