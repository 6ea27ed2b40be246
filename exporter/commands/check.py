"""Validate the configuration and try every source."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import msgspec
from rich.console import Console
from rich.text import Text

from exporter.assembly import assemble
from exporter.commands import tables
from exporter.commands.findings import Finding, Trouble, finding, warnings
from exporter.commands.progress import progress
from exporter.config import Config, ConfigError, duration
from exporter.instruments import Instruments
from exporter.scrape import Scraper

MOST_NAMES = 3


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the check has found, as it is given to machines."""

    good: bool
    scrape_interval_seconds: float
    sources: tuple[Finding, ...]
    warnings: tuple[str, ...]


async def check(config: Config, scrape_interval: float, terminal: Console) -> Report:
    """Collect every source once, each list to its end, and show on a terminal how far that is."""
    scraper = assemble(config, Instruments())
    try:
        return await examine(scraper, scrape_interval, progress(scraper, terminal))
    finally:
        await scraper.aclose()


async def examine(
    scraper: Scraper, scrape_interval: float, meanwhile: AbstractContextManager[None]
) -> Report:
    """Return what a collection of all sources finds."""
    for standby in scraper.standbys.values():
        standby.source.thorough = True
    with meanwhile:
        results = await scraper.scrape(scraper.names, None)
    findings = tuple(finding(result, scrape_interval) for result in results)
    return Report(
        good=all(result.error is None for result in results),
        scrape_interval_seconds=scrape_interval,
        sources=findings,
        warnings=warnings(findings),
    )


def offline(config: Config, form: str) -> str:
    """Return what is said of a configuration that is good."""
    if form == "json":
        sources = [{"source": source.name, "api": source.api} for source in config.sources]
        return as_json({"good": True, "sources": sources})
    count = len(config.sources)
    return f"the configuration is good: {count} source{'s' if count > 1 else ''}"


def mistakes_as_json(error: ConfigError) -> str:
    """Return every mistake of a configuration for machines."""
    return as_json({"good": False, "file": str(error.file), "mistakes": error.mistakes})


def as_json(report: object) -> str:
    """Return a report for machines; its keys are a promise."""
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def show(report: Report, console: Console) -> None:
    """Print a report for people."""
    console.print(tables.of_findings(report.sources))
    interval = duration(report.scrape_interval_seconds)
    console.print(f"\nRequests, with a scrape every {interval}:", highlight=False)
    console.print(tables.of_costs(report.sources))
    for one in report.sources:
        for trouble in one.errors:
            console.print(Text(f"\n{told(one, trouble)}"), soft_wrap=True)
    for warning in report.warnings:
        console.print(Text(f"\nwarning: {warning}"), soft_wrap=True)
    bad = sum(bool(one.errors) for one in report.sources)
    console.print(f"\n{verdict(bad, len(report.sources))}", highlight=False)


def told(one: Finding, trouble: Trouble) -> str:
    """Return a failure in words: where, what it means, what the cloud said, what to do."""
    names = some(trouble.lists)
    where = f"{one.source}, {names}" if names else one.source
    cures = "\n".join(f"  to do: {cure}" for cure in trouble.cures)
    return f"{where}: {trouble.reason}: {trouble.meaning}\n  found: {trouble.message}\n{cures}"


def some(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def verdict(bad: int, count: int) -> str:
    """Return the last line."""
    sources = "1 source" if count == 1 else f"{count} sources"
    return f"{sources}, all good" if not bad else f"{bad} of {sources} failed"
