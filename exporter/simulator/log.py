"""What was asked for and what was answered, for tests to look at."""

from collections import Counter, deque
from dataclasses import dataclass, field

from exporter.simulator.faults import Api, Kind

KEPT = 10_000
OF_INTEREST = frozenset(
    {
        "host",
        "accept",
        "user-agent",
        "content-type",
        "workspace",
        "x-project-id",
        "x-auth-token",
        "authorization",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One request. ``api`` is None where none matched, ``status`` is None where no answer was given."""

    at: float
    api: Api | None
    method: str
    path: str
    query: str
    headers: dict[str, str]
    faults: tuple[Kind, ...]
    status: int | None


@dataclass(slots=True)
class RequestLog:
    """The last requests in the order of their answers, and counts of all there ever were."""

    entries: deque[Logged] = field(default_factory=lambda: deque(maxlen=KEPT))
    by_api: Counter[Api | None] = field(default_factory=Counter)
    by_status: Counter[int | None] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def arrived(self) -> None:
        """Note that a request has come."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def add(self, entry: Logged) -> None:
        """Note what became of a request."""
        self.entries.append(entry)
        self.by_api[entry.api] += 1
        self.by_status[entry.status] += 1

    def left(self) -> None:
        """Note that a request is over, answered or not."""
        self.in_flight -= 1

    def of(self, api: Api) -> list[Logged]:
        """Return the last requests of one API."""
        return [entry for entry in self.entries if entry.api is api]

    def clear(self) -> None:
        """Forget all but what is in flight."""
        self.entries.clear()
        self.by_api.clear()
        self.by_status.clear()
        self.most_in_flight = self.in_flight
