"""What it costs to turn pages into numbers, beside what ``json.loads`` takes for the same pages."""

import gc
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import msgspec

from benchmarks.clouds import Spec
from benchmarks.figures import Figure
from benchmarks.size import Size
from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.apis.paging import Page, Reading
from exporter.client import Answer
from exporter.simulator.large.crowd import Wanted
from exporter.simulator.large.world import Lists
from exporter.tally import Tally

TARGET = 0.65
LOOKBACK = 3600.0

Decode = Callable[[Answer], Page]
Wrap = Callable[[msgspec.Raw, int], object]


def measure(size: Size) -> Sequence[Figure]:
    """Return the ratio for each API, and for PAI with 14 KB of logs a job."""
    number, at = size.decoded, int(time.time())
    few = max(number // 10, 50)
    world = Spec(factory=number, queue=number, octopus=((number, 0),), pai=((number, 0), (few, 0))).world(at)
    pai, logged = world.pai_lists().values()
    decode_pai = partial(pai_dataset_jobs.page, "GET", "d-large", None)
    (octopus,), (queue,) = world.octopus_lists().values(), world.queue_lists().values()
    factory = next(iter(world.factory_lists().values()))
    decode_factory = partial(dataarts_jobs.page, "GET", "w", "BATCH")
    cases: dict[str, tuple[list[bytes], Decode]] = {
        "DataArts": (pages(factory, 100, lambda rows, total: {"total": total, "jobs": rows}), decode_factory),
        "Octopus": (pages(octopus, 200, envelope), partial(octopus_system_jobs.page, "GET", "0")),
        "queue": (pages(queue, 200, envelope), partial(octopus_queuing_jobs.page, "GET", "INTERNAL")),
        "PAI": (pages(pai, 50, pai_body), decode_pai),
        "PAI, 14 KB of logs a job": (pages(logged, 50, pai_body, logs=True), decode_pai),
    }
    figures = []
    for name, (bodies, decode) in cases.items():
        standing = name == "DataArts"
        ours, bare = in_turns(bodies, decode, float(at), size.rounds, standing=standing)
        value = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
        figures.append(Figure(what=f"decoding and folding / json.loads: {name}", value=value, target=TARGET))
        rows = sum(len(decode(Answer(body=body, date=float(at))).items) for body in bodies)
        figures.append(
            Figure(what=f"decoding and folding a job: {name}", value=median(ours) / rows * 1e6, unit="µs")
        )
        figures.append(Figure(what=f"bytes of a job: {name}", value=sum(map(len, bodies)) / rows))
    return figures


def pages(lists: Lists, size: int, wrap: Wrap, *, logs: bool = False) -> list[bytes]:
    """Return all pages of a list as the cloud sends them."""
    firsts = range(0, len(lists.crowd), size)
    return [msgspec.json.encode(wrap(*lists.page(Wanted(), first, size, logs=logs))) for first in firsts]


def envelope(rows: msgspec.Raw, total: int) -> object:
    """Return a body of Octopus."""
    page_info = {"offset": 0, "limit": 200, "total": total}
    return {"meta_info": {}, "payload": {"list": rows, "page_info": page_info}}


def pai_body(rows: msgspec.Raw, total: int) -> object:
    """Return a body of PAI."""
    return {"RequestId": "00000000", "TotalCount": total, "DatasetJobs": rows}


def in_turns(
    bodies: Sequence[bytes], decode: Decode, at: float, rounds: int, *, standing: bool
) -> tuple[list[float], list[float]]:
    """Return the CPU of folding and that of ``json.loads``, round after round, in seconds."""
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(cpu(lambda: fold(bodies, decode, at, standing=standing)))
        bare.append(cpu(lambda: [json.loads(body) for body in bodies]))
    return ours, bare


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU of some work, in seconds."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def fold(bodies: Sequence[bytes], decode: Decode, at: float, *, standing: bool) -> Tally:
    """Return the numbers of a list, as a collection makes them of its pages."""
    tally = Tally(lookback=LOOKBACK, standing=standing)
    reading: Reading | None = None
    for body in bodies:
        page = decode(Answer(body=body, date=at))
        is_first = reading is None
        reading = reading or Reading(as_of=page.now, total=page.total, seen=set())
        tally.take(reading.sift(page.items, first=is_first), page.now)
    return tally
