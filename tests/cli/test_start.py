"""What the exporter imports before it serves: nothing that only other commands need."""

import subprocess
import sys

import pytest

SERVING = "import sys, exporter.cli, exporter.commands.serve; print(*sys.modules)"
OTHERS = {
    "rich": "tables and progress of check, once and demo",
    "pygments": "rich",
    "bcrypt": "passwords of --web.config.file",
    "exporter.web.guard": "--web.config.file",
    "exporter.simulator": "simulate and demo",
    "alibabacloud_credentials": "chain: default",
    "huaweicloudsdkcore": "chain: default",
}
"""Modules and who needs them."""


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    command = [sys.executable, "-c", SERVING]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return frozenset(ended.stdout.split())


@pytest.mark.parametrize("module", OTHERS)
def test_the_exporter_starts_without_what_others_need(imported: frozenset[str], module: str) -> None:
    assert "exporter.commands.serve" in imported
    assert module not in imported
