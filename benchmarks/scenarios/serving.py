"""Many scrapers at once: one collection, one text."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from benchmarks import configs
from benchmarks.clouds import Spec, clouds
from benchmarks.figures import Figure
from benchmarks.program import Program, get, running
from benchmarks.size import Size

ROUND_TRIP = 0.1
ASKED = b"datajobs_api_requests_total{"


def measure(size: Size) -> Sequence[Figure]:
    """Return what scrapers wait who come together, and how often the cloud is asked for them."""
    waits, requests = [], []
    with (
        clouds(Spec(factory=1_500, round_trip=ROUND_TRIP)) as url,
        running(url, configs.text(["dataarts_jobs"])) as program,
    ):
        scrape(program)
        with ThreadPoolExecutor(max_workers=size.scrapers) as threads:
            for _ in range(size.rounds):
                alone, _ = scrape(program)
                before = asked(scrape(program)[1])
                several = list(threads.map(lambda _: scrape(program), range(size.scrapers)))
                waits.append(max(wait for wait, _ in several) / alone)
                once = asked(get(program.url, "/metrics")) - max(asked(body) for _, body in several)
                requests.append((max(asked(body) for _, body in several) - before) / once)
    return [
        Figure(what=f"the slowest of {size.scrapers} at once / one alone", value=median(waits), target=1.2),
        Figure(what=f"collections that {size.scrapers} at once cause", value=median(requests), target=1.0),
    ]


def scrape(program: Program) -> tuple[float, bytes]:
    """Return how long a scrape took, in seconds, and what it said."""
    began = time.perf_counter()
    body = get(program.url, "/metrics")
    return time.perf_counter() - began, body


def asked(body: bytes) -> float:
    """Return how many requests the clouds were asked so far."""
    return sum(float(line.split()[-1]) for line in body.splitlines() if line.startswith(ASKED))
