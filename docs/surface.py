"""What is promised to stay (docs/stability.md), as data: docs/surface.json has it as of the last change.

``python -m docs.generate`` adds to it what is new. What is gone stays in the file, and a test fails, until it
is taken out of the file by hand: a removal is a decision, not an accident.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from docs.markdown import HERE
from exporter.apis import APIS
from exporter.cli import main as command_line
from exporter.config import Settings
from exporter.config.decoding import fields_of
from exporter.config.keys import FORMS
from exporter.config.model import Basics
from exporter.errors import Reason
from exporter.logs import FIRST_KEYS, KEYS, LAST_KEYS
from exporter.metrics import CATALOGUE
from exporter.model import Phase

ROOT = HERE.parent
FILE = "surface.json"

Surface = Mapping[str, Mapping[str, list[str]]]
"""By kind of promise, by name: what belongs to it. Names and what belongs to them are promises."""


def surface() -> Surface:
    """Return what is promised as of now."""
    return {
        "metrics": {f"{family.name} {family.kind}": sorted(family.labels) for family in CATALOGUE},
        "label values": {"phase": sorted(Phase), "reason": sorted(Reason), "api": sorted(APIS)},
        "commands": {name: options(command) for name, command in commands().items()},
        "configuration": dict(configuration()),
        "log": {"keys": sorted({**FIRST_KEYS, **KEYS, **LAST_KEYS})},
        "alerts": {"names": rules("alert")},
        "recording rules": {"names": rules("record")},
        "dashboards": {"uid": dashboards()},
    }


def commands() -> Mapping[str, click.Command]:
    """Return the exporter itself and each of its commands."""
    return {"datajobs-exporter": command_line, **command_line.commands}


def options(command: click.Command) -> list[str]:
    """Return the options of a command with the values that they are limited to."""
    found = []
    for parameter in command.params:
        for name in parameter.opts:
            choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else [""]
            found += [f"{name} {choice}".strip() for choice in choices]
    return sorted(found)


def configuration() -> Mapping[str, list[str]]:
    """Return the keys of the configuration file by where they stand."""
    return {
        "defaults": sorted(fields_of(Settings)),
        "sources": sorted({**fields_of(Basics), **fields_of(Settings)}),
        **{f"sources of {name}": sorted(fields_of(api.options)) for name, api in APIS.items()},
        **{f"credentials of {cloud}": keys(cloud) for cloud in sorted({form.struct.cloud for form in FORMS})},
    }


def keys(cloud: str) -> list[str]:
    """Return the keys of credentials of a cloud, in all forms."""
    forms = [form for form in FORMS if form.struct.cloud == cloud]
    secrets = {name for form in forms for name in form.secrets}
    others = {name for form in forms for name in fields_of(form.others)}
    return sorted({"cloud", *secrets, *(f"{name}_file" for name in secrets), *others})


def rules(kind: str) -> list[str]:
    """Return the names of all rules of a kind: ``alert`` or ``record``."""
    paths = (ROOT / "prometheus" / "rules").glob("*.yaml")
    groups = [group for path in paths for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return sorted({rule[kind] for group in groups for rule in group["rules"] if kind in rule})


def dashboards() -> list[str]:
    """Return the uids of the dashboards, which are in their addresses."""
    paths = (ROOT / "grafana" / "dashboards").glob("*.json")
    return sorted(json.loads(path.read_text(encoding="utf-8"))["uid"] for path in paths)


def written(folder: Path = HERE) -> str:
    """Return the file: what is promised now, and what it has promised before."""
    path = folder / FILE
    known: Any = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return json.dumps(together(surface(), known), indent=1, sort_keys=True) + "\n"


def together(now: Surface, known: Surface) -> Surface:
    """Return what either of two promises."""
    return {
        kind: {
            name: sorted({*now.get(kind, {}).get(name, []), *known.get(kind, {}).get(name, [])})
            for name in {**known.get(kind, {}), **now.get(kind, {})}
        }
        for kind in {**known, **now}
    }


def gone(before: Surface, now: Surface) -> list[str]:
    """Return what was promised and is no more, a line each."""
    lines = []
    for kind, names in sorted(before.items()):
        for name, parts in sorted(names.items()):
            there = now.get(kind, {}).get(name)
            if there is None:
                lines.append(f"{kind}: {name}")
            else:
                lines += [f"{kind}: {name}: {part}" for part in sorted(set(parts) - set(there))]
    return lines
