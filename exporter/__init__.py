"""A Prometheus exporter for the job lists of data platforms."""

from importlib.metadata import version

__version__ = version("datajobs-exporter")
