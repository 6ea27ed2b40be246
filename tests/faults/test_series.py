"""What a cloud that invents words may do to Prometheus."""

import pytest

from tests.faults import acts
from tests.faults.cell import a_cell
from tests.faults.cloud import Position
from tests.faults.lists import LISTS

MOST = 50


@pytest.mark.parametrize("api", LISTS)
async def test_words_by_the_thousand_take_no_more_series_than_allowed(api: str) -> None:
    async with a_cell(api, max_series=MOST) as cell:
        await cell.scrape()
        await acts.begin(cell.struck, "words by the thousand", Position.FIRST, once=False)
        ill = await cell.scrape()
        family = "datajobs_queue_depth" if "queuing" in api else "datajobs_jobs"
        for source in ("struck", "beside"):
            values = [value for (name, _), value in ill.jobs(source).items() if name == family]
            assert sum(values) == LISTS[api].number
            assert len(values) <= MOST
        assert ill.value("datajobs_series_dropped", "struck", family=family)
        assert ill.value("datajobs_source_list_complete", "struck") == 1.0
