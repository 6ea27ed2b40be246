"""Writes operator.json from the Prometheus operator's own definitions of its resources.

``python -m tests.kubernetes.extracted VERSION FILE…`` reads servicemonitors, prometheusrules and
scrapeconfigs from the folder example/prometheus-operator-crd of the operator's repository (Apache-2.0).
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).parent / "operator.json"
PROSE = ("description", "default")


def bare(schema: Any) -> Any:
    """Return a schema without prose that refuses what it does not name."""
    if isinstance(schema, list):
        return [bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: part for key, part in schema.items() if key not in PROSE and not key.startswith("x-kubernetes")
    }
    found = {key: part if key in {"enum", "required"} else bare(part) for key, part in kept.items()}
    if "properties" in schema:
        # A field may be called `default`: names of fields are no keywords.
        found["properties"] = {name: bare(part) for name, part in schema["properties"].items()}
        found.setdefault("additionalProperties", False)
    return found


def resource(schema: Any, kind: str) -> Any:
    """Return the schema of a resource as far as we write it: no status, two kinds of discovery."""
    found = bare(schema)
    found["properties"].pop("status", None)
    found["properties"]["metadata"] = {"type": "object"}
    if kind == "ScrapeConfig":
        fields = found["properties"]["spec"]["properties"]
        for name in [name for name in fields if name.endswith("SDConfigs") and name != "httpSDConfigs"]:
            del fields[name]
    return found


def main(version: str, files: list[str]) -> None:
    """Write operator.json."""
    schemas = {}
    for file in files:
        spec = yaml.safe_load(Path(file).read_text(encoding="utf-8"))["spec"]
        kind = spec["names"]["kind"]
        for served in spec["versions"]:
            name = f"{spec['group']}/{served['name']} {kind}"
            schemas[name] = resource(served["schema"]["openAPIV3Schema"], kind)
    source = (
        f"prometheus-operator {version}, example/prometheus-operator-crd, Apache-2.0: types without prose"
    )
    content = json.dumps({"source": source, "schemas": schemas}, sort_keys=True, separators=(",", ":"))
    TARGET.write_text(f"{content}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
