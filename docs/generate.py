"""Writes the pages of this folder that follow from the code; ``--check`` fails where one is out of date."""

import asyncio
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import httpx
import msgspec
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from docs import surface
from docs.markdown import CURE, HERE, code, page, table
from docs.options import configuration_page
from docs.pages import PAGES as API_PAGES
from docs.performance import performance_page
from docs.reliability import PLOT, reliability_page, soak_plot
from docs.schema import written
from docs.tree import architecture_page, operating_page
from exporter.apis import APIS
from exporter.apis.api import Api
from exporter.assembly import assemble
from exporter.cli import main as command_line
from exporter.commands.demo import configuration
from exporter.config import Config, Source
from exporter.errors import Reason
from exporter.groups import RUNNING_BOUNDS, SUBMITTING_BOUNDS
from exporter.instruments import Instruments
from exporter.metrics import CATALOGUE, SOURCE_LABELS, About, Family, Kind
from exporter.model import Phase
from exporter.rendering import Renderer
from exporter.simulator.app import build
from exporter.simulator.control import PATH
from exporter.simulator.faults import Kind as Fault
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.simulator.world.trouble import MOST, REACHES, RUSH
from exporter.writer import OPENMETRICS

MOMENT = 1_900_000_000.0
PER_JOB = 1_000
"""Enough for every family to have a sample."""
PATIENCE = 300.0
"""Seconds that a source may take on a busy machine: one that is given up would leave its metrics out."""

Given = Mapping[str, Mapping[str, set[str]]]
"""The labels that a family carries, by its name and by the API that gives it."""


def given() -> Given:
    """Return which API gives which family with which labels, as a scrape of the simulated clouds shows."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in asyncio.run(scraped()):
        for sample in family.samples:
            labels = set(sample.labels) - {"le"}
            found.setdefault(family.name, {}).setdefault(sample.labels["api"], set()).update(labels)
    return found


async def scraped() -> list[Metric]:
    """Return the families of one scrape of a world whose time stands still."""
    clouds = build(living_world(1, MOMENT), Settings(clock=lambda: MOMENT, tolerance=float("inf")))

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(clouds), base_url=endpoint)

    config = configuration("http://simulated")
    every = tuple(
        msgspec.structs.replace(source, per_job=PER_JOB, timeout=PATIENCE) for source in config.sources
    )
    scraper = assemble(Config(sources=every), Instruments(), connect)
    try:
        body = await Renderer().render(await scraper.scrape(scraper.names, None), [], OPENMETRICS)
    finally:
        await scraper.aclose()
    text = body.whole().decode()
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # the client has no types here


def families_about_jobs(seen: Given) -> str:
    """Return the table of the families about jobs."""
    rows = []
    for family in CATALOGUE:
        if family.about is About.JOBS:
            apis = seen[family.name]
            names = ["all" if apis.keys() == APIS.keys() else code(name for name in APIS if name in apis)]
            rows.append([f"`{family.name}`", kind(family), labels_of(family, apis), *names, family.help])
    return table(["family", "type", "labels", "given by", "what it tells"], rows)


def labels_of(family: Family, apis: Mapping[str, set[str]]) -> str:
    """Return the labels beside ``api`` and ``source``; of one that not every API gives, which do."""
    words = []
    for label in family.labels:
        owners = [name for name in APIS if label in apis.get(name, ())]
        if label not in SOURCE_LABELS and owners:
            words.append(f"`{label}`" if len(owners) == len(apis) else f"`{label}` ({', '.join(owners)})")
    return ", ".join(words)


def families_about(about: About) -> str:
    """Return the table of the families about a source or the exporter."""
    rows = [
        [f"`{family.name}`", kind(family), code(set_apart(family)), family.help]
        for family in CATALOGUE
        if family.about is about
    ]
    return table(["family", "type", "labels", "what it tells"], rows)


def set_apart(family: Family) -> list[str]:
    """Return the labels that are not on every family."""
    return [label for label in family.labels if label not in SOURCE_LABELS]


def kind(family: Family) -> str:
    """Return a family's type as people write it."""
    return "gauge histogram" if family.kind is Kind.GAUGEHISTOGRAM else family.kind.value


def with_statuses() -> list[Api]:
    """Return the APIs whose jobs have a status."""
    return [api for api in APIS.values() if api.words.statuses]


def phases() -> str:
    """Return the table of phases: what each API calls them."""
    rows = []
    for phase in Phase:
        names = [
            code(s for s, mine in api.words.statuses.items() if mine is phase) for api in with_statuses()
        ]
        other = ["anything else"] * len(names)
        rows.append([f"`{phase}`", *(other if phase is Phase.UNKNOWN else names)])
    return table(["phase", *(f"`{api.name}`" for api in with_statuses())], rows)


def statuses() -> str:
    """Return what each API says of its jobs."""
    return "\n\n".join(vocabulary(api) for api in APIS.values())


def vocabulary(api: Api) -> str:
    """Return the words of one API."""
    words, head = api.words, f"### `{api.name}`"
    if not words.statuses:
        return f"{head}\n\nIts rows have no status: to be listed is to wait."
    text = f"{head}\n\nJob types: {code(words.documented)}.\n\n"
    text += of_jobs("status", words.statuses, words.documented)
    if words.run_statuses:
        text += "\n\nThe newest run of a job, in `datajobs_last_run_jobs`:\n\n"
        text += of_jobs("status of the run", words.run_statuses, words.runs)
    return text


def of_jobs(head: str, known: Mapping[str, Phase], documented: Mapping[str, Sequence[str]]) -> str:
    """Return a table of statuses; those that no list of the API's own page has are known from others."""
    rows = []
    for status, phase in known.items():
        types = [job_type for job_type, mine in documented.items() if status in mine]
        zero = (
            "of every type" if len(types) == len(documented) > 1 else code(types) or "no: not in its own page"
        )
        rows.append([f"`{status}`", f"`{phase}`", zero])
    return table([head, "phase", "zero is given"], rows)


def reasons() -> str:
    """Return the table of what can go wrong."""
    return table(
        ["reason", "what it means", "what to do"],
        [[f"`{reason}`", reason.meaning, reason.cure] for reason in Reason],
    )


def numbers(bounds: Sequence[float]) -> str:
    """Return upper bounds as they stand in a sentence."""
    *first, last = (f"{bound:g}" for bound in bounds)
    return f"{', '.join(first)} and {last}"


def metrics_page() -> str:
    """Return metrics.md."""
    return page(
        "metrics.md",
        jobs=families_about_jobs(given()),
        submitting=numbers(SUBMITTING_BOUNDS),
        running=numbers(RUNNING_BOUNDS),
        source=families_about(About.SOURCE),
        exporter=families_about(About.EXPORTER),
        phases=phases(),
        statuses=statuses(),
        reasons=reasons(),
    )


def command_line_page() -> str:
    """Return command-line.md."""
    texts = [described("datajobs-exporter", command_line)]
    texts += [described(f"datajobs-exporter {name}", one) for name, one in command_line.commands.items()]
    rows = [
        [f"`{kind}`", reach.about, code(reach.apis), code(reach.types)] for kind, reach in REACHES.items()
    ]
    return page(
        "command-line.md",
        commands="\n\n".join(texts),
        faults=code(Fault),
        troubles=table(["trouble", "what happens", "in", "can be narrowed to"], rows),
        switch=PATH,
        rush=f"{RUSH:g}",
        most=f"{MOST / 3600:g}",
    )


def described(name: str, command: click.Command) -> str:
    """Return the section of a command."""
    context = click.Context(command, info_name=name)
    rows = [record for option in command.params if (record := option.get_help_record(context))]
    options = table(["option", "what it does"], [[f"`{names}`", help_] for names, help_ in rows])
    return f"## {name}\n\n{inspect.cleandoc(command.help or '')}\n\n{options}"


PAGES: dict[str, Callable[[], str]] = {
    "metrics.md": metrics_page,
    "command-line.md": command_line_page,
    "configuration.md": configuration_page,
    "config.schema.json": lambda: written(APIS),
    "architecture.md": architecture_page,
    "operating.md": operating_page,
    "performance.md": performance_page,
    surface.FILE: surface.written,
    "reliability.md": reliability_page,
    PLOT: soak_plot,
    **API_PAGES,
}


def main(arguments: Sequence[str], folder: Path = HERE) -> int:
    """Write the pages, or with ``--check`` compare them; return the exit status."""
    outdated = []
    for name, write in PAGES.items():
        path, text = folder / name, write()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            outdated.append(f"docs/{name}")
            if "--check" not in arguments:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if "--check" not in arguments or not outdated:
        return 0
    sys.stderr.write(f"out of date: {', '.join(outdated)}; run: {CURE}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
