"""What goes wrong between an exporter and its clouds, drawn by chance, request by request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from exporter.simulator.faults import Api, Fault, Kind


class Way(StrEnum):
    """What happens to a request on its way, or to its answer on the way back."""

    NO_CONNECTION = "no-connection"
    """Nobody is there."""
    SILENCE = "silence"
    """No answer, for as long as one cares to wait."""
    LATE = "late"
    """The answer as it was when it was worked out, seconds later."""
    TRICKLE = "trickle"
    """The answer in pieces, with seconds in between."""
    CUT = "cut"
    """Part of the answer, then the connection is lost."""
    SHORT = "short"
    """Part of the answer, and nothing tells that it is not all."""
    REPEATED = "repeated"
    """An earlier page of the same list, again."""
    NO_DATE = "no-date"
    """No header tells the time."""
    ODD_DATE = "odd-date"
    """The header that tells the time is nonsense."""


What = Way | Kind

REFUSALS = frozenset({Kind.HTTP_401, Kind.HTTP_403})
TROUBLES: tuple[What, ...] = (
    *Way,
    Kind.HTTP_401,
    Kind.HTTP_403,
    Kind.HTTP_500,
    Kind.HTTP_502_HTML,
    Kind.HTTP_503_EMPTY,
    Kind.ERROR_NESTED,
    Kind.THROTTLE,
    Kind.MALFORMED_JSON,
    Kind.WRONG_TOTAL,
    Kind.EMPTY_PAGE,
    Kind.IGNORE_FILTERS,
    Kind.IGNORE_SORT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that strikes a share of the requests of one list API, or of all."""

    what: What
    rate: float
    api: Api | None
    value: float | None = None

    def strikes(self, api: Api, random: Random) -> bool:
        """Tell whether it strikes a request."""
        return self.api in (None, api) and random.random() < self.rate

    @property
    def fault(self) -> Fault | None:
        """What a simulated cloud is told of it."""
        return Fault(kind=self.what, value=self.value) if isinstance(self.what, Kind) else None


Weather = Sequence[Trouble]
CALM: Weather = ()


def draw_weather(random: Random, apis: Sequence[Api], *, calm: float) -> Weather:
    """Draw what is wrong during one scrape: nothing, a little, or one thing all the time.

    ``calm`` is the share of the first.
    """
    mood = random.random()
    if mood < calm:
        return CALM
    if mood < 0.85:
        return [
            draw_trouble(random, apis, random.choice((0.02, 0.1, 0.4))) for _ in range(random.randint(1, 3))
        ]
    return [draw_trouble(random, apis, 1.0)]


def draw_trouble(random: Random, apis: Sequence[Api], rate: float) -> Trouble:
    """Draw one thing that goes wrong; what refuses credentials lasts beyond a scrape, so it is rarer."""
    what = random.choice(TROUBLES)
    if what in REFUSALS and random.random() < 0.5:
        what = Way.CUT
    values: Mapping[What, Sequence[float]] = {
        Kind.WRONG_TOTAL: (1, -1, 250, -3),
        Kind.THROTTLE: (50, 1000, 20_000, 9e9),
    }
    value = random.choice(values[what]) if what in values else None
    return Trouble(what=what, rate=rate, api=random.choice((None, *apis)), value=value)
