"""The page of what goes wrong with clouds: from the very table that the tests hold the exporter to."""

from collections.abc import Sequence

from docs.markdown import code, page, table
from exporter.client import MAX_ATTEMPTS, MAX_PAGE_BYTES
from exporter.standing import FIRST_WAIT, LONGEST_WAIT
from tests.faults.table import EVERY, FAULTS, LOGIN, Effect, Fault, Kind

HEAD = ("what the cloud does", "while it lasts", "`reason`", "log", "sent again", "if it happens once")


def faults_page() -> str:
    """Return faults.md."""
    return page(
        "faults.md",
        number=str(len(FAULTS)),
        cells=str(4 * sum(len(fault.apis) for fault in FAULTS) + 2 * len(LOGIN)),
        logins=table(HEAD, map(cells, LOGIN)),
        tables="\n\n".join(section(kind) for kind in Kind),
        attempts=str(MAX_ATTEMPTS),
        most=f"{MAX_PAGE_BYTES / 2**20:g}",
        first_wait=f"{FIRST_WAIT:g}",
        longest_wait=f"{LONGEST_WAIT / 60:g}",
    )


def section(kind: Kind) -> str:
    """Return the table of one kind."""
    return f"## {kind}\n\n{table(HEAD, [cells(fault) for fault in FAULTS if fault.kind is kind])}"


def cells(fault: Fault) -> Sequence[str]:
    """Return the row of a fault."""
    return (
        f"{fault.does}{where(fault)}",
        shown(fault.effect, fault.later),
        f"`{fault.reason}`" if fault.reason else "",
        f"… {fault.says} …" if fault.says else "",
        "yes" if fault.retried else "no",
        in_the_end(fault),
    )


def where(fault: Fault) -> str:
    """Name the APIs, where not all of them can meet it."""
    return "" if len(fault.apis) == len(EVERY) else f" ({code(fault.apis)})"


def shown(effect: Effect, later: Effect | None) -> str:
    """Return what a scrape shows; ``later`` is that of a fault in the middle of a walk."""
    return f"{effect}; {later} where it is not the first page" if later else effect.value


def in_the_end(fault: Fault) -> str:
    """Return what becomes of a fault that strikes once."""
    if fault.once is Effect.RIGHT:
        return "right, in the same scrape"
    return f"{fault.once}; right after the pause" if fault.held else f"{fault.once}; right in the next scrape"
