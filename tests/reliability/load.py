"""Many scrapers on one exporter, whose clouds are slow and fail: what they are answered, and what it costs.

The exporter is the real command in a process of its own; clouds and scrapers are in this one.
"""

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from benchmarks.program import Program, running
from exporter.commands.simulate import CONFIG
from exporter.simulator.app import build, request_log
from exporter.simulator.log import RequestLog
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from tests.reliability.figures import Load, Outcome
from tests.reliability.scrapers import OK, Crowd, Seen, Target

SOURCES = ("pai-vision", "octopus", "octopus-queue", "dataarts")
PROBES = tuple(f"/probe?target={name}" for name in SOURCES)
PATHS = ("/metrics", *PROBES)
LATENCY = 0.25
"""Seconds that the clouds take for an answer, where no fault makes it more."""
FAILING = ("http-500:0.3", "drop-connection:0.1", "slow=1:0.2")
SILENT = ("octopus_system_jobs:slow=600",)
CONCURRENCY = 4
CONFIGURATION = (
    f"defaults: {{per_job: 100, concurrency: {CONCURRENCY}, requests_per_second: 1000}}\n" + CONFIG
)
"""Series of single jobs make answers large; and the pace does not stand in for what is to be shown."""
INTERVAL = 1.0
MOST_BUSY = 30.0


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Who asks, and how the clouds are. ``misbehaving`` of each kind come on top of those that scrape."""

    name: str
    scrapers: int
    paths: Sequence[str] = PATHS
    interval: float = INTERVAL
    misbehaving: int = 0
    faults: Sequence[str] = ()


ALONE = "a scraper for each source, without a pause"
CROWD = "200 scrapers"
OVERLOAD = "600 scrapers, and one cloud does not answer"
PHASES = (
    Phase(name=ALONE, scrapers=len(PROBES), paths=PROBES, interval=0.0),
    Phase(name=CROWD, scrapers=160, misbehaving=20),
    Phase(name="200 scrapers, and the clouds fail", scrapers=160, misbehaving=20, faults=FAILING),
    Phase(name="200 scrapers, and one cloud does not answer", scrapers=160, misbehaving=20, faults=SILENT),
    Phase(name=OVERLOAD, scrapers=560, misbehaving=20, faults=SILENT),
    Phase(name="as at the beginning", scrapers=len(PROBES), paths=PROBES, interval=0.0),
)


async def trial(phase: float, patience: float) -> Load:
    """Give each phase so many seconds, and each scrape ``patience`` seconds for its answer."""
    settings = Settings(seed=1, latency=LATENCY)
    app = build(living_world(1, time.time(), jobs=300), settings)
    gc.freeze()  # the world stays: the scrapers shall not wait for our own garbage collector
    async with Simulator(app) as simulator, program(simulator.url) as exporter:
        parts = urlsplit(exporter.url)
        target = Target(host=str(parts.hostname), port=parts.port or 0, timeout=patience)
        async with Crowd(target) as crowd:
            idle = await settled(exporter)
            phases = [await under(one, phase, crowd, exporter, settings, request_log(app)) for one in PHASES]
        left = await settled(exporter)
        async with Crowd(target) as last:
            last.scrape(PATHS[:1], number=1, interval=0)
            while not (last.seen.answered or last.seen.wrong or last.seen.refused):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    return Load(
        phases=phases, patience=patience, idle=idle, left=left, status=OK if last.seen.answered else 0
    )


@asynccontextmanager
async def program(clouds: str) -> AsyncIterator[Program]:
    """Run the exporter on the clouds, which go on meanwhile."""
    context = running(clouds, CONFIGURATION.replace("${SIMULATED}", clouds))
    exporter = await asyncio.to_thread(context.__enter__)
    try:
        yield exporter
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def under(
    phase: Phase, seconds: float, crowd: Crowd, exporter: Program, settings: Settings, log: RequestLog
) -> Outcome:
    """Let those of a phase come, go on for so long, and leave."""
    settings.faults.clear()
    for fault in phase.faults:
        settings.faults.add(fault)
    crowd.watch_health()
    crowd.scrape(phase.paths, number=phase.scrapers, interval=phase.interval)
    crowd.read_slowly("/metrics", number=phase.misbehaving)
    crowd.hang_up("/metrics", number=phase.misbehaving)
    crowd.idle(number=5 * phase.misbehaving)
    await asyncio.sleep(min(2.0, seconds / 5))  # until all have come
    crowd.seen = Seen()
    log.clear()
    before, began = sum(log.by_status.values()), time.perf_counter()
    memory, descriptors = await watched(exporter, crowd, seconds)
    took = time.perf_counter() - began
    asked = sum(log.by_status.values()) - before
    if broken := crowd.broken():
        raise ExceptionGroup("clients have failed", [one for one in broken if isinstance(one, Exception)])
    outcome = told(phase, crowd, took)
    await crowd.leave(0)
    return msgspec.structs.replace(
        outcome, asked=asked / took, at_once=log.most_in_flight, memory=memory, descriptors=descriptors
    )


def told(phase: Phase, crowd: Crowd, took: float) -> Outcome:
    """Return what the clients saw."""
    seen = crowd.seen
    return Outcome(
        name=phase.name,
        seconds=took,
        answered=len(seen.answered),
        p50=quantile(seen.answered, 0.5),
        p99=quantile(seen.answered, 0.99),
        slowest=max(seen.answered),
        refused=len(seen.refused),
        refused_p99=quantile(seen.refused, 0.99) if seen.refused else None,
        health_p99=quantile(seen.healthy, 0.99),
        wrong=dict(seen.wrong),
        asked=0,
        at_once=0,
        memory=0,
        descriptors=0,
    )


async def watched(exporter: Program, crowd: Crowd, seconds: float) -> tuple[float, int]:
    """Return the most memory (MB) and descriptors that the exporter has in the next seconds.

    On a machine that is busy with other things it takes longer, until each scraper might have its answer.
    """
    memory, open_files = 0.0, 0
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or (not crowd.content and time.perf_counter() < until + MOST_BUSY):
        memory = max(memory, exporter.memory())
        open_files = max(open_files, descriptors(exporter))
        await asyncio.sleep(0.1)
    return memory, open_files


async def settled(exporter: Program) -> int:
    """Return how many descriptors there are once that number stays for a second."""
    counts: list[int] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(20):
            while len(counts) < 10 or len(set(counts[-10:])) > 1:
                counts.append(descriptors(exporter))
                await asyncio.sleep(0.1)
    return counts[-1]


def descriptors(exporter: Program) -> int:
    """Return how many files and sockets the exporter has open."""
    return len(os.listdir(Path("/proc", str(exporter.process), "fd")))


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of all are; raises IndexError where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
