import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import exporter
from exporter.credentials import LIBRARIES
from tests.programs import program

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONSTRAINTS = (ROOT / "constraints.txt").read_text().splitlines()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def grouped(name: str) -> Iterator[Requirement]:
    """Yield the requirements of a dependency group and of the groups that it includes."""
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from grouped(entry["include-group"])


def pins() -> dict[str, str]:
    """Return the constrained version of each distribution that this platform needs."""
    lines = (Requirement(line) for line in CONSTRAINTS)
    here = (line for line in lines if line.marker is None or line.marker.evaluate())
    return {canonicalize_name(line.name): str(line.specifier).removeprefix("==") for line in here}


def needed_at_run_time(name: str, seen: set[str]) -> set[str]:
    """Add every distribution that an installed one needs on this platform, at any depth."""
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        needed = canonicalize_name(requirement.name)
        if needed not in seen and (not requirement.marker or requirement.marker.evaluate({"extra": ""})):
            seen.add(needed)
            needed_at_run_time(needed, seen)
    return seen


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository, apart from any make that runs these tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        command, cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_is_the_same_wherever_it_is_told() -> None:
    assert exporter.__version__ == metadata.version("datajobs-exporter") == PROJECT["project"]["version"]


def test_the_package_promises_its_command_licence_and_python() -> None:
    project = PROJECT["project"]
    assert project["name"] == "datajobs-exporter"
    assert project["scripts"] == {"datajobs-exporter": "exporter.__main__:main"}
    assert project["requires-python"] == ">=3.11"
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert (ROOT / project["readme"]).is_file()


def test_constraints_hold_names_and_versions_only() -> None:
    pinned = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.!+]*( ; [a-zA-Z0-9_ .'<>=!()]+)?")
    assert [line for line in CONSTRAINTS if not pinned.fullmatch(line)] == []
    assert len(CONSTRAINTS) > len(PROJECT["project"]["dependencies"])


def test_constraints_cover_every_run_time_dependency_at_any_depth() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    roots = ["datajobs-exporter", *(Requirement(line).name for lines in extras for line in lines)]
    for root in roots:
        assert needed_at_run_time(root, {canonicalize_name(root)}) - pins().keys() <= {"datajobs-exporter"}


def test_an_extra_brings_the_library_of_the_chain_of_its_cloud() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    brought = {cloud: {Requirement(line).name for line in lines} for cloud, lines in extras.items()}
    owners = metadata.packages_distributions()
    assert brought == {cloud: set(owners[library]) for cloud, library in LIBRARIES.items()}


def test_constraints_satisfy_every_bound_of_the_metadata() -> None:
    bounds = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    bounds += [
        Requirement(line) for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra
    ]
    bounds += [requirement for group in PROJECT["dependency-groups"] for requirement in grouped(group)]
    pinned = pins()
    broken = [str(bound) for bound in bounds if pinned[canonicalize_name(bound.name)] not in bound.specifier]
    assert broken == []


@pytest.mark.parametrize("target", ["help", "demo", "test", "check", "format", "lock", "clean"])
def test_make_knows_the_target_and_lists_it(target: str) -> None:
    make = program("make", package="make")
    assert run(make, "--dry-run", target).returncode == 0
    assert f"make {target} " in run(make, "help").stdout


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 1", "Python 3.11 or newer is needed"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
)
def test_a_python_that_cannot_do_is_refused_with_the_cure(tmp_path: Path, script: str, words: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    environment = tmp_path / "environment"
    made = run(program("make", package="make"), f"PYTHON={python}", f"VENV={environment}", "demo")
    assert made.returncode != 0
    assert words in made.stderr
    assert not environment.exists()


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    found = run(program("hadolint", package="the dependency group lint (make check)"), "Dockerfile")
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_the_image_runs_as_a_number_and_keeps_to_the_constraints() -> None:
    build, result = DOCKERFILE.split("\nFROM ")
    assert "--constraint constraints.txt" in build
    assert "--no-cache-dir" in build
    assert f'".[{",".join(PROJECT["project"]["optional-dependencies"])}]"' in build
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", result, re.MULTILINE)
    assert not re.search(r"\b(pip|apt-get|tests)\b", result)


class Answer(BaseHTTPRequestHandler):
    """Answers /-/healthy with the status of its server."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Exporter)
        self.send_response(self.server.status if self.path == "/-/healthy" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Exporter(HTTPServer):
    """Stands in for the exporter in its container."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = status


@pytest.mark.parametrize(("status", "ends_with"), [(200, 0), (503, 1)])
def test_the_health_check_of_the_image_tells_a_healthy_exporter(status: int, ends_with: int) -> None:
    found = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found
    command: list[str] = json.loads(found[1])
    with Exporter(status) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        code = command[-1].replace("9788", str(server.server_port))
        checked = run(sys.executable, *command[1:-1], code, http_proxy="http://127.0.0.1:9")
        server.shutdown()
    assert (checked.returncode, checked.stderr) == (ends_with, "")
