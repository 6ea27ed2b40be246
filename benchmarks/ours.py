"""The exporter as a contender: from its configuration to the snapshots of a scrape."""

import asyncio
from collections import Counter

from benchmarks import configs
from benchmarks.contenders import Contender, Counts, Task
from exporter.assembly import assemble
from exporter.instruments import Instruments
from exporter.source import Snapshot


class Exporter(Contender):
    """Collects sources, with signing, folding and all."""

    def __init__(self, task: Task) -> None:
        content = configs.text(
            [task.api] * task.sources, concurrency=task.in_flight, lists=task.lists, first=task.first
        )
        self._runner = asyncio.Runner()
        self._scraper = assemble(configs.config(task.url, content), Instruments())

    def list(self) -> tuple[Counts, int]:
        """Return what one scrape found; raises RuntimeError where it is not whole."""
        found: Counter[str] = Counter()
        requests = 0
        for result in self._runner.run(self._scraper.scrape(self._scraper.names, None)):
            if result.error is not None or result.snapshot is None or not result.snapshot.complete:
                raise RuntimeError(f"not listed completely: {result.error}")
            found.update(counts(result.snapshot))
            requests += result.snapshot.requests
        return dict(found), requests

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._scraper.aclose())
        self._runner.close()


def counts(snapshot: Snapshot) -> Counts:
    """Return the jobs of a snapshot by status, entries of a queue by none."""
    found: Counter[str] = Counter()
    for group, numbers in snapshot.tally.jobs.items():
        found[group.status] += numbers.jobs
    for queued in snapshot.tally.queue.values():
        found["WAITING"] += queued.entries
    return dict(found)
