"""A world in trouble, made from one in which all goes its usual way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from exporter.simulator.world.dataarts import FactoryJob
from exporter.simulator.world.drawing import entering
from exporter.simulator.world.octopus import ENDED, QueueEntry, SystemJob, queued
from exporter.simulator.world.pai import FINISHED, DatasetJob
from exporter.simulator.world.population import Population
from exporter.simulator.world.timeline import NEVER, Listed, Timeline
from exporter.simulator.world.trouble import (
    FACTORY,
    MOST,
    OCTOPUS,
    PAI,
    QUEUES,
    Spell,
    TroubleKind,
    chance,
    held_on_grid,
    on_grid,
)
from exporter.simulator.world.world import World

Item = TypeVar("Item", bound=Listed)
Place = TypeVar("Place")
Spells = tuple[Spell, ...]

FAILS_WITHIN = 60.0
"""Seconds in which a job fails that has begun to run, or was running when the trouble began."""

WHOLE, MILLI = 1, 1000
"""Steps in a second of the times of PAI's jobs, and of those of Huawei's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The state that fails, the one it fails to, and the grid of time."""

    running: str
    failed: str
    steps: int


PAI_FAILURE = Failure(running="Running", failed="Failed", steps=WHOLE)
OCTOPUS_FAILURE = Failure(running="RUNNING", failed="RUN_FAILED", steps=MILLI)


def troubled(world: World, spells: Spells) -> World:
    """Return ``world`` as it is with these troubles, the earlier ones first; without any it is itself."""
    if not spells:
        return world
    spells = tuple(sorted(spells, key=lambda spell: spell.begin))
    return replace(
        world,
        pai_jobs=_struck(world.pai_jobs, dataset_job, spells),
        octopus_jobs=_struck(world.octopus_jobs, system_job, spells),
        octopus_queues=_struck(world.octopus_queues, queue_entry, spells),
        factory_jobs=_struck(world.factory_jobs, factory_job, spells),
    )


@dataclass(frozen=True, slots=True)
class Struck(Generic[Item]):
    """A crowd of which each life is changed; births are not, and nobody stays MOST longer than usual."""

    crowd: Population[Item]
    change: Callable[[Item], Item]
    since: float

    def between(self, start: float, end: float) -> Sequence[Item]:
        """Return those that are listed at any moment of [start, end]."""
        first = min(start, max(self.since, start - MOST))
        changed = (self.change(member) for member in self.crowd.between(first, end))
        return [member for member in changed if member.timeline.within(start, end)]


def _struck(
    crowds: Mapping[Place, Population[Item]], change: Callable[[Item, Spells], Item], spells: Spells
) -> dict[Place, Population[Item]]:
    """Return the crowds with each life changed."""

    def changed(member: Item) -> Item:
        return change(member, spells)

    return {place: Struck(crowd, changed, spells[0].begin) for place, crowd in crowds.items()}


def dataset_job(job: DatasetJob, spells: Spells) -> DatasetJob:
    """Return a job of PAI as it is with these troubles."""

    def of(kind: TroubleKind) -> Spells:
        return _of(spells, kind, PAI, job.id, job.action)

    hangs = of(TroubleKind.JOBS_HANG)
    steps = tuple(held_on_grid(step, hangs, steps=MILLI) for step in job.steps)
    bad = tuple(step for step in steps if any(step in spell for spell in of(TroubleKind.FILES_FAIL)))
    timeline = _delayed(job.timeline, "Running", hangs, WHOLE)
    if bad:
        states = tuple("PartialFailed" if state == "Succeeded" else state for state in timeline.states)
        timeline = replace(timeline, states=states)
    timeline = _failing(timeline, PAI_FAILURE, of(TroubleKind.JOBS_FAIL), job.id)
    return replace(
        job,
        timeline=timeline,
        started=entering(timeline, {"Running"}),
        finished=entering(timeline, FINISHED),
        steps=steps,
        bad_steps=bad,
    )


def system_job(job: SystemJob, spells: Spells) -> SystemJob:
    """Return an internal job of Octopus as it is with these troubles, with its place in the queue."""
    stuck = _of(spells, TroubleKind.QUEUE_STUCK, QUEUES, job.key, "INTERNAL")
    hangs = _of(spells, TroubleKind.JOBS_HANG, OCTOPUS, job.key, job.job_type)
    fails = _of(spells, TroubleKind.JOBS_FAIL, OCTOPUS, job.key, job.job_type)
    timeline = _delayed(job.timeline, "QUEUING", stuck, MILLI)
    timeline = _delayed(timeline, "RUNNING", hangs, MILLI)
    timeline = _failing(timeline, OCTOPUS_FAILURE, fails, job.key)
    changed = replace(
        job,
        timeline=timeline,
        started=entering(timeline, {"RUNNING"}),
        ended=entering(timeline, ENDED),
    )
    entry = job.entry
    return queued(changed, entry_id=entry.id, priority=entry.priority) if entry else changed


def queue_entry(entry: QueueEntry, spells: Spells) -> QueueEntry:
    """Return a place in a queue of operators as it is with these troubles."""
    stuck = _of(spells, TroubleKind.QUEUE_STUCK, QUEUES, entry.key, entry.queue_type)
    gone = held_on_grid(entry.timeline.gone, stuck, steps=MILLI)
    return replace(entry, timeline=replace(entry.timeline, gone=gone))


def factory_job(job: FactoryJob, spells: Spells) -> FactoryJob:
    """Return a job of DataArts Factory as it is with these troubles."""
    fails = _of(spells, TroubleKind.RUNS_FAIL, FACTORY, job.name)
    runs = replace(job.runs, bad=tuple((spell.begin, spell.end) for spell in fails)) if job.runs else None
    timeline = job.timeline
    if job.job_type == "REAL_TIME":
        for spell in _of(spells, TroubleKind.STREAMS_BREAK, FACTORY, job.name):
            timeline = _broken(timeline, spell)
    return replace(job, timeline=timeline, runs=runs)


def _of(spells: Spells, kind: TroubleKind, api: str, key: str, *types: str) -> Spells:
    """Return those of a kind that strike a thing."""
    return tuple(
        spell for spell in spells if spell.trouble.kind is kind and spell.trouble.strikes(api, key, *types)
    )


def _delayed(timeline: Timeline, state: str, spells: Spells, steps: int) -> Timeline:
    """Return a life in which ``state`` cannot be left as long as any of ``spells`` lasts.

    What comes after it takes as long as it would have.
    """
    if state not in timeline.states[:-1]:
        return timeline
    following = timeline.states.index(state) + 1
    usual = timeline.times[following]
    delay = held_on_grid(usual, spells, steps=steps) - usual
    if not delay or usual >= timeline.gone:
        return timeline
    times = timeline.times
    return replace(
        timeline,
        times=times[:following] + tuple(on_grid(moment + delay, steps=steps) for moment in times[following:]),
        gone=on_grid(timeline.gone + delay, steps=MILLI),
    )


def _failing(timeline: Timeline, failure: Failure, spells: Spells, key: str) -> Timeline:
    """Return a life that ends in failure if it is in its running state while one of ``spells`` lasts."""
    if failure.running not in timeline.states:
        return timeline
    at = timeline.states.index(failure.running)
    begin, end = timeline.times[at], (*timeline.times, NEVER)[at + 1]
    wait = 1 + (FAILS_WITHIN - 2) * chance(f"fails {key}")
    for spell in spells:
        fails = on_grid(max(begin, spell.begin) + wait, steps=failure.steps)
        if fails in spell and fails < min(end, timeline.gone):
            return Timeline(
                times=(*timeline.times[: at + 1], fails),
                states=(*timeline.states[: at + 1], failure.failed),
                gone=on_grid(fails + max(timeline.gone - timeline.times[-1], 0), steps=MILLI),
            )
    return timeline


def _broken(timeline: Timeline, spell: Spell) -> Timeline:
    """Return a life in which NORMAL is EXCEPTION as long as ``spell`` lasts."""
    times, states = [], []
    ends = (*timeline.times[1:], NEVER)
    for begin, end, state in zip(timeline.times, ends, timeline.states, strict=True):
        cuts = [moment for moment in (spell.begin, spell.end) if begin < moment < end]
        for moment in (begin, *cuts):
            times.append(moment)
            states.append("EXCEPTION" if state == "NORMAL" and moment in spell else state)
    return replace(timeline, times=tuple(times), states=tuple(states))
