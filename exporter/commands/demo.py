"""Simulated clouds and the exporter on them, with a summary of the first scrape."""

import asyncio
import socket
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.commands import tables
from exporter.commands.simulate import CONFIG, Weather, clouds
from exporter.config import Config, load
from exporter.instruments import Instruments
from exporter.model import Phase
from exporter.scrape import Result, Scraper
from exporter.tally import Tally
from exporter.web.app import Web
from exporter.web.guard import guarded
from exporter.web.server import serving, stop_requested, url
from exporter.web.webfile import WebFile

PHASES = [phase.value for phase in Phase]
WAITING = "waiting in "
PATIENCE = 1.0
"""Seconds that scrapes in flight are given at the end: whoever ends a demo does not wait for them."""


async def run_demo(
    weather: Weather, sockets: Sequence[socket.socket], console: Console, web_file: WebFile | None
) -> None:
    """Serve both until SIGINT or SIGTERM, after a first scrape has been shown."""
    stop = stop_requested()
    instruments = Instruments()
    instruments.reloaded()
    async with clouds(weather, "127.0.0.1", 0) as simulator:
        scraper = assemble(configuration(simulator.url), instruments)
        web = Web(scraper, instruments, "/metrics")
        app, tls = guarded(web.application(), web_file)
        async with serving(app, sockets, scraper.aclose, patience=PATIENCE, tls=tls):
            console.print(f"Simulated clouds on {simulator.url}", highlight=False)
            console.print("The exporter's first scrape of them:\n", highlight=False)
            urls = [url(listening, "", secure=tls is not None) for listening in sockets]
            shown = asyncio.create_task(show(scraper, urls, console), name="first scrape")
            stopped = asyncio.create_task(stop.wait(), name="stop")
            await asyncio.wait({shown, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if shown.done():
                await shown  # where it failed, there is no use in waiting for the other
                await stopped
            else:
                shown.cancel()
                await asyncio.wait({shown})
    console.print("\nStopped.")


async def show(scraper: Scraper, urls: Sequence[str], console: Console) -> None:
    """Scrape, print what was found and where (at ``urls``, without a path) to look further."""
    summarise(await scraper.scrape(scraper.names, None), console)
    for base in urls:
        console.print(addresses(base, scraper), highlight=False, soft_wrap=True)
    console.print("Ctrl-C ends both.")


def configuration(simulated: str) -> Config:
    """Return the demo's configuration, read as a user's file would be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.yaml")
        path.write_text(CONFIG, encoding="utf-8")
        return load(path, APIS, {"SIMULATED": simulated})


def summarise(results: Sequence[Result], console: Console) -> None:
    """Print a table of the sources and one of their jobs by phase."""
    console.print(tables.of_results(results))
    console.print()
    if any(result.snapshot is not None for result in results):
        console.print(phases(results))
        console.print()


def phases(results: Sequence[Result]) -> Table:
    """Return the jobs and queue entries by phase, a column for each source."""
    counted = [(result, counts(result.snapshot.tally)) for result in results if result.snapshot is not None]
    table = Table("jobs by phase", box=None, pad_edge=False)
    for result, _ in counted:
        table.add_column(result.source.settings.name, justify="right")
    for word in sorted({word for _, mine in counted for word in mine}, key=place_of):
        table.add_row(word, *(str(mine[word]) if word in mine else "" for _, mine in counted))
    return table


def counts(tally: Tally) -> Counter[str]:
    """Return how many jobs are in each phase, and how many entries in each queue."""
    found: Counter[str] = Counter()
    for group, numbers in tally.jobs.items():
        found[group.phase.value] += numbers.jobs
    for entry, queued in tally.queue.items():
        found[WAITING + entry.queue_type] += queued.entries
    return found


def place_of(word: str) -> tuple[int, str]:
    """Order by the life of a job; the queues, where it begins, come first."""
    return (-1, word) if word.startswith(WAITING) else (PHASES.index(word), word)


def addresses(base: str, scraper: Scraper) -> str:
    """Name the addresses to open."""
    pages = {
        "metrics": f"{base}/metrics",
        "one source": f"{base}/probe?target={scraper.names[0]}",
        "discovery": f"{base}/sd",
        "status page": f"{base}/",
    }
    return "\n".join(f"{name:<13} {address}" for name, address in pages.items())
