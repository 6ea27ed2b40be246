"""The checks of a release, on small trees of their own."""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.programs import program
from tests.release.conftest import ROOT
from tools import release, wheels
from tools.release import Release
from tools.running import environment, ran

TODAY = date(2026, 3, 1)
CHANGELOG = """\
# Changelog

## [Unreleased]

## [0.2.0] - 2026-02-28

- New.

## [0.1.0] - 2026-01-01

- First.
"""
SURFACE = {"metrics": {"datajobs_jobs gauge": ["api", "phase"]}}


def git(folder: Path, *words: str) -> None:
    ran("git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.com", *words, folder=folder)


@pytest.fixture
def ready(tmp_path: Path) -> Release:
    """A tree that is ready to become 0.2.0, after 0.1.0."""
    chart = tmp_path / "deploy" / "helm" / "datajobs-exporter"
    chart.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (chart / "Chart.yaml").write_text("version: 0.2.0\nappVersion: 0.2.0\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "docs" / "surface.json").write_text(json.dumps(SURFACE))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    git(tmp_path, "tag", "v0.1.0")
    return Release(root=tmp_path, version="0.2.0", today=TODAY)


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Change")


def of(ready: Release, version: str) -> Release:
    return Release(root=ready.root, version=version, today=TODAY)


def test_a_tree_that_is_ready_passes_every_quick_check(
    ready: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.problems(ready, release.QUICK) == 0
    assert capsys.readouterr().out == "".join(f"{name}: fine\n" for name in release.QUICK)


def test_every_place_that_tells_another_version_is_named(ready: Release) -> None:
    assert list(release.versions(of(ready, "0.3.0"))) == [
        "pyproject.toml says 0.2.0",
        "version of Chart.yaml says 0.2.0",
        "appVersion of Chart.yaml says 0.2.0",
    ]


@pytest.mark.parametrize("version", ["v0.2.0", "0.2", "0.02.0", "0.2.0rc1", ""])
def test_a_version_that_is_none_is_refused(ready: Release, version: str) -> None:
    assert (
        next(release.versions(of(ready, version))) == f"{version} is no version of ours: write one like 1.2.3"
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("## [Unreleased]\n", "", "does not begin with ## [Unreleased]"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n", "lines under Unreleased"),
        ("## [0.2.0] - 2026-02-28\n\n- New.\n\n", "", "has no ## [0.2.0] - 2026-03-01"),
        ("- New.", "", "says nothing of 0.2.0"),
        ("2026-02-28", "2026-03-02", "dates 0.2.0 2026-03-02: write a day like 2026-03-01"),
        (" - 2026-02-28", "", "dates 0.2.0 not at all"),
        ("## [0.2.0]", "## [0.2.5] - 2026-02-27\n\n- Other.\n\n## [0.2.0]", "is not the newest version"),
    ],
)
def test_a_changelog_that_does_not_tell_of_the_version_is_found(
    ready: Release, before: str, after: str, words: str
) -> None:
    assert before in CHANGELOG
    (ready.root / "CHANGELOG.md").write_text(CHANGELOG.replace(before, after, 1))
    assert [problem for problem in release.changelog(ready) if words in problem] != []


def test_files_that_are_not_committed_are_counted_and_one_is_named(ready: Release) -> None:
    (ready.root / "new").write_text("")
    (ready.root / "CHANGELOG.md").write_text("")
    assert list(release.tree(ready)) == ["2 files are not as committed, such as CHANGELOG.md"]


def test_another_branch_is_told(ready: Release) -> None:
    git(ready.root, "switch", "--quiet", "--create", "work")
    assert list(release.tree(ready)) == ["the branch is work, not main"]


@pytest.mark.parametrize(
    ("tag", "good"), [("v0.2.0", False), ("v0.10.0", False), ("v0.1.9", True), ("vnext", True)]
)
def test_a_version_comes_after_all_that_have_tags(ready: Release, tag: str, good: bool) -> None:
    git(ready.root, "tag", tag)
    found = list(release.tree(ready))
    assert found == (
        [] if good else [f"{tag} is tagged already: 0.2.0 does not come after it".replace("v", "", 1)]
    )


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "1.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.2.0", "2.0.0", True),
    ],
)
def test_what_was_promised_goes_only_where_the_version_may_break_it(
    ready: Release,
    before: str,
    after: str,
    may: bool,
) -> None:
    git(ready.root, "tag", f"v{before}", "--force")
    (ready.root / "docs" / "surface.json").write_text(
        json.dumps({"metrics": {"datajobs_jobs gauge": ["api"]}})
    )
    gone = "metrics: datajobs_jobs gauge: phase"
    told = f"{before} promised {gone}: only a version that may break promises takes it away"
    assert list(release.promises(of(ready, after))) == ([] if may else [told])


def test_a_first_version_has_nothing_to_keep(ready: Release) -> None:
    git(ready.root, "tag", "--delete", "v0.1.0")
    (ready.root / "docs" / "surface.json").write_text("{}")
    assert list(release.promises(ready)) == []


def test_a_command_that_fails_is_told_with_what_it_said(ready: Release) -> None:
    code = "import sys; sys.exit('out of date: docs/metrics.md')"
    [told] = release.failing(ready, sys.executable, "-c", code)
    assert told.endswith("status 1\nout of date: docs/metrics.md")
    assert list(release.failing(ready, sys.executable, "-c", "")) == []


def test_the_checks_run_what_there_is() -> None:
    for module, *_ in release.GENERATED:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    for name in release.GOLDEN:
        assert (ROOT / name).exists()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [generators] = re.findall(r"^GENERATORS := (.+)$", makefile, re.MULTILINE)
    assert set(generators.split()) <= {module for module, *_ in release.GENERATED}


def test_make_wants_to_be_told_the_version(tmp_path: Path) -> None:
    """Its stamps are there, so that it installs nothing."""
    stamps = tmp_path / ".installed"
    stamps.mkdir()
    for name in ("venv", "lint", "lock"):
        (stamps / name).touch()
    make = program("make", package="make")
    ended = subprocess.run(
        [make, "--no-print-directory", f"VENV={tmp_path}", "release-check"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Say which: make release-check VERSION=1.2.3\n")


def test_of_each_python_the_newest_is_taken_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    told = {
        "a": "cpython 3 12 1",
        "b": "cpython 3 12 9",
        "c": "cpython 3 10 13",
        "d": "pypy 3 11 0",
        "e": "cpython 3 11 0",
    }
    for name, words in told.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {words}\n")
        program.chmod(0o755)
    (tmp_path / "f").write_text("#!/bin/sh\nexit 1\n")
    found = wheels.pythons(sorted(tmp_path.iterdir()))
    assert found == {(3, 11, 0): tmp_path / "e", (3, 12, 9): tmp_path / "b"}


def test_the_python_that_runs_the_tests_is_a_candidate() -> None:
    assert Path(sys.executable) in wheels.candidates()
    assert wheels.version_of(Path(sys.executable)) == sys.version_info[:3]
