from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import config_file, running


@pytest.fixture(scope="package")
def clouds() -> Iterator[str]:
    """The address of simulated clouds, served by the command itself."""
    with running("simulate", "--listen", "127.0.0.1:0", "--jobs", "100") as simulated:
        line = simulated.out.wait_for("simulated clouds on ")
        yield line.split()[3]
        assert simulated.end() == 0
        assert simulated.err.lines == []


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose sources are the simulated clouds."""
    return config_file(tmp_path)
