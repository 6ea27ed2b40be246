"""Validate the configuration and try every source."""

from contextlib import AbstractContextManager

import msgspec
from rich.console import Console
from rich.text import Text

from exporter.assembly import assemble
from exporter.commands import tables
from exporter.commands.findings import Finding, Trouble, finding
from exporter.commands.progress import progress
from exporter.commands.warnings import some, warnings
from exporter.config import Config, ConfigError, duration
from exporter.instruments import Instruments
from exporter.scrape import Scraper


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the check has found, as it is given to machines; it is ``good`` where no source failed."""

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
        warnings=warnings(findings, scrape_interval),
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
    console.print(tables.of_findings(report.sources, console.width))
    interval = duration(report.scrape_interval_seconds)
    console.print(f"\nRequests, with a scrape every {interval}:", highlight=False)
    console.print(tables.of_costs(report.sources, console.width))
    for one in report.sources:
        for trouble in one.errors:
            console.print(Text(f"\n{told(one, trouble)}"), soft_wrap=True)
    for warning in report.warnings:
        console.print(Text(f"\nwarning: {warning}"), soft_wrap=True)
    console.print(f"\n{verdict(report)}", highlight=False)


def told(one: Finding, trouble: Trouble) -> str:
    """Return a failure in words: where, what it means, what the cloud said, what to do."""
    names = some(trouble.lists)
    where = f"{one.source}, {names}" if names else one.source
    cures = "\n".join(f"  to do: {cure}" for cure in trouble.cures)
    return f"{where}: {trouble.reason}: {trouble.meaning}\n  found: {trouble.message}\n{cures}"


def verdict(report: Report) -> str:
    """Return the last line."""
    count = len(report.sources)
    bad = sum(bool(one.errors) for one in report.sources)
    incomplete = sum(not one.errors and not one.complete for one in report.sources)
    doubts = [f"{incomplete} incomplete"] if incomplete else []
    if report.warnings:
        doubts.append("1 warning" if len(report.warnings) == 1 else f"{len(report.warnings)} warnings")
    sources = "1 source" if count == 1 else f"{count} sources"
    if bad:
        return ", ".join((f"{bad} of {sources} failed", *doubts))
    return ", ".join((sources, "none failed", *doubts) if doubts else (sources, "all good"))
