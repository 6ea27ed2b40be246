"""What a scrape of a long history costs, and that its numbers are exact."""

import time
from collections import Counter
from pathlib import Path

import httpx
import msgspec
import pytest

from exporter.assembly import assemble
from exporter.config import Config, Source
from exporter.instruments import Instruments
from exporter.scrape import Result
from exporter.simulator.identities import PAI_WORKSPACES
from exporter.simulator.large.crowd import Crowd, Size
from exporter.simulator.large.serving import large_clouds
from exporter.simulator.large.world import OCTOPUS_KINDS, PAI_KINDS, LargeWorld
from exporter.simulator.settings import Settings
from tests.truth.scene import configuration

MANY = 200_000
"""As good as a million, and made in seconds: nothing but the totals grows."""


LISTS: dict[str, dict[str, object]] = {
    "octopus": {"workspaces": ("0",)},
    "pai-vision": {"datasets": ("d-large",), "workspace_id": PAI_WORKSPACES[0]},
}
KINDS = {"octopus": OCTOPUS_KINDS, "pai-vision": PAI_KINDS}


def requests(results: list[Result]) -> list[int]:
    return [result.snapshot.requests for result in results if result.snapshot is not None]


def jobs(result: Result) -> Counter[tuple[str, str]]:
    assert result.snapshot is not None
    assert result.snapshot.complete, result.snapshot.walks
    groups = result.snapshot.tally.jobs.items()
    return Counter({(group.status, group.job_type): numbers.jobs for group, numbers in groups})


def truth(source: str, size: Size, at: int) -> Counter[tuple[str, str]]:
    crowd = Crowd(KINDS[source], size, at)
    return Counter(map(crowd.kinds.__getitem__, crowd.kind))


async def scrapes(tmp_path: Path, source: str, size: Size, at: int) -> list[Result]:
    """Scrape a large list three times."""
    world = LargeWorld(at=at, octopus={"0": size}, pai={"d-large": size})
    app = large_clouds(world, Settings(clock=lambda: float(at)))

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=endpoint)

    [settings] = configuration(tmp_path, source, requests_per_second=1e9, timeout=300.0).sources
    narrowed = msgspec.structs.replace(settings.options, **LISTS[source])
    config = Config(sources=(msgspec.structs.replace(settings, options=narrowed),))
    scraper = assemble(config, Instruments(), connect)
    try:
        return [(await scraper.scrape(scraper.names, None))[0] for _ in range(3)]
    finally:
        await scraper.aclose()


@pytest.mark.parametrize(
    ("source", "most_at_first", "most_then"), [("octopus", 45, 10), ("pai-vision", 60, 60)]
)
async def test_a_long_history_costs_few_requests_and_is_exact(
    tmp_path: Path, source: str, most_at_first: int, most_then: int
) -> None:
    short, long = Size(finished=1000, active=500), Size(finished=MANY, active=500)
    at = int(time.time())  # not when the tests were found: signatures of twenty minutes ago are refused
    few, many = [await scrapes(tmp_path, source, size, at) for size in (short, long)]
    for result in few:
        assert jobs(result) == truth(source, short, at)
    expected = truth(source, long, at)
    for result in many:
        assert jobs(result) == expected
    first, *others = requests(many)
    assert first <= most_at_first
    assert max(others) <= most_then
