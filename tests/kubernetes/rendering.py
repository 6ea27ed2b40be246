"""The chart, rendered by real Helm."""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from click.testing import Result

from tests.cli.running import invoke
from tests.kubernetes.schemas import Object
from tests.kubernetes.tools import CHART, run, tool

VALUES = {path.stem: path for path in sorted((Path(__file__).parent / "values").glob("*.yaml"))}
"""What a user may set, by a name: each is rendered, validated and kept in tests/golden/helm."""

MINIMAL = (
    "--set",
    "image.repository=registry.example.com/datajobs-exporter",
    "--set",
    "config.sources[0].name=x",
)


class RefusedError(Exception):
    """Helm did not render; the message is Helm's own."""


@cache
def rendered(*arguments: str, helm: str = "4", release: str = "datajobs", kubernetes: str = "1.37") -> str:
    """Return the manifests of the chart with arguments of ``helm template``."""
    with TemporaryDirectory() as home:
        told = run(
            tool("helm", helm),
            *("template", release, CHART, "--namespace", "monitoring", "--kube-version", kubernetes),
            *arguments,
            home=Path(home),
        )
    if told.returncode:
        raise RefusedError(told.stderr)
    # Helm 3 and 4 differ in the empty lines between documents.
    return re.sub(r"\n+---\n", "\n---\n", told.stdout.strip()) + "\n"


def with_values(name: str, *more: str, helm: str = "4", kubernetes: str = "1.37") -> str:
    """Return the manifests for a file of values."""
    return rendered("--values", str(VALUES[name]), *more, helm=helm, kubernetes=kubernetes)


def objects(text: str) -> list[Object]:
    """Return the objects of manifests."""
    return [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item is not None]


def only(text: str, kind: str) -> Object:
    """Return the one object of a kind."""
    (found,) = (item for item in objects(text) if item["kind"] == kind)
    return found


def container(text: str) -> Object:
    """Return the exporter's container."""
    (found,) = only(text, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def checked_offline(config: str, folder: Path) -> Result:
    """Let the exporter check a configuration, with its variables set and its files in a folder."""
    for path in re.findall(r"_file: (/\S+)", config):
        here = folder / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text("of-a-secret")
        config = config.replace(path, str(here))
    file = folder / "config.yaml"
    file.write_text(config)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", config), "of-a-secret")
    return invoke("check", "--offline", "--config.file", file, **variables)
