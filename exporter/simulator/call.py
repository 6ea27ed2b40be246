"""One request on its way through an API, and how a list becomes a page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from exporter.simulator.faults import Fault, Kind
from exporter.simulator.parameters import Parameters
from exporter.simulator.settings import Settings
from exporter.simulator.wire import Request
from exporter.simulator.world.order import ListingOrder, ordered
from exporter.simulator.world.timeline import Listed, Row
from exporter.simulator.world.world import World

Item = TypeVar("Item")
Timed = TypeVar("Timed", bound=Listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """All that an API needs to answer. ``now`` is the cloud's time, one for the whole answer."""

    request: Request
    parameters: Parameters
    world: World
    settings: Settings
    now: float
    faults: Mapping[Kind, Fault]
    signed: bool
    """Whether the caller came with a signature rather than a token."""

    def narrow(self, items: Sequence[Item], wanted: Callable[[Item], bool]) -> Sequence[Item]:
        """Apply the filters of the request, unless they are to be overlooked."""
        return items if Kind.IGNORE_FILTERS in self.faults else [item for item in items if wanted(item)]

    def sort(self, items: Iterable[Timed], order: ListingOrder | None) -> list[Timed]:
        """Put items in the order that is asked for, or in the usual one."""
        if order is None or Kind.IGNORE_SORT in self.faults:
            order = self.settings.order
        return ordered(items, order, self.now)

    def cut(
        self, items: Sequence[Item], first: int, size: int, row: Callable[[Item], Row]
    ) -> tuple[list[Row], int]:
        """Return the rows of one page and the total, true but for the faults."""
        rows = [] if Kind.EMPTY_PAGE in self.faults else [row(item) for item in items[first : first + size]]
        if Kind.UNKNOWN_STATUS in self.faults and rows:
            field = next(name for name in ("Status", "status", "queue_type") if name in rows[0])
            rows[0] = rows[0] | {field: "BrandNewState" if field == "Status" else "BRAND_NEW_STATE"}
        return rows, self.told(len(items))

    def told(self, total: int) -> int:
        """Return the total that is told, true but for the faults."""
        wrong = self.faults.get(Kind.WRONG_TOTAL)
        return max(0, total + _value(wrong)) if wrong else total


def _value(fault: Fault) -> int:
    """Return by how many a total is off."""
    return 1 if fault.value is None else int(fault.value)
