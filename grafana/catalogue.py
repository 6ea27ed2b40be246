"""All dashboards; a new one takes its place here, and links and tests follow."""

from collections.abc import Callable, Sequence

from grafana.exporter import exporter
from grafana.overview import overview
from grafana.pages import Page

DASHBOARDS: Sequence[Callable[[], Page]] = (overview, exporter)
"""What makes each page, in the order of the links."""
