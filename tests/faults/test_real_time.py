"""A fault on an ordinary event loop, where seconds are seconds: the matrix passes over its waits."""

from tests.faults import acts
from tests.faults.cell import a_cell
from tests.faults.cloud import Position

TIMEOUT = 4.0
LATE = 3.0
"""Seconds beyond the timeout that a busy machine may take."""


async def test_a_scrape_ends_in_time_and_the_other_source_is_in_it() -> None:
    async with a_cell("octopus_queuing_jobs", longest=TIMEOUT) as cell:
        well = await cell.scrape()
        await acts.begin(cell.struck, "one byte a second", Position.MIDDLE, once=False)
        ill = await cell.scrape()
        assert TIMEOUT - 0.1 <= ill.seconds < TIMEOUT + LATE
        success = [ill.value("datajobs_source_success", source) for source in ("struck", "beside")]
        assert success == [0.0, 1.0]
        assert ill.jobs("struck") == well.jobs("struck")
        assert (ill.value("datajobs_source_duration_seconds", "beside") or TIMEOUT) < TIMEOUT / 2
        await cell.struck.heal()
        again = await cell.scrape()
        assert again.value("datajobs_source_success", "struck") == 1.0
        assert again.seconds < TIMEOUT
