"""A configuration as text that may be shown: every option with its effective value, secrets masked."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import inspect

from exporter.config.decoding import fields_of
from exporter.config.document import EXPONENT
from exporter.config.model import Config, Settings, Source
from exporter.config.values import duration
from exporter.credentials import Credentials, FixedSecret, SecretFile, abbreviated

MASK = "<secret>"
IDS = ("access_key_id", "access_key")
"""Of these the page shows what ``check`` does: enough to tell which key is at work."""


class _Dumper(yaml.SafeDumper):
    """Quotes ``1e5`` too, which is a number to YAML 1.2 and JSON."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+.0123456789"))


def masked(config: Config) -> str:
    """Return the configuration as YAML in the file's own form, defaults filled in.

    Secrets are ``<secret>``, of the ids of keys the first and last characters are shown.
    Only credentials that a source uses are in it; a secret that is kept in a file shows the file's path.
    """
    credentials = {source.credentials_name: _keys(source.credentials) for source in config.sources}
    sources = [_source(source) for source in config.sources]
    shown = {"credentials": credentials, "sources": sources}
    return yaml.dump(shown, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def _source(source: Source) -> dict[str, Any]:
    basics = {
        "name": source.name,
        "api": source.api,
        "region": source.region,
        "endpoint": source.endpoint,
        "ca_file": str(source.ca_file) if source.ca_file else None,
        "credentials": source.credentials_name,
    }
    return {**basics, **_plain(source, Settings), **_plain(source.options, type(source.options))}


def _plain(values: msgspec.Struct, struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {key: shown(getattr(values, about.name), about.type) for key, about in fields_of(struct).items()}


def shown(value: Any, kind: inspect.Type) -> Any:
    """Return an option's value in the file's own form."""
    if isinstance(value, float) and _is_duration(kind):
        return duration(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _is_duration(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.UnionType):
        return any(_is_duration(member) for member in kind.types)
    if not isinstance(kind, inspect.Metadata):
        return False
    return (kind.extra or {}).get("form") == "duration" or _is_duration(kind.type)


def _keys(keys: Credentials) -> dict[str, Any]:
    parts = {name: getattr(keys, name) for name in keys.__struct_fields__}
    return {"cloud": keys.cloud, **dict(_part(name, part) for name, part in parts.items())}


def _part(name: str, part: object) -> tuple[str, Any]:
    if isinstance(part, SecretFile):
        return f"{name}_file", str(part.path)
    if isinstance(part, FixedSecret):
        return name, abbreviated(part.secret.reveal()) if name in IDS else MASK
    return name, part
