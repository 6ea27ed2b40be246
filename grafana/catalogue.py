"""All dashboards; a new one takes its place here, and links and tests follow."""

from collections.abc import Callable, Sequence

from grafana.dataarts import dataarts
from grafana.exporter import exporter
from grafana.octopus import octopus
from grafana.overview import overview
from grafana.pages import Page
from grafana.pai_datasets import pai_datasets

DASHBOARDS: Sequence[Callable[[], Page]] = (overview, octopus, pai_datasets, dataarts, exporter)
"""What makes each page, in the order of the links."""
