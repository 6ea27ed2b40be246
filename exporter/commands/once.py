"""One collection to standard output, or to a file that is replaced whole."""

import errno
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from exporter.assembly import assemble
from exporter.commands.progress import progress
from exporter.config import Config
from exporter.errors import SourceError
from exporter.instruments import Instruments
from exporter.rendering import Renderer
from exporter.source import Source
from exporter.writer import TEXT

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
}


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


def target_of(output: Path | None) -> Path | None:
    """Return the regular file, there or not, that ``output`` leads to; None stands for standard output.

    Raises OSError for what is there and is no regular file: to put a file in its place would break it.
    """
    if output is None or str(output) in STANDARD_OUTPUT:
        return None
    try:
        target = output.resolve()
        mode = target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return target
    except RuntimeError as exc:  # Python 3.11 and 3.12, of links that lead in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from exc
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"{KINDS.get(stat.S_IFMT(mode), 'a special file')}, not a regular file")
    return target


def replace(path: Path, content: bytes) -> None:
    """Put the content in the file's place; a reader sees the old one or the new one, never a part."""
    # In the same folder: a rename is atomic within one file system only. node_exporter reads only *.prom.
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
