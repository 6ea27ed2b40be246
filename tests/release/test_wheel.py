"""What is built for the package index, and whether it works by itself."""

import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from exporter import __version__
from tests.addresses import tracked_files
from tests.release.conftest import ROOT
from tools.running import FailedError
from tools.smoke import smoke

SHIPPED = {
    f"dashboards/{path.name}": path.read_bytes() for path in (ROOT / "grafana/dashboards").glob("*.json")
} | {f"rules/{path.name}": path.read_bytes() for path in (ROOT / "prometheus/rules").glob("*.yaml")}


def in_wheel(wheel: Path) -> dict[str, bytes]:
    """Return the files of the package in a wheel, by their path below ``exporter/``."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.removeprefix("exporter/"): archive.read(name)
            for name in archive.namelist()
            if ".dist-info/" not in name
        }


def in_sdist(sdist: Path) -> set[str]:
    """Return the names of the files in a source distribution."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def test_the_wheel_holds_the_package_the_dashboards_and_the_rules_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "exporter"
    ours = {
        str(path.relative_to(package)): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    found = in_wheel(wheel)
    assert "py.typed" in found
    assert found == ours | {f"shipped/{name}": content for name, content in SHIPPED.items()}


def test_the_wheel_tells_its_version_python_licence_and_readme(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name)
    told = message_from_bytes(metadata)
    assert wheel.name == f"datajobs_exporter-{__version__}-py3-none-any.whl"
    assert (told["Version"], told["Requires-Python"]) == (__version__, ">=3.11")
    assert (told["License-Expression"], told["Description-Content-Type"]) == ("Apache-2.0", "text/markdown")
    assert metadata.endswith((ROOT / "README.md").read_bytes())


def test_the_source_distribution_holds_every_file_of_the_project(sdist: Path) -> None:
    """Those of links to folders twice; what tools leave behind not at all."""
    found = in_sdist(sdist)
    tracked = {str(path.relative_to(ROOT)) for path in tracked_files(ROOT)}
    assert {name for name in tracked if not Path(ROOT, name).is_dir()} - found == set()
    junk = re.compile(r"(^|/)(\.git|\.venv|__pycache__|\.\w+_cache|\.hypothesis|\.coverage)(/|$)|\.pyc$")
    assert [path for path in found if junk.search(path)] == []


def test_the_wheel_built_from_the_source_distribution_is_the_same_to_the_byte(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel alone; it borrows the dependencies of the one that tests."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)}, scheme="venv")
    place = Path(paths["purelib"])
    borrowed = sysconfig.get_paths()["purelib"]
    python = folder / "bin" / "python"
    options = ["--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check", "--quiet"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)
    # Only a path: what is installed there in an editable way (ourselves) stays out.
    (place / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder


def test_an_installed_wheel_works_by_itself(installed: Path, tmp_path: Path) -> None:
    asked = "import exporter; print(exporter.__file__)"
    told = subprocess.run(
        [installed / "bin" / "python", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(told.stdout).is_relative_to(installed)
    seen = smoke(installed / "bin" / "datajobs-exporter")
    assert seen.version == __version__
    assert set(seen.files) == set(SHIPPED)
    assert seen.sources == 4
    assert seen.series > 100


def test_a_command_that_fails_does_not_pass(tmp_path: Path) -> None:
    command = tmp_path / "datajobs-exporter"
    command.write_text('#!/bin/sh\ntest "$1" = --version && echo version 1\n')
    command.chmod(0o755)
    with pytest.raises(FailedError, match=r"dashboards --output .*: status 1"):
        smoke(command)


def test_an_installation_without_the_rules_says_so(installed: Path, tmp_path: Path) -> None:
    [package] = installed.rglob("exporter/shipped")
    rules = package / "rules"
    rules.rename(tmp_path / "rules")
    try:
        command = installed / "bin" / "datajobs-exporter"
        ended = subprocess.run(
            [command, "rules", "--output", tmp_path / "new"], capture_output=True, text=True, check=False
        )
    finally:
        (tmp_path / "rules").rename(rules)
    assert ended.returncode == 2
    assert ended.stderr == (
        "this installation came without the rules: install the wheel, or take prometheus/rules itself\n"
    )
    assert not (tmp_path / "new").exists()


def test_the_image_is_built_from_all_that_the_wheel_is_made_of() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for folder in ("exporter", "grafana/dashboards", "prometheus/rules"):
        assert f"COPY {folder} {folder}\n" in dockerfile
        assert f"!{folder}" in ignored
