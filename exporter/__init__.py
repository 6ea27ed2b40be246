"""A Prometheus exporter for the job lists of data platforms."""

import sys
from importlib.metadata import version

# Where rich is installed, httpx imports it for a command line of its own, which we do not use: a tenth of the
# time and memory that we start with. None tells it that this command line is not there.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how Python blocks an import

__version__ = version("datajobs-exporter")
