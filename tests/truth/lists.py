"""The lists of each source: which numbers are theirs, and what these should be at a moment."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from exporter.scrape import Result
from exporter.simulator.faults import Api
from exporter.simulator.identities import DATAARTS_WORKSPACES, OCTOPUS_WORKSPACES, PAI_WORKSPACES
from exporter.simulator.world.world import World
from exporter.writer import TEXT
from tests.showing import scrape
from tests.truth import truth
from tests.truth.truth import DATAARTS_TYPES, Key, Numbers, datasets_of, key

TruthOfList = Callable[[World, str, float, float, float], Numbers]
"""World, list, moment, since when an end is recent, and how much longer what runs has run."""
QUEUES = ("PROCESSOR", "INTERNAL", "RESIM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What a source lists: ``names`` as the clouds record them, ``of`` by the labels of a sample."""

    api: Api
    sizes: str
    names: Sequence[str]
    of: Callable[[dict[str, str]], str]
    truth: TruthOfList


def _dataarts(world: World, name: str, t: float, *_: float) -> Numbers:
    workspace, job_type = name.split()
    return truth.dataarts_list(world, workspace, job_type, t)


SOURCES: dict[str, Lists] = {
    "pai-vision": Lists(
        api=Api.PAI_DATASET_JOBS,
        sizes="dataset_jobs",
        names=datasets_of(PAI_WORKSPACES[0]),
        of=lambda labels: labels["dataset"],
        truth=lambda world, name, t, since, age: truth.pai_list(world, name, t, since=since, age=age),
    ),
    "octopus": Lists(
        api=Api.OCTOPUS_SYSTEM_JOBS,
        sizes="system_jobs",
        names=OCTOPUS_WORKSPACES,
        of=lambda labels: labels["workspace"],
        truth=lambda world, name, t, since, age: truth.octopus_list(world, name, t, since=since, age=age),
    ),
    "octopus-queue": Lists(
        api=Api.OCTOPUS_QUEUING_JOBS,
        sizes="queue_entries",
        names=QUEUES,
        of=lambda labels: labels["queue_type"],
        truth=lambda world, name, t, *_: truth.queue_list(world, name, t),
    ),
    "dataarts": Lists(
        api=Api.DATAARTS_JOBS,
        sizes="dataarts_jobs",
        names=[f"{workspace} {kind}" for workspace in DATAARTS_WORKSPACES for kind in DATAARTS_TYPES],
        of=lambda labels: f"{labels['workspace']} {labels['job_type']}",
        truth=_dataarts,
    ),
}


class Shown(NamedTuple):
    """What a scrape shows of one source: what it says of itself, and the numbers of its lists."""

    about: dict[str, float]
    lists: dict[str, Numbers]


LINE = re.compile(r"(\w+)\{(.*)\}$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@lru_cache(maxsize=100_000)
def _placed(series: str) -> tuple[str, str | None, Key]:
    """Return the source of a series, its list if it is about one, and its key."""
    match = LINE.match(series)
    assert match, series
    labels = dict(LABEL.findall(match[2]))
    api, source = labels.pop("api"), labels.pop("source")
    assert api == SOURCES[source].api, series
    if "workspace" not in labels and "queue_type" not in labels:
        return source, None, (match[1], frozenset())
    return source, SOURCES[source].of(labels), key(match[1], **labels)


def shown(results: Sequence[Result]) -> dict[str, Shown]:
    """Return what Prometheus would read, by source."""
    found: dict[str, Shown] = {}
    for line in scrape(results, TEXT).splitlines():
        if line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        source, name, place = _placed(series)
        one = found.setdefault(source, Shown({}, {}))
        if name is None:
            one.about[place[0].removeprefix("datajobs_source_")] = float(value)
            continue
        numbers = one.lists.setdefault(name, {})
        assert place not in numbers, f"twice: {line}"
        numbers[place] = float(value)
    return found
