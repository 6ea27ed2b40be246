"""Validate the configuration and try every source."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.assembly import assemble
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.scrape import Result
from exporter.source import Snapshot


async def check(config: Config, console: Console) -> bool:
    """Collect every source once and print a line for each; return whether all succeeded."""
    scraper = assemble(config, Instruments())
    try:
        results = await scraper.scrape(scraper.names, None)
    finally:
        await scraper.aclose()
    console.print(table(results))
    for result in results:
        if result.error is not None:
            reason = result.error.reason
            told = f"{result.source.settings.name}: {reason.meaning} {result.error.message}\n  {reason.cure}"
            console.print(Text(f"\n{told}"), soft_wrap=True)
    return all(result.error is None for result in results)


def table(results: Sequence[Result]) -> Table:
    """Return one row a source: reached or not, how much was listed, at what cost."""
    columns = Table(box=None, pad_edge=False)
    for name in ("source", "api"):
        columns.add_column(name, overflow="fold")
    columns.add_column("state", no_wrap=True)
    for name in ("listed", "requests", "seconds"):
        columns.add_column(name, justify="right", no_wrap=True)
    for result in results:
        settings, snapshot = result.source.settings, result.snapshot
        numbers = ("", "") if snapshot is None else (listed(snapshot), str(snapshot.requests))
        columns.add_row(settings.name, settings.api, state(result), *numbers, f"{result.duration or 0:.2f}")
    return columns


def listed(snapshot: Snapshot) -> str:
    """Say how many jobs were listed, and of how many where the API reports another number."""
    same = snapshot.listed == snapshot.reported
    return str(snapshot.listed) if same else f"{snapshot.listed} of {snapshot.reported}"


def state(result: Result) -> Text:
    """Say in a word how a source is."""
    if result.error is not None:
        return Text(result.error.reason.value, style="red")
    if result.snapshot is not None and not result.snapshot.complete:
        return Text("incomplete", style="yellow")
    return Text("ok", style="green")
