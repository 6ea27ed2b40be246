"""Many sources in one scrape."""

from collections.abc import Sequence

from benchmarks.clouds import WORKSPACES, Spec, clouds
from benchmarks.contenders import Task
from benchmarks.figures import Figure
from benchmarks.rounds import take_turns, wall
from benchmarks.size import Size

ROUND_TRIP = 0.05
API = "octopus_system_jobs"


def measure(size: Size) -> Sequence[Figure]:
    """Return wall and CPU of a scrape of many sources with four lists each, all of one page.

    Every list of every source has a place of its own, so the limit is one round trip.
    """
    lists = len(WORKSPACES)
    with clouds(Spec(octopus=((20, 10),) * lists, round_trip=ROUND_TRIP)) as url:
        wide = Task(name="exporter", url=url, api=API, sources=size.sources, lists=lists)
        laps = take_turns({"exporter": wide}, size.rounds)["exporter"]
    walks = size.sources * lists
    return [
        Figure(
            what=f"wall / limit: {size.sources} sources, {walks:,} walks, 50 ms",
            value=wall(laps) / ROUND_TRIP,
            target=1.3,
        ),
        Figure(what=f"wall: {walks:,} walks", value=wall(laps), unit="s"),
        Figure(what="CPU of a walk of one page", value=laps[-1].cpu / walks * 1e6, unit="µs"),
    ]
