"""tests/system-packages.sh, on a machine of its own: a folder of programs that is all of PATH."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "system-packages.sh"
TOOLS = ("sh", "tr", "sort", "xargs", "rm", "mv", "chmod", "echo")
WANTED = ("prometheus", "promtool", "prometheus-alertmanager", "amtool", "chromium", "systemd-analyze")


class Machine:
    """A machine with a few tools, a user and, where told so, the programs that the tests want."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.policy = folder / "policy-rc.d"
        self.fonts = folder / "fonts"
        self.log = folder / "log"
        self.programs.mkdir()
        for tool in TOOLS:
            path = shutil.which(tool)
            assert path
            (self.programs / tool).symlink_to(path)

    def add(self, name: str, script: str = "exit 0") -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = {"PATH": str(self.programs), "POLICY_RC_D": str(self.policy), "FONTS": str(self.fonts)}
        shell = self.programs / "sh"
        return subprocess.run(
            [shell, SCRIPT], env=paths | environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_said_or_done_where_everything_is_there(machine: Machine) -> None:
    for name in WANTED:
        machine.add(name)
    machine.fonts.mkdir()
    ran = machine.run()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_who_is_not_root_is_told_what_to_install(machine: Machine, ci: str, status: int) -> None:
    machine.add("id", "echo 1000")
    machine.add("apt-get", "exit 99")
    machine.add("chromium")
    ran = machine.run(CI=ci)
    assert ran.returncode == status
    assert ran.stderr.endswith("fonts-liberation prometheus prometheus-alertmanager systemd\n")
    assert not machine.policy.exists()


def test_other_systems_are_told_the_names_of_the_packages(machine: Machine) -> None:
    ran = machine.run()
    assert ran.returncode == 0
    assert "chromium fonts-liberation prometheus prometheus-alertmanager systemd" in ran.stderr


@pytest.mark.parametrize("earlier", [None, "#!/bin/sh\nexit 104\n"])
@pytest.mark.parametrize("apt_status", [0, 100])
def test_no_service_starts_while_packages_are_installed(
    machine: Machine, earlier: str | None, apt_status: int
) -> None:
    """The policy refuses during the install only; an earlier one comes back, also after a failure."""
    if earlier:
        machine.policy.write_text(earlier)
    machine.add("id", "echo 0")
    machine.add("apt-get", f'"$POLICY_RC_D"; echo "$? $*" >>{machine.log}; exit {apt_status}')
    ran = machine.run(CI="true")
    update, install = machine.log.read_text().splitlines()
    assert update.startswith("101 ")
    assert install.startswith("101 ")
    assert install.endswith("chromium fonts-liberation prometheus prometheus-alertmanager systemd")
    assert (machine.policy.read_text() if machine.policy.exists() else None) == earlier
    assert ran.returncode == (1 if apt_status else 0)
    assert list(machine.policy.parent.glob("*.kept-by-*")) == []
