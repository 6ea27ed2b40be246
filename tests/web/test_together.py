"""Many scrapers at once."""

import asyncio
from pathlib import Path

import pytest

from exporter.web.together import Together
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


class Maker:
    """Makes answers that tell how many were made before."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self) -> bytes:
        self.made += 1
        number = self.made
        await asyncio.sleep(0)
        return str(number).encode()


async def test_those_who_ask_for_the_same_at_once_share_one_answer() -> None:
    together, make = Together(), Maker()
    asked = [("text", [1]), ("text", [1]), ("openmetrics", [1]), ("text", [1])]
    answers = await asyncio.gather(*(together.answer(key, shown, make) for key, shown in asked))
    assert answers == [b"1", b"1", b"2", b"1"]


async def test_nothing_is_shared_with_one_who_has_other_things_to_show_or_comes_later() -> None:
    together, make = Together(), Maker()
    answers = await asyncio.gather(*(together.answer("text", shown, make) for shown in ([1], [2], [2])))
    assert answers == [b"1", b"2", b"2"]
    assert await together.answer("text", [2], make) == b"3"


async def test_one_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    together, make = Together(), Maker()
    first, second = (asyncio.create_task(together.answer("text", [], make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"1"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_scrapers_of_one_collection_are_answered_with_the_same_words(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        answers = await asyncio.gather(*(exporter.http.get("/metrics") for _ in range(SCRAPERS)))
    assert len({answer.content for answer in answers}) == 1
