"""Kubernetes objects held against the schemas of Kubernetes and of the Prometheus operator."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.kubernetes.tools import carried

VERSIONS = ("1.25", "1.31", "1.37")
"""Of Kubernetes: the oldest that the chart takes, one between, the newest with schemas."""

OPERATOR: Mapping[str, Any] = json.loads((Path(__file__).parent / "operator.json").read_text())["schemas"]

Object = dict[str, Any]


@cache
def schema_folder(version: str) -> Path:
    """Return the folder of the strict schemas of a version: what they do not name is refused."""
    package = carried("kubernetes-validate")
    (marker,) = (
        path
        for path in package.files or ()
        if path.name == "_definitions.json" and path.parent.name == f"v{version}.0-local-strict"
    )
    return Path(str(marker.locate())).parent


@cache
def definitions(version: str) -> Registry[Any]:
    """Return the registry in which the schemas of a version find each other."""
    content = json.loads((schema_folder(version) / "_definitions.json").read_text())
    return Resource.from_contents(content) @ Registry()


@cache
def validator(api_version: str, kind: str, version: str) -> Draft202012Validator:
    """Return what holds objects of a kind to the schema of a version of Kubernetes, or of the operator."""
    if api_version.startswith("monitoring.coreos.com/"):
        return Draft202012Validator(OPERATOR[f"{api_version} {kind}"])
    group, _, name = api_version.rpartition("/")
    prefix = f"{group.partition('.')[0]}-" if group else ""
    path = schema_folder(version) / f"{kind.lower()}-{prefix}{name}.json"
    schema = json.loads(path.read_text())
    registry = Resource.from_contents(schema) @ definitions(version)
    return Draft202012Validator(schema, registry=registry)


def mistakes(objects: list[Object], version: str) -> Iterator[str]:
    """Yield what the schemas find wrong with objects."""
    for item in objects:
        checked = validator(item["apiVersion"], item["kind"], version)
        for error in checked.iter_errors(item):
            yield f"{item['kind']} {item['metadata']['name']}: {error.json_path}: {error.message}"
