"""Which jobs get series of their own: a few of those that are active, the oldest first. Pure.

A job that runs once is active from its queue to its end, and as old as its creation. A standing job (a
definition that runs again and again) is active unless its schedule is off. What failed comes before what
is at work, and that before the rest; of each, the one first whose last run ended longest ago: the most
overdue. While no end is told, its creation stands for it.
"""

import heapq
from collections.abc import Iterable, Sequence

from exporter.model import ACTIVE, Job, LastRun, Phase

OFF = frozenset({Phase.STOPPED, Phase.PAUSED, Phase.DELETED})
"""Phases of a standing job that will not run by itself."""
BROKEN = frozenset({Phase.FAILED, Phase.PARTIALLY_FAILED})

Rank = tuple[int, float, str, str, str]


class Candidate:
    """A job and its place in the order; of two, the *later* one is the smaller, as a heap has it on top."""

    __slots__ = ("job", "rank")

    def __init__(self, rank: Rank, job: Job) -> None:
        self.rank = rank
        self.job = job

    def __lt__(self, other: "Candidate") -> bool:
        return self.rank > other.rank


class Shortlist:
    """The first ``most`` of the jobs that were offered, and how many there were to choose from."""

    __slots__ = ("_heap", "_most", "offered")

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[Candidate] = []
        self.offered = 0

    def offer(self, job: Job, *, standing: bool) -> None:
        """Take in a job if it is active and comes before one that is kept; keep no more than ``most``."""
        if not self._most:
            return
        rank = rank_of_definition(job) if standing else rank_of_run(job)
        if rank is None:
            return
        self.offered += 1
        candidate = Candidate(rank, job)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, candidate)
        else:
            heapq.heappushpop(self._heap, candidate)

    @property
    def jobs(self) -> Sequence[Job]:
        """The jobs, in order."""
        return [candidate.job for candidate in sorted(self._heap, reverse=True)]

    @property
    def dropped(self) -> int:
        """How many active jobs did not fit."""
        return self.offered - len(self._heap)

    @classmethod
    def of(cls, parts: "Iterable[Shortlist]") -> "Shortlist":
        """Return the first of several lists together; a job that is in two of them counts once."""
        several = list(parts)
        whole = cls(max((part._most for part in several), default=0))
        whole.offered = sum(part.offered for part in several)
        kept = [candidate for part in several for candidate in part._heap]
        different = {identity(candidate.job): candidate for candidate in kept}
        whole.offered -= len(kept) - len(different)
        whole._heap = heapq.nlargest(whole._most, different.values())
        heapq.heapify(whole._heap)
        return whole


def rank_of_run(job: Job) -> Rank | None:
    """Return the place of a job that runs once, None where it is not active."""
    return rank(0, job.created, job) if job.phase in ACTIVE else None


def rank_of_definition(job: Job) -> Rank | None:
    """Return the place of a job that runs again and again, None where its schedule is off."""
    run = job.last_run or LastRun(status="", phase=Phase.UNKNOWN)
    at_work = bool(ACTIVE & {job.phase, run.phase})
    if job.phase in OFF and not at_work:
        return None
    group = 0 if BROKEN & {job.phase, run.phase} else 1 if at_work else 2
    return rank(group, job.created if run.ended is None else run.ended, job)


def rank(group: int, moment: float | None, job: Job) -> Rank:
    """Return a place: the oldest of a group first, those of unknown age last; never by chance."""
    age = float("inf") if moment is None else moment
    return group, age, name_of(job), job.workspace, job.dataset or ""


def name_of(job: Job) -> str:
    """Return what tells a job from the others of its place."""
    return str(job.key) if job.name is None else job.name


def identity(job: Job) -> tuple[str, str | None, str]:
    """Return what tells a job from all others of its source."""
    return job.workspace, job.dataset, name_of(job)
