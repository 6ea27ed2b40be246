"""How far a collection of all sources is, shown on a terminal while it goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from exporter.errors import SourceError
from exporter.scrape import Scraper, Standby

PER_SECOND = 8
MOST_LINES = 20
"""More sources than this are not shown one by one."""


@contextmanager
def progress(scraper: Scraper, console: Console) -> Iterator[None]:
    """Show how far each source is while the block runs, and wipe it out; not where nobody can watch."""
    if not console.is_interactive:
        yield
        return
    with Live(Lines(scraper), console=console, transient=True, refresh_per_second=PER_SECOND):
        yield


class Lines:
    """A line for each source; it is drawn anew, in a thread of its own, from numbers that only grow."""

    def __init__(self, scraper: Scraper) -> None:
        self._standbys = scraper.standbys
        self._began = time.monotonic()
        self._spinner = Spinner("dots")

    def __rich__(self) -> Table:
        """Return the lines as they are now."""
        lines = Table.grid(padding=(0, 2))
        standbys = list(self._standbys.values())
        for standby in sorted(standbys, key=lambda one: one.outcome is not None)[:MOST_LINES]:
            lines.add_row(self._sign(standby), standby.source.settings.name, how_far(standby))
        ended = sum(standby.outcome is not None for standby in standbys)
        lines.add_row("", f"{ended} of {len(standbys)}", f"{time.monotonic() - self._began:.0f} s")
        return lines

    def _sign(self, standby: Standby) -> Spinner | Text:
        if standby.outcome is None:
            return self._spinner
        failed = isinstance(standby.outcome, SourceError)
        return Text("x", style="red") if failed else Text("+", style="green")


def how_far(standby: Standby) -> Text:
    """Say what a source has done so far."""
    source, outcome = standby.source, standby.outcome
    walks = tuple(source.course.walks.values())
    read = sum(bool(report.pages or report.error) for report in walks)
    told = f"{read} of {len(walks)} lists, " if walks else ""
    if isinstance(outcome, SourceError):
        return Text(outcome.reason.value, style="red")
    requests = "1 request" if source.requests == 1 else f"{source.requests} requests"
    return Text(f"{told}{requests}", style="" if outcome is None else "green")
