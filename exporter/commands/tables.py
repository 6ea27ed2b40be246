"""Tables of the command line that fit into 80 columns."""

from collections.abc import Iterable, Mapping, Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporter.apis.api import RateLimit
from exporter.apis.paging import Way
from exporter.commands.findings import ABSENT, INCOMPLETE, OK, UNREAD, Finding, ListFinding, state_of
from exporter.scrape import Result

MOST_LISTS = 20
"""Of a source with more lists than this only those are shown that are not well."""
WIDE = 70
"""Columns of a terminal; in a narrower one names would be broken for numbers that matter less."""
COLUMNS = ("items", "pages", "requests", "seconds")
FEW_COLUMNS = ("items", "requests")
Row = tuple[Text | Padding, Text, Mapping[str, str]]
"""A name, a state, and numbers by their columns."""
STYLES = {OK: "green", INCOMPLETE: "yellow", ABSENT: "", UNREAD: "dim"}
FAILED = "red"


def plain(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return a table without lines; what may be long is folded."""
    columns = Table(box=None, pad_edge=False)
    for name in texts:
        columns.add_column(name, overflow="fold")
    for name in numbers:
        columns.add_column(name, justify="right", no_wrap=True)
    return columns


def styled(state: str) -> Text:
    """Return the word for a state in its colour."""
    return Text(state, style=STYLES.get(state, FAILED))


def listed(items: int | None, reported: int | None) -> str:
    """Say how many jobs were listed, and of how many where the API reports another number."""
    if items is None:
        return ""
    return str(items) if items == reported else f"{items} of {reported}"


def of_results(results: Iterable[Result]) -> Table:
    """Return one row a source: how it is, how much was listed, at what cost."""
    table = plain(("source", "api", "state"), ("listed", "requests", "seconds"))
    for result in results:
        settings, snapshot = result.source.settings, result.snapshot
        numbers = (
            ("", "")
            if snapshot is None
            else (listed(snapshot.listed, snapshot.reported), str(snapshot.requests))
        )
        state = styled(state_of(result))
        table.add_row(settings.name, settings.api, state, *numbers, f"{result.duration or 0:.2f}")
    return table


def of_findings(findings: Iterable[Finding], width: int = WIDE) -> Table:
    """Return a row for each source and, below it, for each of its lists; a narrow one has fewer columns."""
    shown = COLUMNS if width >= WIDE else FEW_COLUMNS
    table = plain(("source and its lists", "state"), shown)
    for one in findings:
        for name, state, numbers in rows_of(one):
            table.add_row(name, state, *(numbers.get(column, "") for column in shown))
    return table


def rows_of(one: Finding) -> Iterable[Row]:
    """Yield the row of a source and, below it, those of its lists."""
    numbers = {
        "items": listed(one.items, one.reported),
        "pages": str(one.pages or ""),
        "requests": str(one.requests),
        "seconds": f"{one.seconds:.2f}",
    }
    yield Text.assemble((one.source, "bold"), " ", (one.api, "dim")), styled(one.state), numbers
    if one.discovery_requests:
        yield indented("to find its lists"), Text(), {"requests": str(one.discovery_requests)}
    shown = worth_showing(one.lists)
    yield from map(row_of, shown)
    if len(shown) < len(one.lists):
        yield indented(f"{len(one.lists) - len(shown)} other lists"), styled(OK), {}


def worth_showing(lists: Sequence[ListFinding]) -> Sequence[ListFinding]:
    """Return all lists, or those that are not well where there are too many."""
    return lists if len(lists) <= MOST_LISTS else [one for one in lists if one.state != OK]


def indented(name: str, remark: str = "") -> Padding:
    """Return a name that stands below its source, also where it takes several lines."""
    return Padding(Text.assemble(name, (remark, "dim"), overflow="fold"), (0, 0, 0, 2))


def row_of(one: ListFinding) -> Row:
    """Return the row of a list."""
    if one.state not in {OK, INCOMPLETE}:
        return indented(one.name), styled(one.state), {"requests": str(one.requests or "")}
    numbers = {
        "items": listed(one.items, one.reported),
        "pages": str(one.pages),
        "requests": str(one.requests),
        "seconds": f"{one.seconds:.2f}",
    }
    remark = ", counted" if one.way == Way.COUNT else ""
    return indented(one.name, remark), styled(one.state), numbers


def of_costs(findings: Iterable[Finding], width: int = WIDE) -> Table:
    """Return what scrapes take of each API, beside what the vendor allows; not that in a narrow one."""
    last = ("API's limit",) if width >= WIDE else ()
    table = plain(("source", "identity"), ("per scrape", "per hour", *last))
    for one in findings:
        scrape = "" if one.requests_per_scrape is None else str(one.requests_per_scrape)
        limits = (limit(one.rate_limit),) if last else ()
        identity = Text(one.identity or "not known")
        table.add_row(one.source, identity, scrape, an_hour(one.requests_per_hour), *limits)
    return table


def an_hour(requests: float | None) -> str:
    """Say how many requests an hour takes, or a day where that is less than one."""
    if requests is None:
        return ""
    return f"{requests:.7g}" if requests >= 1 else f"{requests * 24:.2g} a day"


def limit(rate: RateLimit | None) -> str:
    """Say what the vendor allows."""
    return "not documented" if rate is None else f"{rate.per_user:g}/s a user"
