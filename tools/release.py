"""``python -m tools.release VERSION``: is the tree ready to become this version? It changes nothing.

Each check says what is wrong and what to do. ``--quick`` leaves out those that run for minutes.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from docs import surface
from tools import wheels
from tools.running import FailedError, ran

ROOT = Path(__file__).parent.parent
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
SECTION = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?$", re.MULTILINE)
UNRELEASED = "Unreleased"
GENERATED = (("docs.generate", "--check"), ("grafana", "--check"), ("tests.addresses",))
GOLDEN = ("tests/test_golden.py", "tests/cli/test_usage.py", "tests/release", "tests/test_docs.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is to become a version: a tree, and the version that it claims to be ready for."""

    root: Path
    version: str
    today: date

    def text(self, name: str) -> str:
        """Return the text of a file of the tree."""
        return (self.root / name).read_text(encoding="utf-8")

    def git(self, *words: str) -> str:
        """Return what git says of the tree."""
        return ran("git", *words, folder=self.root)


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers, for comparison; () where it is none."""
    found = VERSION.fullmatch(version)
    return tuple(map(int, found.groups())) if found else ()


def versions(release: Release) -> Iterator[str]:
    """Yield each place that tells another version."""
    if not number(release.version):
        yield f"{release.version} is no version of ours: write one like 1.2.3"
    chart = yaml.safe_load(release.text("deploy/helm/datajobs-exporter/Chart.yaml"))
    project = tomllib.loads(release.text("pyproject.toml"))["project"]
    places = {
        "pyproject.toml": project["version"],
        "version of Chart.yaml": chart["version"],
        "appVersion of Chart.yaml": chart["appVersion"],
    }
    for place, told in places.items():
        if told != release.version:
            yield f"{place} says {told}"


def changelog(release: Release) -> Iterator[str]:
    """Yield what is wrong with the changelog, whose newest section must be this version's."""
    sections = {name: (day, text) for name, day, text in split(release.text("CHANGELOG.md"))}
    if next(iter(sections), None) != UNRELEASED:
        yield f"CHANGELOG.md does not begin with ## [{UNRELEASED}]"
    elif sections[UNRELEASED][1]:
        yield f"CHANGELOG.md has lines under {UNRELEASED}: move them under ## [{release.version}]"
    if release.version not in sections:
        yield f"CHANGELOG.md has no ## [{release.version}] - {release.today}"
        return
    day, text = sections[release.version]
    if list(sections)[1] != release.version:
        yield f"{release.version} is not the newest version of CHANGELOG.md"
    if not text:
        yield f"CHANGELOG.md says nothing of {release.version}"
    if not is_past(day, release.today):
        yield f"CHANGELOG.md dates {release.version} {day or 'not at all'}: write a day like {release.today}"


def split(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the day and the text of each section of a changelog."""
    _, *parts = SECTION.split(text)
    for place in range(0, len(parts), 3):
        name, day, told = parts[place : place + 3]
        yield name, day or "", told.strip()


def is_past(day: str, today: date) -> bool:
    """Tell whether a day is written in full and has come."""
    try:
        return date.fromisoformat(day) <= today
    except ValueError:
        return False


def tree(release: Release) -> Iterator[str]:
    """Yield what keeps the tree from being what a tag would name."""
    changed = release.git("status", "--porcelain").splitlines()
    if changed:
        yield f"{len(changed)} files are not as committed, such as {changed[0][3:]}"
    branch = release.git("branch", "--show-current").strip()
    if branch != "main":
        yield f"the branch is {branch or 'none'}, not main"
    newest = newest_tag(release)
    if newest and number(release.version) <= number(newest):
        yield f"{newest} is tagged already: {release.version} does not come after it"


def newest_tag(release: Release) -> str | None:
    """Return the newest version that has a tag."""
    tagged = [tag[1:] for tag in release.git("tag", "--list", "v*").split() if number(tag[1:])]
    return max(tagged, key=number, default=None)


def promises(release: Release) -> Iterator[str]:
    """Yield what the version before promised and this one may not take away, as docs/stability.md has it."""
    before = newest_tag(release)
    if before is None or may_break(number(before), number(release.version)):
        return
    name = f"docs/{surface.FILE}"
    known = json.loads(release.git("show", f"v{before}:{name}"))
    for line in surface.gone(known, json.loads(release.text(name))):
        yield f"{before} promised {line}: only a version that may break promises takes it away"


def may_break(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Tell whether a version may break what the one before promised."""
    significant = 2 if before[:1] == (0,) else 1
    return after[:significant] > before[:significant]


def generated(release: Release) -> Iterator[str]:
    """Yield what is out of date among the files that are written by programs."""
    for words in GENERATED:
        yield from failing(release, sys.executable, "-m", *words)


def golden(release: Release) -> Iterator[str]:
    """Yield what the tests of whole outputs find."""
    yield from failing(release, sys.executable, "-m", "pytest", "-q", *GOLDEN)


def failing(release: Release, *command: str) -> Iterator[str]:
    """Yield what a command says that fails."""
    try:
        ran(*command, folder=release.root)
    except FailedError as exc:
        yield str(exc)


def everywhere(_: Release) -> Iterator[str]:
    """Yield where the wheel does not work; what was seen elsewhere is printed."""
    try:
        for line in wheels.report([]):
            print(f"  {line}", flush=True)  # noqa: T201 - takes minutes, so it is told as it comes
    except FailedError as exc:
        yield str(exc)


Check = Callable[[Release], Iterator[str]]
QUICK: Mapping[str, Check] = {
    "version": versions,
    "changelog": changelog,
    "tree and tags": tree,
    "promises": promises,
}
SLOW: Mapping[str, Check] = {
    "generated files": generated,
    "golden files": golden,
    "wheel on every Python": everywhere,
}


def problems(release: Release, checks: Mapping[str, Check]) -> int:
    """Run the checks, print what each finds, and return how many found something."""
    bad = 0
    for name, check in checks.items():
        found = list(check(release))
        bad += bool(found)
        lines = [f"{name}: {'' if found else 'fine'}".strip(), *(f"  {problem}" for problem in found)]
        print("\n".join(lines), flush=True)  # noqa: T201 - what was asked for
    return bad


def main() -> None:
    """Check, and end with status 1 where the tree is not ready."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("--quick", action="store_true", help="only what is read from files and from git")
    wanted = parser.parse_args()
    release = Release(root=ROOT, version=wanted.version, today=date.today())  # noqa: DTZ011 - the day of who releases
    bad = problems(release, QUICK if wanted.quick else {**QUICK, **SLOW})
    if bad:
        sys.exit(f"\n{wanted.version} is not ready")
    tag = f"git tag --annotate v{wanted.version} --message v{wanted.version}"
    print(f"\n{wanted.version} is ready: {tag} && git push origin main v{wanted.version}")  # noqa: T201 - the end of it


if __name__ == "__main__":
    main()
