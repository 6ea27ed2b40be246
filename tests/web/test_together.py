"""Many scrapers at once."""

import asyncio
from pathlib import Path

from tests.web.served import NAMES, served

SCRAPERS = 50


async def test_fifty_scrapers_at_once_cause_one_collection_of_each_source(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        await exporter.http.get("/metrics")  # the first scrape of all learns what later ones need not ask
        before = exporter.clouds.by_api.copy()
        await exporter.http.get("/metrics")
        alone = exporter.clouds.by_api - before
        accepts = ("text/plain", "application/openmetrics-text")
        packs = ("gzip", "identity")
        asking = [
            exporter.http.get(
                "/metrics", headers={"accept": accepts[number % 2], "accept-encoding": packs[number // 2 % 2]}
            )
            for number in range(SCRAPERS)
        ]
        answers = await asyncio.gather(*asking)
        together = exporter.clouds.by_api - before - alone
    assert {answer.status_code for answer in answers} == {200}
    assert together == alone
    assert len(alone) == len(NAMES)
    jobs = [
        [line for line in answer.text.splitlines() if line.startswith("datajobs_jobs{")] for answer in answers
    ]
    assert jobs[0]
    assert all(same == jobs[0] for same in jobs)
