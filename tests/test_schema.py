"""What an editor says of a configuration file: the schema agrees with the loader, as far as a schema can."""

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from docs.schema import written
from exporter.apis import APIS
from exporter.config import ConfigError, load
from exporter.config.model import ApiKind
from exporter.config.variables import HIDDEN, hide
from exporter.config.variables import written as shown
from tests.config.fakes import HERE, KINDS

ROOT = HERE.parent.parent
EXAMPLE = (ROOT / "config.example.yaml").read_text()

BEYOND_A_SCHEMA = {
    "twice.bad.yaml": "a key that is given twice",
}
"""Bad files that are good to the schema, and what they are bad for."""


class Editor(yaml.SafeLoader):
    """Reads YAML as editors do: the core schema of YAML 1.2, and merge keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the parent's own, replaced


Editor.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("<<$"), ["<"])
Editor.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("(null|~|)$"), ["n", "~", ""])
Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|false)$"), ["t", "f"])
Editor.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("-?(0|[1-9][0-9]*)$"), list("-0123456789"))
Editor.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"-?[0-9]+(\.[0-9]+|e[0-9]+)$"), list("-0123456789")
)


def edited(text: str) -> Any:
    """Return what an editor hands to the schema; variables are hidden first, as our own loader does."""
    return restored(yaml.load(hide(text), Editor))


def restored(value: Any) -> Any:
    """Put variables back."""
    match value:
        case str():
            return shown(value) if HIDDEN.search(value) else value
        case list():
            return [restored(item) for item in value]
        case dict():
            return {restored(key): restored(item) for key, item in value.items()}
    return value


def complaints(document: Any, kinds: Mapping[str, ApiKind] = APIS) -> list[str]:
    """Return what the schema finds wrong."""
    validator = jsonschema.Draft7Validator(json.loads(written(kinds)))
    return [error.message for error in validator.iter_errors(document)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(json.loads(written(APIS)))


def test_the_schema_in_the_repository_is_what_the_example_names() -> None:
    [path] = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", EXAMPLE, re.MULTILINE)
    assert (ROOT / path).read_text() == written(APIS)


def test_the_example_is_good_also_with_what_is_commented_out() -> None:
    assert complaints(edited(EXAMPLE)) == []
    uncommented = re.sub(r"^( *)#(?=\w+: )", r"\1", EXAMPLE, flags=re.MULTILINE)
    document = edited(uncommented)
    assert len(str(document)) > len(str(edited(EXAMPLE)))
    assert complaints(document) == []


@pytest.mark.parametrize("path", sorted(HERE.glob("*.good.yaml")), ids=lambda path: path.stem)
def test_a_good_file_is_good_to_the_schema(path: Path) -> None:
    assert complaints(edited(path.read_text(encoding="utf-8-sig")), KINDS) == []


@pytest.mark.parametrize("path", sorted(HERE.glob("*.bad.yaml")), ids=lambda path: path.stem)
def test_a_bad_file_is_bad_to_the_schema_where_one_can_know(path: Path) -> None:
    try:
        known = complaints(edited(path.read_text()), KINDS) != []
    except (yaml.YAMLError, ValueError):
        known = True  # not YAML: an editor marks that without a schema
    assert known is (path.name not in BEYOND_A_SCHEMA)


BASE = edited(EXAMPLE)
PAI, PAI_ALL, OCTOPUS, QUEUE, DATAARTS = range(5)
NOTHING = object()
VALUES: list[tuple[str, Any, bool]] = [
    ("defaults.timeout", "1h30m", True),
    ("defaults.timeout", "${TIMEOUT}", True),
    ("defaults.timeout", "0s", False),
    ("defaults.timeout", 0, False),
    ("defaults.timeout", 10, False),
    ("defaults.timeout", "10", False),
    ("defaults.timeout", "10 s", False),
    ("defaults.timeout", "1s2m", False),
    ("defaults.timeout", "", False),
    ("defaults.timeout", None, False),
    ("defaults.min_interval", 0, True),
    ("defaults.min_interval", "0", True),
    ("defaults.min_interval", "500ms", True),
    ("defaults.min_interval", -1, False),
    ("defaults.concurrency", 1, True),
    ("defaults.concurrency", 256, True),
    ("defaults.concurrency", 0, False),
    ("defaults.concurrency", 257, False),
    ("defaults.concurrency", 1.5, False),
    ("defaults.concurrency", "16", False),
    ("defaults.concurrency", "${PLACES}", True),
    ("defaults.requests_per_second", 0.5, True),
    ("defaults.requests_per_second", 0, False),
    ("defaults.max_series", 100, True),
    ("defaults.max_series", 99, False),
    ("defaults.per_job", 0, True),
    ("defaults.per_job", -1, False),
    ("defaults.retries", 3, False),
    ("defaults", None, True),
    ("defaults", [], False),
    ("sources", [], False),
    ("sources", NOTHING, False),
    ("source", [], False),
    (f"sources.{PAI}.name", NOTHING, False),
    (f"sources.{PAI}.name", "two words", False),
    (f"sources.{PAI}.name", 7, True),
    (f"sources.{PAI}.api", NOTHING, False),
    (f"sources.{PAI}.api", "pai_dataset_job", False),
    (f"sources.{PAI}.api", "octopus_system_jobs", False),
    (f"sources.{PAI}.credentials", NOTHING, False),
    (f"sources.{PAI}.region", NOTHING, False),
    (f"sources.{PAI}.region", "cn_hangzhou", False),
    (f"sources.{PAI}.endpoint", "https://proxy.example:8443", True),
    (f"sources.{PAI}.endpoint", "proxy.example:8443", False),
    (f"sources.{PAI}.endpoint", "https://proxy.example/api", False),
    (f"sources.{PAI}.endpoint", "https://user@proxy.example", False),
    (f"sources.{PAI}.datasets", "discover", True),
    (f"sources.{PAI}.datasets", ["d-1", "d-2"], True),
    (f"sources.{PAI}.datasets", ["d-1", "d-1"], False),
    (f"sources.{PAI}.datasets", ["d 1"], False),
    (f"sources.{PAI}.datasets", [], False),
    (f"sources.{PAI}.datasets", "all", False),
    (f"sources.{PAI}.datasets", NOTHING, False),
    (f"sources.{PAI}.workspace_id", 145883, True),
    (f"sources.{PAI}.workspace_id", None, True),
    (f"sources.{PAI}.workspaces", ["0"], False),
    (f"sources.{PAI}.timeout", "20s", True),
    (f"sources.{PAI}.timeout", "20", False),
    (f"sources.{PAI_ALL}.editions", ["BASIC"], True),
    (f"sources.{PAI_ALL}.editions", ["GOLDEN"], False),
    (f"sources.{PAI_ALL}.discovery_interval", "1x", False),
    (f"sources.{OCTOPUS}.project_id", NOTHING, False),
    (f"sources.{OCTOPUS}.workspaces", [0], True),
    (f"sources.{OCTOPUS}.workspaces", "0", False),
    (f"sources.{QUEUE}.queue_types", ["DESENSITIZATION"], True),
    (f"sources.{DATAARTS}.job_types", ["BATCH"], True),
    (f"sources.{DATAARTS}.job_types", ["STREAM"], False),
    ("credentials.alibaba-prod.cloud", NOTHING, False),
    ("credentials.alibaba-prod.cloud", "aws", False),
    ("credentials.alibaba-prod.cloud", "huawei", False),
    ("credentials.alibaba-prod.access_key_id", NOTHING, False),
    ("credentials.alibaba-prod.access_key_id", "", False),
    ("credentials.alibaba-prod.access_key_id", None, False),
    ("credentials.alibaba-prod.access_key_id", ["a"], False),
    ("credentials.alibaba-prod.access_key_secret", "both a value and a file", False),
    ("credentials.alibaba-prod.security_token", None, True),
    ("credentials.alibaba-prod.secret_key", "x", False),
    ("credentials.huawei-prod.username", "u", False),
    ("credentials.huawei-prod.chain", "default", False),
    ("credentials.huawei-user.domain", NOTHING, False),
    ("credentials.huawei-user.iam_endpoint", "iam.example", False),
    ("credentials.other", {"cloud": "huawei", "access_key": "a", "secret_key": "b"}, True),
    ("credentials.other", {"cloud": "huawei"}, False),
    ("credentials.two words", {"cloud": "huawei", "access_key": "a", "secret_key": "b"}, False),
    ("credentials.chain", {"cloud": "alibaba", "chain": "oidc"}, True),
    ("credentials.chain", {"cloud": "huawei", "chain": "pod_identity"}, True),
    ("credentials.chain", {"cloud": "huawei", "chain": "uri"}, False),
    ("credentials.chain", {"cloud": "huawei", "chain": "default", "access_key": "a"}, False),
]


def changed(place: str, value: Any) -> Any:
    """Return the example with one value put somewhere, or taken away."""
    document = copy.deepcopy(BASE)
    *path, last = (int(part) if part.isdecimal() else part for part in place.split("."))
    at = document
    for part in path:
        at = at[part]
    if value is NOTHING:
        del at[last]
    else:
        at[last] = value
    return document


@pytest.mark.parametrize(
    ("place", "value", "good"),
    VALUES,
    ids=[f"{place} {'left out' if value is NOTHING else repr(value)}" for place, value, _ in VALUES],
)
def test_the_schema_and_the_loader_agree(tmp_path: Path, place: str, value: Any, *, good: bool) -> None:
    document = changed(place, value)
    assert (complaints(document) == []) is good
    assert loads(tmp_path, document) is good


def loads(folder: Path, document: Any) -> bool:
    """Tell whether the loader takes a document; the files that it names are there."""
    for name in ("alibaba", "huawei"):
        (folder / name).write_text("secret\n")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document).replace("/run/secrets/", f"{folder}/"))
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", path.read_text()), "value")
    try:
        load(path, APIS, environ | {"TIMEOUT": "5s", "PLACES": "5"})
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("api", APIS)
def test_the_schema_tells_what_each_option_is_for(api: str) -> None:
    definitions = json.loads(written(APIS))["definitions"]
    for name, option in definitions[f"source of {api}"]["properties"].items():
        told = definitions[f"option {name}"] if "$ref" in option else option
        assert told["description"].endswith(".")
