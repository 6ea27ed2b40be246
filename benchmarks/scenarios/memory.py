"""How much memory there is at most, at rest, and after many scrapes."""

from collections.abc import Sequence

from benchmarks import configs
from benchmarks.clouds import Spec, clouds
from benchmarks.contenders import Task
from benchmarks.figures import Figure
from benchmarks.program import get, running
from benchmarks.rounds import contender, go
from benchmarks.size import Size

IDLE_SOURCES = 10


def measure(size: Size) -> Sequence[Figure]:
    """Return peaks, rest and growth."""
    few, many = (peak(jobs) for jobs in size.memory)
    return [
        Figure(
            what=f"most memory with {size.memory[1]:,} DataArts jobs listed / {size.memory[0]:,}",
            value=many / few,
            target=1.1,
        ),
        Figure(what=f"most memory with {size.memory[1]:,} jobs listed", value=many, unit="MB"),
        *at_rest(size),
    ]


def peak(jobs: int) -> float:
    """Return the most memory of a process that lists so many jobs three times, in MB."""
    with clouds(Spec(factory=jobs)) as url, contender(Task(name="exporter", url=url)) as process:
        return max(go(process).peak for _ in range(3))


def at_rest(size: Size) -> Sequence[Figure]:
    """Return the memory of the command before its first scrape, and by how much it grows over many."""
    api = "octopus_system_jobs"
    with (
        clouds(Spec(octopus=((1000, 50),))) as url,
        running(url, configs.text([api] * IDLE_SOURCES)) as program,
    ):
        idle = program.memory()
        get(program.url, "/metrics")
        for _ in range(size.scrapes // 10):
            get(program.url, f"/metrics?source={api}-0")
        warm = program.memory()
        for _ in range(size.scrapes):
            get(program.url, f"/metrics?source={api}-0")
        after = program.memory()
    return [
        Figure(what=f"memory at rest with {IDLE_SOURCES} sources", value=idle, unit="MB", target=60),
        Figure(what=f"growth over {size.scrapes:,} scrapes", value=after - warm, unit="MB", target=1),
    ]
