import re
from pathlib import Path

import click
import pytest

from docs import generate
from exporter.apis import APIS
from exporter.cli import main as command_line
from exporter.errors import Reason
from exporter.metrics import CATALOGUE, Family
from exporter.model import Phase

DOCS = Path(__file__).parent.parent / "docs"
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")
WHOLE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
COMMANDS: dict[str, click.Command] = {"": command_line, **command_line.commands}
OPTIONS = [
    pytest.param(name, option, id=f"{name} {option}".strip())
    for name, command in COMMANDS.items()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("--")
]


def test_the_pages_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_page_that_is_out_of_date_is_told_with_the_cure_and_mended_by_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--check"], tmp_path) == 1
    told = ", ".join(f"docs/{name}" for name in generate.PAGES)
    assert capsys.readouterr().err == f"out of date: {told}; run: python docs/generate.py\n"
    assert list(tmp_path.iterdir()) == []
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    assert (tmp_path / "metrics.md").read_text() == METRICS
    (tmp_path / "metrics.md").write_text(METRICS.replace("gauge", "gage", 1))
    assert generate.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "out of date: docs/metrics.md; run: python docs/generate.py\n"


def row(name: str) -> list[str]:
    """Return the cells of the row of metrics.md that begins with the name."""
    [line] = re.findall(rf"^\| `{re.escape(name)}` \| (.*) \|$", METRICS, re.MULTILINE)
    return [str(cell) for cell in re.split(r" \| ", line)]


@pytest.mark.parametrize("family", CATALOGUE, ids=lambda family: family.name)
def test_every_family_has_a_row_that_says_what_it_tells(family: Family) -> None:
    cells = row(family.name)
    assert cells[0].replace(" ", "") == family.kind
    assert cells[-1] == family.help


def test_which_api_gives_a_family_is_as_the_clouds_have_it() -> None:
    assert row("datajobs_jobs")[2] == "`pai_dataset_jobs`, `octopus_system_jobs`, `dataarts_jobs`"
    assert row("datajobs_queue_depth")[2] == "`octopus_queuing_jobs`"
    assert row("datajobs_files_expected")[2] == "`pai_dataset_jobs`"
    assert row("datajobs_running_duration_seconds")[2] == "`octopus_system_jobs`"
    assert row("datajobs_last_run_jobs")[2] == "`dataarts_jobs`"


def test_labels_are_told_with_the_api_where_only_some_give_them() -> None:
    assert (
        row("datajobs_jobs")[1] == "`workspace`, `dataset` (pai_dataset_jobs), `job_type`, `status`, `phase`"
    )
    assert row("datajobs_files_expected")[1] == "`workspace`, `dataset`, `job_type`, `phase`"
    assert row("datajobs_last_run_jobs")[1] == "`workspace`, `job_type`, `status`, `phase`"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_it_means_and_what_to_do(reason: Reason) -> None:
    assert row(reason) == [reason.meaning, reason.cure]
    assert reason.meaning.endswith(".")
    assert reason.cure.endswith(".")


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_says_which_statuses_it_stands_for(phase: Phase) -> None:
    section = METRICS.split("## Phases\n")[1].partition("\n## ")[0]
    [cells] = re.findall(rf"^\| `{phase}` \| (.*) \|$", section, re.MULTILINE)
    told = set(re.findall(r"`([\w-]+)`", cells))
    known = {status for api in APIS.values() for status, mine in api.words.statuses.items() if mine is phase}
    assert told == known
    assert bool(known) is (phase is not Phase.UNKNOWN)


@pytest.mark.parametrize("api", APIS)
def test_every_api_has_its_statuses_told(api: str) -> None:
    section = METRICS.split(f"### `{api}`\n")[1].partition("\n#")[0]
    words = APIS[api].words
    told = dict(re.findall(r"^\| `([\w-]+)` \| `(\w+)` \|", section, re.MULTILINE))
    assert told == {**words.statuses, **words.run_statuses}


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_documented(command: str, option: str) -> None:
    heading = f"## datajobs-exporter {command}".strip()
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    section = page.split(f"{heading}\n")[1].partition("\n## ")[0]
    assert f"| `{option}" in section


@pytest.mark.parametrize("api", APIS)
def test_every_api_is_documented(api: str) -> None:
    assert f"`{api}`" in WHOLE
