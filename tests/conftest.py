import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

GOLDEN = Path(__file__).parent / "golden"
"""Whole outputs as they should be; their differences are read like those of code."""

# How long an example takes says more about the machine than about the code.
settings.register_profile("exporter", deadline=None)
settings.load_profile("exporter")

Compare = Callable[[str, str], None]


def pytest_collection_finish() -> None:
    """Keep what was collected out of every later search for garbage: there are thousands of tests."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden with what is found")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Compare:
    """Compares a text with the file of a name in tests/golden, or writes it there with --update-golden."""
    update: bool = request.config.getoption("--update-golden")

    def compare(name: str, found: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found, encoding="utf-8", newline="")
        with path.open(encoding="utf-8", newline="") as file:
            expected = file.read()
        assert found == expected, f"{name} has changed; if that is meant: pytest --update-golden"

    return compare
