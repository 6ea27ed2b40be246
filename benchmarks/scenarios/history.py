"""What a long history costs where finished jobs can be counted."""

from collections.abc import Sequence

from benchmarks.clouds import Spec, clouds
from benchmarks.contenders import Lap, Task
from benchmarks.figures import Figure
from benchmarks.rounds import ratio, take_turns
from benchmarks.size import Size

APIS = {"octopus_system_jobs": "Octopus", "pai_dataset_jobs": "PAI"}
MOST_REQUESTS = 80


def measure(size: Size) -> Sequence[Figure]:
    """Return requests and CPU with a short history and a long one; raises RuntimeError for a wrong count."""
    lists = tuple((finished, size.active) for finished in size.history)
    with clouds(Spec(octopus=lists, pai=lists)) as url:
        tasks = {
            f"{api} {first}": Task(name="exporter", url=url, api=api, first=first)
            for api in APIS
            for first in range(len(lists))
        }
        laps = take_turns(tasks, size.rounds, same=False)
    figures: list[Figure] = []
    for api, name in APIS.items():
        short, long = laps[f"{api} 0"], laps[f"{api} 1"]
        for mine, (finished, active) in zip((short, long), lists, strict=True):
            demand(mine, finished + active)
            figures.append(
                Figure(
                    what=f"{name}: requests of a scrape with {finished:,} finished and {active:,} active",
                    value=mine[-1].requests,
                    target=MOST_REQUESTS,
                )
            )
        slower = ratio(long, short, lambda lap: lap.cpu)
        figures.append(Figure(what=f"{name}: CPU, long history / short", value=slower, target=1.2))
    return figures


def demand(laps: Sequence[Lap], jobs: int) -> None:
    """Refuse figures of scrapes that found another number of jobs than there are."""
    found = {lap.listed for lap in laps}
    if found != {jobs}:
        raise RuntimeError(f"there are {jobs} jobs, and {found} were found")
