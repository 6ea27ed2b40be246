"""Tables of the command line that fit into 80 columns."""

from collections.abc import Iterable, Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporter.apis.api import RateLimit
from exporter.apis.paging import Way
from exporter.commands.findings import ABSENT, INCOMPLETE, OK, UNREAD, Finding, ListFinding, state_of
from exporter.scrape import Result

MOST_LISTS = 20
"""Of a source with more lists than this only those are shown that are not well."""
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


def of_findings(findings: Iterable[Finding]) -> Table:
    """Return a row for each source and, below it, for each of its lists."""
    table = plain(("source and its lists", "state"), ("items", "pages", "requests", "seconds"))
    for one in findings:
        items, pages = listed(one.items, one.reported), str(one.pages or "")
        name = Text.assemble((one.source, "bold"), " ", (one.api, "dim"))
        table.add_row(name, styled(one.state), items, pages, str(one.requests), f"{one.seconds:.2f}")
        if one.discovery_requests:
            table.add_row(indented("to find its lists"), "", "", "", str(one.discovery_requests), "")
        shown = worth_showing(one.lists)
        for mine in shown:
            table.add_row(*row_of(mine))
        if len(shown) < len(one.lists):
            table.add_row(indented(f"{len(one.lists) - len(shown)} other lists"), styled(OK), *[""] * 4)
    return table


def worth_showing(lists: Sequence[ListFinding]) -> Sequence[ListFinding]:
    """Return all lists, or those that are not well where there are too many."""
    return lists if len(lists) <= MOST_LISTS else [one for one in lists if one.state != OK]


def indented(name: str, remark: str = "") -> Padding:
    """Return a name that stands below its source, also where it takes several lines."""
    return Padding(Text.assemble(name, (remark, "dim"), overflow="fold"), (0, 0, 0, 2))


def row_of(one: ListFinding) -> tuple[str | Text | Padding, ...]:
    """Return the row of a list."""
    if one.state not in {OK, INCOMPLETE}:
        return (indented(one.name), styled(one.state), "", "", str(one.requests or ""), "")
    numbers = (listed(one.items, one.reported), str(one.pages), str(one.requests), f"{one.seconds:.2f}")
    remark = ", counted" if one.way == Way.COUNT else ""
    return (indented(one.name, remark), styled(one.state), *numbers)


def of_costs(findings: Iterable[Finding]) -> Table:
    """Return what scrapes take of each API, beside what the vendor allows."""
    table = plain(("source", "identity"), ("per scrape", "per hour", "API's limit"))
    for one in findings:
        costs = (
            "" if number is None else str(number)
            for number in (one.requests_per_scrape, one.requests_per_hour)
        )
        table.add_row(one.source, Text(one.identity or "not known"), *costs, limit(one.rate_limit))
    return table


def limit(rate: RateLimit | None) -> str:
    """Say what the vendor allows."""
    return "not documented" if rate is None else f"{rate.per_user:g}/s a user"
