"""The unit for systemd: held to systemd's own checks, and to what the exporter does."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from exporter.cli import WRONG_USAGE
from exporter.cli import main as command_line
from exporter.web.server import PATIENCE
from tests.programs import program
from tests.release.conftest import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNIT = FOLDER / "datajobs-exporter.service"
INSTALL = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
OPTIONS = re.compile(r"--[a-z]+(?:[.-][a-z]+)+")


class Unit(ConfigParser):
    """A unit file: names in their own case, a name that comes twice taken as two lines of it."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def service() -> dict[str, str]:
    unit = Unit(strict=False, interpolation=None, delimiters=("=",))
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    return dict(unit["Service"])


def analyse(*arguments: str) -> "subprocess.CompletedProcess[str]":
    analyze = program("systemd-analyze", package="systemd")
    return subprocess.run(
        [analyze, "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """Beside the program, which is not installed where the unit looks for it."""
    here = shutil.which("true")
    assert here
    text = UNIT.read_text(encoding="utf-8").replace("/opt/datajobs-exporter/bin/datajobs-exporter", here)
    copy = tmp_path / UNIT.name
    copy.write_text(text, encoding="utf-8")
    checked = analyse("verify", "--man=no", str(copy))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_systemd_would_find_what_is_wrong(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("ProtectSystem=strict", "ProtectSystem=strictly")
    copy = tmp_path / UNIT.name
    copy.write_text(text, encoding="utf-8")
    assert "strictly" in analyse("verify", "--man=no", str(copy)).stderr


def test_the_exposure_is_at_most_what_the_documentation_says() -> None:
    [told] = re.findall(r"an exposure of \*\*(\d+\.\d)\*\*", INSTALL)
    threshold = round(float(told) * 10)
    checked = analyse("security", "--offline=true", f"--threshold={threshold}", str(UNIT))
    assert checked.returncode == 0, checked.stdout


def test_users_are_made_as_the_unit_names_them(service: dict[str, str]) -> None:
    lines = (FOLDER / "sysusers.d" / "datajobs-exporter.conf").read_text(encoding="utf-8").splitlines()
    [user] = [line.split()[1] for line in lines if not line.startswith("#")]
    assert user == service["User"]


def test_the_unit_ends_and_restarts_as_the_exporter_does(service: dict[str, str]) -> None:
    assert float(service["TimeoutStopSec"]) > 2 * PATIENCE
    assert service["RestartPreventExitStatus"] == str(WRONG_USAGE)
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_every_option_that_the_unit_and_its_examples_name_is_one_of_the_exporter() -> None:
    known = {option for parameter in command_line.params for option in parameter.opts}
    for path in (UNIT, FOLDER / "environment.example"):
        named = set(OPTIONS.findall(path.read_text(encoding="utf-8")))
        assert named
        assert named <= known


def test_the_documentation_installs_the_files_where_the_unit_looks_for_them(service: dict[str, str]) -> None:
    identifier, _, secrets = service["LoadCredential"].partition(":")
    assert f"install -d -m 700 {secrets}\n" in INSTALL
    assert f"${{CREDENTIALS_DIRECTORY}}/{identifier}_alibaba" in INSTALL
    assert f" {service['EnvironmentFile'].removeprefix('-')}\n" in INSTALL
    [config] = re.findall(r"--config\.file (\S+)", service["ExecStart"])
    assert f" {config} " in INSTALL
    assert f"python3 -m venv {Path(service['ExecStart'].split()[0]).parents[1]}\n" in INSTALL


def test_the_examples_of_the_documentation_are_files_that_there_are() -> None:
    named = set(re.findall(r"deploy/systemd/[\w./-]+[\w]", INSTALL))
    assert named >= {"deploy/systemd/datajobs-exporter.service", "deploy/systemd/environment.example"}
    assert [name for name in named if not (ROOT / name).is_file()] == []
