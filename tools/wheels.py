"""``python -m tools.wheels [PYTHON…]``: builds the wheel as an index would get it, and tries it.

The source distribution is built first and the wheel from it, both in isolation. For each Python that is here,
or is named, the wheel and its pinned dependencies go into a fresh environment.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tools.running import FailedError, ran
from tools.smoke import smoke, told

ROOT = Path(__file__).parent.parent
OLDEST = (3, 11)
NEWEST = 30
"""No Python 3 will have so high a second number while this is read."""
ASKED = "import sys; print(sys.implementation.name, *sys.version_info[:3])"
EXTRAS = "[alibaba,huawei]"

Version = tuple[int, ...]


def pythons(candidates: Iterable[Path]) -> Mapping[Version, Path]:
    """Return the newest CPython of each minor version that the package promises to run on."""
    found: dict[Version, tuple[Version, Path]] = {}
    for path in candidates:
        version = version_of(path)
        if version and version >= OLDEST and version >= found.get(version[:2], (version, path))[0]:
            found[version[:2]] = (version, path)
    return {version: path for _, (version, path) in sorted(found.items())}


def version_of(python: Path) -> Version | None:
    """Return the version of a CPython; None where it is no such thing or does not start."""
    try:
        name, *numbers = ran(python, "-c", ASKED, seconds=60.0).split()
    except FailedError:
        return None
    return tuple(map(int, numbers)) if name == "cpython" else None


def candidates() -> Iterator[Path]:
    """Yield whatever may be a Python: those on PATH, and those of pyenv."""
    for number in range(OLDEST[1], NEWEST):
        if path := shutil.which(f"python3.{number}"):
            yield Path(path)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    yield from sorted(versions.glob("*/bin/python3"))
    yield Path(sys.executable)


def built(folder: Path) -> Path:
    """Build the source distribution and from it the wheel; return the wheel."""
    ran(uv(), "build", "--quiet", "--out-dir", folder, ROOT)
    [wheel] = folder.glob("*.whl")
    return wheel


def tried(wheel: Path, python: Path, folder: Path) -> str:
    """Install the wheel and its pinned dependencies for a Python, try it, and say what was seen."""
    pinned = ("--constraint", ROOT / "constraints.txt")
    return tried_with([(*pinned, f"{wheel}{EXTRAS}")], python, folder)


def tried_with_the_oldest(wheel: Path, python: Path, folder: Path) -> str:
    """Do the same with the oldest version of each library that pyproject.toml asks for."""
    oldest = ("--resolution", "lowest-direct", "--requirement", ROOT / "pyproject.toml")
    return tried_with([oldest, ("--no-deps", wheel)], python, folder)


def tried_with(installs: Iterable[Sequence[str | Path]], python: Path, folder: Path) -> str:
    """Install into a fresh environment, one after the other, try the command, and say what was seen."""
    ran(uv(), "venv", "--quiet", "--python", python, folder)
    place = folder / "bin"
    for words in installs:
        ran(uv(), "pip", "install", "--quiet", "--python", place / "python", *words)
    return told(smoke(place / "datajobs-exporter"))


def uv() -> str:
    """Return the path of uv, which is in the environment that runs us."""
    return str(Path(sys.executable).with_name("uv"))


def report(named: Sequence[Path]) -> Iterator[str]:
    """Build, try, and yield a line for each Python; raises FailedError at the first that does not work."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(Path(folder, "dist"))
        yield f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB"
        found = pythons(named or candidates())
        for version, python in found.items():
            seen = tried(wheel, python, Path(folder, ".".join(map(str, version))))
            yield f"Python {'.'.join(map(str, version))}: {seen}"
        for python in list(found.values())[:1]:
            seen = tried_with_the_oldest(wheel, python, Path(folder, "oldest"))
            yield f"the oldest Python with the oldest libraries: {seen}"


def main() -> None:
    """Try the Pythons that are named, or all."""
    try:
        for line in report([Path(name) for name in sys.argv[1:]]):
            print(line, flush=True)  # noqa: T201 - what was asked for
    except FailedError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
