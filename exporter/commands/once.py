"""One collection to standard output, or to a file that is replaced whole."""

import sys
from pathlib import Path

from rich.console import Console

from exporter.assembly import assemble
from exporter.commands.files import replace, target_of
from exporter.commands.progress import progress
from exporter.config import Config
from exporter.errors import SourceError
from exporter.instruments import Instruments
from exporter.rendering import Renderer
from exporter.source import Source
from exporter.writer import TEXT


async def once(config: Config, output: Path | None, terminal: Console) -> bool:
    """Collect every source once and write what a scrape would show; return whether all succeeded.

    How far that is, and what went wrong, is shown on ``terminal``.
    """
    if output is not None and target_of(output) is not None and output.suffix != ".prom":
        sys.stderr.write(f"warning: {output}: node_exporter's textfile collector reads only *.prom\n")
    instruments = Instruments()
    scraper = assemble(config, instruments)
    try:
        with progress(scraper, terminal):
            results = await scraper.scrape(scraper.names, None)
    finally:
        await scraper.aclose()
    body = await Renderer().render(results, instruments.about_sources(scraper.names), TEXT)
    text = body.whole()
    target = target_of(output)
    if target is None:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    else:
        replace(target, text)
    for result in results:
        if result.error is not None:
            sys.stderr.write(f"{told(result.source, result.error)}\n")
    return all(result.error is None for result in results)


def told(source: Source, error: SourceError) -> str:
    """Return why a source was not collected, and what to do about it."""
    where = ", ".join(filter(None, (source.settings.name, error.walk)))
    cures = "".join(f"\n  to do: {cure}" for cure in source.advice(error))
    return f"source {where}: {error.reason}: {error.fact}{cures}"
