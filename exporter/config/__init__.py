"""The configuration file: YAML to frozen values; all mistakes at once, each with its place and its cure.

It knows no list API: ``load`` is handed the table of those that there are. An API's own options are a
frozen ``msgspec.Struct`` whose fields use the types given here; a method ``problems`` may look at them
together.
"""

from exporter.config.loading import load
from exporter.config.masking import masked
from exporter.config.mistakes import ConfigError, Mistake
from exporter.config.model import ApiKind, ChecksItself, Config, Problem, Settings, Source
from exporter.config.values import (
    Duration,
    Endpoint,
    Identifier,
    Name,
    PositiveDuration,
    Region,
    Several,
    duration,
    seconds_of,
)

__all__ = [
    "ApiKind",
    "ChecksItself",
    "Config",
    "ConfigError",
    "Duration",
    "Endpoint",
    "Identifier",
    "Mistake",
    "Name",
    "PositiveDuration",
    "Problem",
    "Region",
    "Settings",
    "Several",
    "Source",
    "duration",
    "load",
    "masked",
    "seconds_of",
]
