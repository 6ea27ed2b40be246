import re
from pathlib import Path

import click
import pytest

from docs import generate
from docs.pages import requests
from exporter.apis import APIS
from exporter.apis.paging import Page, Walk, read_list
from exporter.cli import main as command_line
from exporter.client import Answer, Request
from exporter.clouds import alibaba_errors, huawei_errors
from exporter.config import Settings
from exporter.config.decoding import fields_of
from exporter.config.keys import EVERY_WORD
from exporter.config.model import Basics
from exporter.errors import Reason
from exporter.logs import FIRST_KEYS, KEYS, LAST_KEYS
from exporter.metrics import CATALOGUE, Family
from exporter.model import Job, Phase

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
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


@pytest.mark.parametrize("name", APIS)
def test_every_api_has_a_page(name: str) -> None:
    page = (DOCS / "apis" / f"{name}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings[:5] == ["Permissions", "Options", "Quirks", "Cost", "Troubleshooting"]
    assert ("Logging in" in headings) is (APIS[name].cloud == "huawei")
    for field in APIS[name].options.__struct_fields__:
        assert f"\n| `{field}` |" in page


@pytest.mark.parametrize("name", APIS)
def test_every_error_that_the_code_knows_is_on_the_page_of_its_api(name: str) -> None:
    page = (DOCS / "apis" / f"{name}.md").read_text(encoding="utf-8").lower()
    if APIS[name].cloud == "alibaba":
        known = [beginning for beginning, _ in alibaba_errors.BY_CODE] + ["Throttling"]
    else:
        words = [*huawei_errors.BY_WORDS, *huawei_errors.AUTHENTICATION_CURES]
        known = [*huawei_errors.BY_CODE, *(part for part, _ in words)]
        others = "dlf." if "octopus" in name else "octopus."
        known = [code.replace("apig.", "apigw.") for code in known if not code.startswith(others)]
        known = [word for word in known if "octopus" not in name or "workspace" not in word]
    assert [word for word in known if word.lower() not in page] == []


@pytest.mark.parametrize("rows", [0, 1, 49, 50, 51, 99, 100, 250, 1000])
async def test_a_list_costs_as_many_requests_as_the_pages_say(rows: int) -> None:
    size, asked = 50, 0

    async def fetch(request: Request) -> Answer:
        nonlocal asked
        asked += 1
        return Answer(body=request.path.encode(), date=None)

    def decode(answer: Answer) -> Page:
        first = int(answer.body) * size
        items = [job(key) for key in range(first, min(first + size, rows))]
        return Page(items=items, total=rows, now=NOW)

    walk = Walk(name="a", page_size=size, request=lambda index, _: Request(path=str(index)), decode=decode)
    reading = await read_list(walk, fetch, Nothing(), 4)
    assert (reading.listed, asked) == (rows, requests(rows, size))


NOW = 1_700_000_000.0


class Nothing:
    """Keeps nothing of a list."""

    def take(self, items: object, now: float) -> None:
        """Forget."""


def job(key: int) -> Job:
    """Return a job that does not change."""
    return Job(
        key=key, workspace="0", job_type="A", status="B", phase=Phase.SUCCEEDED, created=1.0, settled=True
    )


SETTINGS = {*fields_of(Settings), *fields_of(Basics)}
OPTIONS_OF_APIS = {name for api in APIS.values() for name in fields_of(api.options)}


def test_every_option_of_the_configuration_is_on_its_page() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`(?: or `\w+`)? \|", page))
    options = {*SETTINGS, *OPTIONS_OF_APIS, *(word for word in EVERY_WORD if not word.endswith("_file"))}
    assert options <= told


def test_every_option_of_the_configuration_says_what_it_is_for() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `.*$", page, re.MULTILINE)
    assert len(rows) > len(SETTINGS) + len(OPTIONS_OF_APIS)
    assert [row for row in rows if not re.search(r"\| [A-Z][^|]+\. \|$", row)] == []


@pytest.mark.parametrize("key", [*FIRST_KEYS, *KEYS, *LAST_KEYS])
def test_every_key_of_the_log_is_documented(key: str) -> None:
    assert f"\n| `{key}` |" in (DOCS / "operating.md").read_text(encoding="utf-8")


def test_every_part_of_the_program_is_in_the_architecture() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "exporter"
    parts = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    parts |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert [part for part in sorted(parts) if f"| `exporter/{part}` |" not in page] == []


TEXTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINKS = [
    pytest.param(path, link, id=f"{path.relative_to(ROOT)} {link}")
    for path in TEXTS
    for link in dict.fromkeys(re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")))
    if not link.startswith(("http:", "https:"))
]


@pytest.mark.parametrize(("path", "link"), LINKS)
def test_a_link_leads_somewhere(path: Path, link: str) -> None:
    name, _, heading = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    assert target.exists()
    if heading:
        assert heading in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """Return the names that the headings of a page are linked by."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_readme() -> None:
    found, left = set(), [ROOT / "README.md"]
    while left:
        path = left.pop()
        if path not in found and path.suffix == ".md":
            found.add(path)
            links = re.findall(r"\]\(([^)\s#]+)", path.read_text(encoding="utf-8"))
            left += [(path.parent / link).resolve() for link in links if not link.startswith("http")]
    assert [page for page in TEXTS if page not in found] == []
