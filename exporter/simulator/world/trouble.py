"""Troubles of the simulated world itself: what goes wrong, with what, from when to when."""

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from zlib import crc32

from exporter.simulator.world import octopus, pai
from exporter.simulator.world.timeline import NEVER

PAI, OCTOPUS, QUEUES, FACTORY = (
    "pai_dataset_jobs",
    "octopus_system_jobs",
    "octopus_queuing_jobs",
    "dataarts_jobs",
)
"""The lists that can be in trouble, by the name of the API that shows them."""

MOST = 12 * 3600.0
"""Seconds that a trouble holds anything up at most, however long it lasts."""

RUSH = 20.0
"""Seconds after a trouble in which all that was held up goes on, the first in time first."""

FORM = re.compile(r"(?:([a-z_]+):)?([a-z-]+)(?:=(\w+))?(?::([0-9.]+))?(?:@([0-9.]+)([smh]))?")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class TroubleKind(StrEnum):
    """What can go wrong in the world; ``REACHES`` tells what each does."""

    JOBS_FAIL = "jobs-fail"
    JOBS_HANG = "jobs-hang"
    QUEUE_STUCK = "queue-stuck"
    FILES_FAIL = "files-fail"
    RUNS_FAIL = "runs-fail"
    STREAMS_BREAK = "streams-break"


@dataclass(frozen=True, slots=True)
class Reach:
    """What a kind of trouble does, in which lists, and to which types of them it can be narrowed."""

    about: str
    apis: tuple[str, ...]
    types: tuple[str, ...] = ()


REACHES: dict[TroubleKind, Reach] = {
    TroubleKind.JOBS_FAIL: Reach(
        "Jobs that run fail one after the other, each within a minute of its start or the trouble's.",
        (PAI, OCTOPUS),
        (*octopus.JOB_TYPES, *pai.ACTIONS),
    ),
    TroubleKind.JOBS_HANG: Reach(
        "Jobs that run come no further: none ends, no file is done.",
        (PAI, OCTOPUS),
        (*octopus.JOB_TYPES, *pai.ACTIONS),
    ),
    TroubleKind.QUEUE_STUCK: Reach(
        "Entries come into the queues and none leaves; jobs in the internal queue stay QUEUING.",
        (QUEUES,),
        octopus.QUEUE_TYPES,
    ),
    TroubleKind.FILES_FAIL: Reach(
        "Half of the files that jobs process fail; such a job ends as PartialFailed.", (PAI,), pai.ACTIONS
    ),
    TroubleKind.RUNS_FAIL: Reach("Every run of a BATCH job that ends, fails.", (FACTORY,)),
    TroubleKind.STREAMS_BREAK: Reach("REAL_TIME jobs that are NORMAL become EXCEPTION.", (FACTORY,)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that goes wrong: with one list or all, one type or all, a share ``rate`` of what there is.

    ``ago`` is for how many seconds it has been so when it is switched on; it tells no two troubles apart.
    """

    kind: TroubleKind
    api: str = ""
    only: str = ""
    rate: float = 1.0
    ago: float = field(default=0.0, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Trouble":
        """Read ``[API:]KIND[=TYPE][:RATE][@AGO]``, with AGO as in ``30m``.

        Raises ValueError: with the reason, for people.
        """
        match = FORM.fullmatch(text)
        if match is None or match[2] not in set(TroubleKind):
            raise ValueError(
                f"{text!r} is not [API:]KIND[=TYPE][:RATE][@AGO], such as queue-stuck=RESIM:0.5@30m"
            )
        kind = TroubleKind(match[2])
        reach = REACHES[kind]
        if match[1] and match[1] not in reach.apis:
            raise ValueError(f"{text!r}: {kind} strikes {', '.join(reach.apis)}, not {match[1]}")
        if match[3] and match[3] not in reach.types:
            raise ValueError(f"{text!r}: {kind} {_narrowed_to(reach.types)}")
        ago = _number(match[5], text) * SECONDS[match[6]] if match[5] else 0.0
        rate = _number(match[4], text) if match[4] else 1.0
        if rate > 1:
            raise ValueError(f"{text!r}: a rate is between 0 and 1")
        return cls(kind=kind, api=match[1] or "", only=match[3] or "", rate=rate, ago=ago)

    def __str__(self) -> str:
        """Return the text that ``parse`` reads, without AGO."""
        api, only = f"{self.api}:" if self.api else "", f"={self.only}" if self.only else ""
        return f"{api}{self.kind}{only}" + (f":{self.rate:g}" if self.rate < 1 else "")

    def strikes(self, api: str, key: str, *types: str) -> bool:
        """Tell whether a thing of the list ``api`` is among those that are struck."""
        if api not in REACHES[self.kind].apis or self.api not in ("", api):
            return False
        return self.only in ("", *types) and chance(f"{self.kind} {key}") < self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A trouble from ``begin`` until ``end``, in seconds since 1970; NEVER while nobody knows the end.

    What is true before a moment does not depend on what becomes known after it, so that an end can be set
    when it comes.
    """

    trouble: Trouble
    begin: float
    end: float = NEVER

    def __contains__(self, moment: float) -> bool:
        """Tell whether it lasts at ``moment``."""
        return self.begin <= moment < self.end

    def after(self, moment: float) -> float:
        """Return when what would happen at ``moment`` happens, if it cannot as long as this lasts."""
        if moment < self.begin or self.end == self.begin:
            return moment
        if self.end == NEVER:
            return NEVER
        length = self.end - self.begin
        return max(moment, self.end + (moment - self.begin) / length * min(RUSH, length / 2))


def held(moment: float, spells: tuple[Spell, ...]) -> float:
    """Return when what would happen at ``moment`` happens, if none of ``spells`` lets it; never MOST later.

    The order of any two moments stays.
    """
    late = moment
    for spell in spells:
        late = spell.after(late)
    return min(late, moment + MOST)


def held_on_grid(moment: float, spells: tuple[Spell, ...], *, steps: int) -> float:
    """Return the same as ``held``, on a grid of so many ``steps`` in a second; what is not held stays."""
    late = held(moment, spells)
    return moment if late == moment else on_grid(late, steps=steps)


def chance(text: str) -> float:
    """Return a number in [0, 1) that is the same for the same text, on every machine."""
    return crc32(text.encode()) / 2**32


def on_grid(moment: float, *, steps: int) -> float:
    """Return the first moment not before ``moment`` that is a whole number of ``steps`` in a second."""
    return moment if math.isinf(moment) else math.ceil(moment * steps) / steps


def _number(text: str, whole: str) -> float:
    """Return the number that ``text`` says."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{whole!r}: {text!r} is not a number") from None


def _narrowed_to(types: tuple[str, ...]) -> str:
    """Say which types there are."""
    return f"can be narrowed to one of {', '.join(types)}" if types else "takes no type"
