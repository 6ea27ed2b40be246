"""How large the benchmarks are: those whose figures count, and those that only show that they run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Numbers of jobs and so on; ``rounds`` is how often each contender lists."""

    rounds: int = 5
    history: tuple[int, int] = (1_000, 1_000_000)
    """Jobs that have finished, in a short history and a long one."""
    active: int = 500
    listed: int = 20_000
    """Jobs that are listed to be compared by their CPU."""
    pages: tuple[int, ...] = (100, 1_000)
    """Pages of 100 jobs that are listed from a distance."""
    distances: tuple[tuple[float, tuple[int, ...]], ...] = ((0.05, (8, 16, 32)), (0.02, (8, 16)))
    """Round trips in seconds, and how many requests are in flight."""
    serial: int = 10_000
    """Jobs that are listed in series and side by side."""
    decoded: int = 10_000
    memory: tuple[int, int] = (1_000, 100_000)
    scrapes: int = 1_000
    scrapers: int = 50
    sources: int = 500
    series: int = 25_000


QUICK = Size(
    rounds=1,
    history=(100, 2_000),
    active=20,
    listed=300,
    pages=(2,),
    distances=((0.01, (4,)),),
    serial=200,
    decoded=200,
    memory=(100, 300),
    scrapes=5,
    scrapers=5,
    sources=5,
    series=300,
)
