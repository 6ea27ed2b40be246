"""The programs that tests run and that no Python import brings."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def program(name: str, *, package: str) -> str:
    """Return the path of a program; without it the test skips, and where CI=true it fails.

    The environment that runs the tests comes before PATH. ``package`` says what to install.
    """
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    found = shutil.which(name, path=os.pathsep.join(places))
    if found:
        return found
    absent = f"{name} is not here: install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(absent)
    pytest.skip(absent)
