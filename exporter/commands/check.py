"""Validate the configuration and try every source."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.assembly import assemble
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.scrape import Result


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
    columns = Table("source", "api", "state", box=None, pad_edge=False)
    for name in ("listed", "reported", "requests", "seconds"):
        columns.add_column(name, justify="right")
    for result in results:
        settings, snapshot = result.source.settings, result.snapshot
        numbers = ("", "", "")
        if snapshot is not None:
            numbers = (str(snapshot.listed), str(snapshot.reported), str(snapshot.requests))
        columns.add_row(settings.name, settings.api, state(result), *numbers, f"{result.duration or 0:.2f}")
    return columns


def state(result: Result) -> Text:
    """Say in a word how a source is."""
    if result.error is not None:
        return Text(result.error.reason.value, style="red")
    if result.snapshot is not None and not result.snapshot.complete:
        return Text("incomplete", style="yellow")
    return Text("ok", style="green")
