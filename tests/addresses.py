"""Finds addresses that must not stand in a tracked file: of package registries and of one machine's folders.

``python -m tests.addresses`` prints each place and ends with 1 where there is one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# One character of each stands in brackets, so that this file does not name what it looks for.
FORBIDDEN = re.compile(
    r"""
      \bpy[p]i\.org | \bpython[h]osted\.org | \bregistry\.npm[j]s\.org | \bregistry\.yarn[p]kg\.com
    | \b(?:deb|security|ftp)\.deb[i]an\.org | \bproxy\.gol[a]ng\.org | \b(?:static\.)?crat[e]s\.io
    | -docker\.p[k]g\.dev | -python\.p[k]g\.dev
    | --(?:extra-)?index-u[r]l | --find-l[i]nks | (?:^|\s)-[i]\s+https?:
    | (?<![\w.~-])/(?:wo[r]k|ro[o]t|ho[m]e/[\w.-]+|op[t]/(?:pypi|wheels))/
    | (?<![\w.~-])/tm[p]/[\w.-]+
    """,
    re.VERBOSE,
)


def forbidden(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that holds such an address, and the address."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in FORBIDDEN.finditer(line):
            yield number, match.group()


def tracked_files(root: Path) -> list[Path]:
    """Return the files that git knows below root and that are there."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True)
    return [path for name in listing.stdout.split("\0") if name and (path := root / name).is_file()]


def text_of(path: Path) -> str:
    """Return the text of a file; a picture or another binary file has none."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode(errors="replace")


def main() -> None:
    """Look through every tracked file of the working directory."""
    root = Path.cwd()
    places = [
        f"{path.relative_to(root)}:{number}: {address}"
        for path in tracked_files(root)
        for number, address in forbidden(text_of(path))
    ]
    if places:
        sys.exit("\n".join(["Addresses that must not be in the repository:", *places]))


if __name__ == "__main__":
    main()
