"""The kinds of panels, each with our way of drawing it.

Numbers are as Prometheus has them now: where a source tells nothing any more, a stat says so and a line ends.
"""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, Threshold
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.colours import NOTHING, PLAIN, or_nothing, steps
from grafana.parts import (
    COUNT,
    PER_MINUTE,
    Head,
    Query,
    Size,
    asked,
    coloured,
    dressed,
    limited,
    meaning,
    newest,
)

NO_DATA = "no data"

SMALL = Size(width=4, height=4)
THIRD = Size(width=8)
HALF = Size(width=12)
WHOLE = Size(width=24)
TALLEST_BAR = 40
"""Pixels: a single bar does not fill its panel."""


def number(
    title: str,
    description: str,
    *,
    unit: str,
    query: Query,
    thresholds: Sequence[Threshold] = PLAIN,
    size: Size = SMALL,
    link: str | None = None,
    meanings: Mapping[float, tuple[str, str]] | None = None,
    shown: words.BigValueTextMode = words.BigValueTextMode.VALUE,
) -> stat.Panel:
    """Return one number as of now; ``link`` is where a click leads, ``meanings`` are words for its values.

    It has no course behind it: a stat of a course shows its last point as if it were of now, however old.
    """
    panel = dressed(stat.Panel(), Head(title=title, description=description, unit=unit, size=size))
    panel = limited(asked(panel, [query], instant=True), or_nothing(thresholds)).no_value(NO_DATA)
    panel = panel.color_mode(words.BigValueColorMode.VALUE).graph_mode(words.BigValueGraphMode.NONE)
    panel = panel.reduce_options(newest()).text_mode(shown)
    if meanings:
        panel = panel.mappings(meaning(meanings))
    return panel.data_links([leading(title, link)]) if link else panel


def lines(
    title: str,
    description: str,
    *,
    unit: str,
    queries: Sequence[Query],
    size: Size = HALF,
    colours: Mapping[str, str] | None = None,
    stacked: bool = False,
    thresholds: Sequence[Threshold] | None = None,
    maximum: float | None = None,
    least_maximum: float | None = None,
    calculations: Sequence[str] = (),
) -> timeseries.Panel:
    """Return the course of a few series, from zero on; thresholds are drawn as lines.

    ``colours`` are by the name of a series; the colours of others mean nothing. ``calculations`` make the
    legend a table of them. The axis ends at ``maximum``, or at ``least_maximum`` unless a value is larger.
    """
    panel = dressed(timeseries.Panel(), Head(title=title, description=description, unit=unit, size=size))
    panel = coloured(asked(panel, queries, instant=False), colours or {}).min(0)
    panel = panel.line_width(1).fill_opacity(60 if stacked else 0).show_points(words.VisibilityMode.AUTO)
    panel = panel.axis_soft_max(1) if unit in {COUNT, PER_MINUTE} else panel  # all zero: not up to 100
    panel = panel.span_nulls(False).no_value(NO_DATA)  # a gap is to be seen
    panel = panel.legend(legend(calculations)).tooltip(
        common.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.DESCENDING)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(words.StackingMode.NORMAL)).line_width(0)
    if maximum is not None:
        panel = panel.max(maximum)
    if least_maximum is not None:
        panel = panel.axis_soft_max(least_maximum)
    if thresholds is not None:
        drawn = common.GraphThresholdsStyleConfig().mode(words.GraphThresholdsStyleMode.DASHED)
        panel = limited(panel, thresholds).thresholds_style(drawn)
    return panel.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))


def legend(calculations: Sequence[str]) -> common.VizLegendOptions:
    """Return a legend below, as a table where it has numbers."""
    mode = words.LegendDisplayMode.TABLE if calculations else words.LegendDisplayMode.LIST
    made = common.VizLegendOptions().show_legend(True).display_mode(mode)
    return made.placement(words.LegendPlacement.BOTTOM).calcs(list(calculations))


def bars(
    title: str,
    description: str,
    *,
    unit: str,
    query: Query,
    size: Size = THIRD,
    colours: Mapping[str, str] | None = None,
    thresholds: Sequence[Threshold] = PLAIN,
    maximum: float | None = None,
    long_names: bool = False,
) -> bargauge.Panel:
    """Return a bar for each series, as of now; ``long_names`` stand above their bars and are not cut."""
    panel = dressed(bargauge.Panel(), Head(title=title, description=description, unit=unit, size=size))
    panel = limited(asked(panel, [query], instant=True), or_nothing(thresholds)).min(0).no_value(NO_DATA)
    panel = coloured(panel, colours or {}).orientation(words.VizOrientation.HORIZONTAL)
    panel = panel.display_mode(words.BarGaugeDisplayMode.BASIC).value_mode(words.BarGaugeValueMode.COLOR)
    panel = panel.reduce_options(newest()).max_viz_height(TALLEST_BAR)
    panel = panel.name_placement(words.BarGaugeNamePlacement.TOP) if long_names else panel
    return panel if maximum is None else panel.max(maximum)


def distribution(title: str, description: str, *, unit: str, bucket: str, size: Size = HALF) -> heatmap.Panel:
    """Return how many jobs each bucket of a gauge histogram has, over time; ``bucket`` selects its series."""
    panel = dressed(heatmap.Panel(), Head(title=title, description=description, unit=unit, size=size))
    query = Query(expr=f"sum by (le) ({bucket})", legend="{{le}}")
    panel = asked(panel, [query], instant=False, form=PromQueryFormat.HEATMAP)
    colour = (
        heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").exponent(0.5).steps(32)
    )
    panel = panel.calculate(False).color(colour).cell_gap(1).no_value(NO_DATA)
    panel = panel.filter_values(heatmap.FilterValueRange().le(1e-9)).show_legend()
    panel = panel.y_axis(heatmap.YAxisConfig().unit(unit).axis_placement(words.AxisPlacement.LEFT))
    return panel.cell_values(heatmap.CellValues().unit("short").decimals(0))


def states(
    title: str,
    description: str,
    *,
    query: Query,
    meanings: Mapping[float, tuple[str, str]],
    size: Size = HALF,
) -> statetimeline.Panel:
    """Return the state of each series over time; ``meanings`` are the words and colours of its values."""
    panel = dressed(statetimeline.Panel(), Head(title=title, description=description, unit="none", size=size))
    panel = limited(asked(panel, [query], instant=False), steps(NOTHING)).no_value(NO_DATA)
    panel = panel.mappings(meaning(meanings)).merge_values(True)
    panel = panel.show_value(words.VisibilityMode.NEVER).fill_opacity(80).row_height(0.8).line_width(0)
    return panel.legend(legend(()))


def leading(title: str, url: str) -> dashboard.DashboardLink:
    """Return a link from a value to elsewhere."""
    return dashboard.DashboardLink(title).url(url)
