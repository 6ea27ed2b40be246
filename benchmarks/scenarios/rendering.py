"""What it costs to write a scrape, beside prometheus-client on the very same families."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from statistics import median

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import configs
from benchmarks.clouds import WORKSPACES, Spec, clouds
from benchmarks.figures import Figure
from benchmarks.size import Size
from exporter.assembly import assemble
from exporter.instruments import Instruments
from exporter.rendering import Renderer
from exporter.scrape import Result
from exporter.writer import TEXT

API = "octopus_system_jobs"


class Same:
    """A collector of families that are known."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        yield from self._families


def measure(size: Size) -> Sequence[Figure]:
    """Return the time of ours against that of the client, for all new and for nothing new."""
    with clouds(Spec(octopus=((400, 60),) * len(WORKSPACES))) as url:
        return asyncio.run(side_by_side(url, size))


async def side_by_side(url: str, size: Size) -> Sequence[Figure]:
    """Collect as many sources as have the wanted number of series, then write them in turns."""
    results, series = await enough(url, size.series)
    fresh, again, held, client = [], [], [], []
    for _ in range(size.rounds):
        renderer = Renderer()
        took, longest, body = await timed(renderer, results)
        fresh.append(took)
        held.append(longest)
        again.append((await timed(renderer, results))[0])
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Same(list(text_string_to_metric_families(body.decode()))))
        began = time.perf_counter()
        generate_latest(registry)
        client.append(time.perf_counter() - began)
    return [
        Figure(
            what=f"time to write {series:,} series, all new / generate_latest",
            value=median(mine / theirs for mine, theirs in zip(fresh, client, strict=True)),
            target=0.25,
        ),
        Figure(
            what=f"time to write {series:,} series, none new / generate_latest",
            value=median(mine / theirs for mine, theirs in zip(again, client, strict=True)),
        ),
        Figure(what="longest hold of the event loop", value=median(held) * 1000, unit="ms", target=50),
        Figure(what=f"generate_latest, {series:,} series", value=median(client) * 1000, unit="ms"),
    ]


async def enough(url: str, wanted: int) -> tuple[Sequence[Result], int]:
    """Return results with at least so many series, of one scrape."""
    sources = 1
    while True:
        content = configs.text([API] * sources, lists=len(WORKSPACES))
        scraper = assemble(configs.config(url, content), Instruments())
        try:
            results = await scraper.scrape(scraper.names, None)
        finally:
            await scraper.aclose()
        body = (await Renderer().render(results, (), TEXT)).whole()
        series = sum(not line.startswith(b"#") for line in body.splitlines())
        if series >= wanted:
            return results, series
        sources = -(-sources * wanted // series)


async def timed(renderer: Renderer, results: Sequence[Result]) -> tuple[float, float, bytes]:
    """Return how long a text took, how long the event loop was held at most, and the text."""
    ticking = asyncio.create_task(longest_hold())
    await asyncio.sleep(0)
    began = time.perf_counter()
    body = (await renderer.render(results, (), TEXT)).whole()
    took = time.perf_counter() - began
    await asyncio.sleep(0)
    ticking.cancel()
    try:
        longest = await ticking
    except asyncio.CancelledError:
        longest = took
    return took, longest, body


async def longest_hold() -> float:
    """Return, when cancelled, the longest time between two turns."""
    longest, before = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now
    except asyncio.CancelledError:
        return longest
