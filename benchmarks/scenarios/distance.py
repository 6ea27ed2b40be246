"""How near a collection comes to the latency limit, and how far before a loop that waits for each page."""

from collections.abc import Sequence

from benchmarks.clouds import Spec, clouds
from benchmarks.contenders import Task
from benchmarks.figures import Figure
from benchmarks.rounds import ratio, take_turns, wall
from benchmarks.size import Size

PAGE = 100
SERIAL_DISTANCE = 0.02
TARGETS = {0.05: 1.1, 0.02: 1.15}


def measure(size: Size) -> Sequence[Figure]:
    """Return walls against the limit, and the serial loop's against ours."""
    figures = [series(size)]
    for distance, flights in size.distances:
        for pages in size.pages:
            with clouds(Spec(factory=pages * PAGE, round_trip=distance)) as url:
                for in_flight in flights:
                    figures += near(size, url, distance, pages, in_flight)
    return figures


def limit(distance: float, pages: int, in_flight: int) -> float:
    """Return the least time: one round trip to learn the total, then the rest side by side."""
    return (1 - (1 - pages) // in_flight) * distance


def near(size: Size, url: str, distance: float, pages: int, in_flight: int) -> Sequence[Figure]:
    """Return how many times the limit the exporter takes, and the floor."""
    ours = Task(name="exporter", url=url, in_flight=in_flight)
    floor = Task(name="floor", url=url, in_flight=in_flight)
    laps = take_turns({"exporter": ours, "floor": floor}, size.rounds)
    least = limit(distance, pages, in_flight)
    where = f"{distance * 1000:g} ms, {pages:,} pages, {in_flight} in flight"
    return [
        Figure(
            what=f"wall / limit: exporter, {where}",
            value=wall(laps["exporter"]) / least,
            target=TARGETS.get(distance),
        ),
        Figure(what=f"wall / limit: bare sockets, {where}", value=wall(laps["floor"]) / least),
    ]


def series(size: Size) -> Figure:
    """Return how many times faster the exporter is than the serial loop over Huawei Cloud's SDK."""
    with clouds(Spec(factory=size.serial, round_trip=SERIAL_DISTANCE)) as url:
        laps = take_turns(
            {"exporter": Task(name="exporter", url=url), "sdk": Task(name="huawei_sdk", url=url)}, size.rounds
        )
    return Figure(
        what=f"wall: Huawei SDK in series / exporter, 20 ms, {size.serial:,} jobs, 16 in flight",
        value=ratio(laps["sdk"], laps["exporter"], lambda lap: lap.wall),
        target=13,
        at_least=True,
    )
