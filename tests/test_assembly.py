import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.assembly import assemble
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.credentials import FixedSecret, HuaweiKeys, HuaweiPassword, Secret
from exporter.errors import Reason, SourceError
from exporter.instruments import Instruments
from exporter.scrape import Result, Scraper
from tests.apis.cases import CASES
from tests.fakes import the_settings
from tests.sockets import Authority, Server, page, replying

KEYS = HuaweiKeys(access_key=FixedSecret(Secret("AKID")), secret_key=FixedSecret(Secret("secret")))
LOGIN = HuaweiPassword(
    username="me", password=FixedSecret(Secret("word")), domain="us", iam_endpoint="https://iam.test"
)
JOBS, QUEUES = CASES["octopus_system_jobs"], CASES["octopus_queuing_jobs"]
EMPTY = page(b'{"payload": {"page_info": {"total": 0}}}')


def settings(name: str, **changes: Any) -> Settings:
    case = QUEUES if name.startswith("queue") else JOBS
    known = {"credentials": KEYS, "endpoint": "https://octopus.test", "region": None}
    return the_settings(case.api, case.options, **(known | {"name": name} | changes))


class Clouds:
    """Refuses or accepts everybody, host by host; a request takes a moment."""

    def __init__(self, **refused: int) -> None:
        self.refused = refused
        self.asked: Counter[str] = Counter()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.split(".")[0]
        self.asked[host] += 1
        await asyncio.sleep(0.01)
        if host in self.refused:
            return httpx.Response(self.refused[host])
        if host == "iam":
            body = {"token": {"expires_at": "2999-01-01T00:00:00.000000Z"}}
            return httpx.Response(201, json=body, headers={"X-Subject-Token": "token"})
        return httpx.Response(200, json={"payload": {"page_info": {"total": 0}}})

    def connect(self, endpoint: str, _: Settings) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self), base_url=endpoint)


async def scraped(scraper: Scraper) -> list[Result]:
    try:
        return await scraper.scrape(scraper.names, None)
    finally:
        await scraper.aclose()


async def scrape(clouds: Clouds, *sources: Settings) -> list[Reason | None]:
    """Scrape sources once; return why each failed."""
    results = await scraped(assemble(Config(sources=sources), Instruments(), clouds.connect))
    return [result.error.reason if result.error else None for result in results]


async def test_sources_come_in_the_order_of_the_configuration() -> None:
    config = Config(sources=(settings("b"), settings("queue"), settings("a")))
    scraper = assemble(config, Instruments(), Clouds().connect)
    assert scraper.names == ("b", "queue", "a")
    assert scraper.settings("queue").api == "octopus_queuing_jobs"
    await scraper.aclose()


async def test_each_request_goes_to_the_endpoint_or_to_that_of_the_region() -> None:
    clouds = Clouds()
    at_region = settings("b", endpoint=None, region="cn-north-11")
    assert await scrape(clouds, settings("a"), at_region) == [None, None]
    assert clouds.asked == {"octopus": 2}


async def test_few_requests_go_out_with_a_bad_key_that_many_sources_share() -> None:
    """More than five refused signatures in a row lock a key."""
    clouds = Clouds(octopus=401)
    sources = [settings(f"{kind}{number}") for kind in ("jobs", "queue") for number in range(10)]
    assert await scrape(clouds, *sources) == [Reason.AUTHENTICATION] * 20
    assert clouds.asked["octopus"] <= 3


async def test_a_key_that_is_refused_at_one_endpoint_may_be_good_at_another() -> None:
    clouds = Clouds(octopus=401)
    sources = [settings("a"), settings("b", endpoint="https://elsewhere.test")]
    assert await scrape(clouds, *sources) == [Reason.AUTHENTICATION, None]


async def test_other_credentials_are_not_held_for_the_refused_ones() -> None:
    clouds = Clouds(octopus=401)
    others = HuaweiKeys(access_key=FixedSecret(Secret("OTHER")), secret_key=FixedSecret(Secret("x")))
    sources = [settings("a"), settings("b", credentials_name="others", credentials=others)]
    await scrape(clouds, *sources)
    assert clouds.asked["octopus"] == 2


async def test_sources_of_one_scope_share_a_login() -> None:
    clouds = Clouds()
    sources = [settings(name, credentials=LOGIN) for name in ("a", "b", "queue")]
    assert await scrape(clouds, *sources) == [None] * 3
    assert clouds.asked == {"iam": 1, "octopus": 3}


async def test_a_ca_file_that_is_none_is_told_at_once(tmp_path: Path) -> None:
    config = Config(sources=(settings("a", ca_file=tmp_path / "missing.pem"),))
    with pytest.raises(SourceError, match=r"missing\.pem: No such file") as caught:
        assemble(config, Instruments())
    assert caught.value.reason is Reason.TLS


async def test_over_the_network_the_ca_file_and_the_number_of_connections_hold(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with Server(replying(EMPTY), authority.context("127.0.0.1")) as server:
        source = settings("a", endpoint=server.url, ca_file=authority.file, concurrency=2)
        scraper = assemble(Config(sources=(source,)), Instruments())
        await asyncio.gather(*(scraper.scrape(scraper.names, None) for _ in range(3)))
        [result] = await scraped(scraper)
    assert result.error is None
    assert (len(server.heads), server.connections) == (2, 1)
    assert server.targets[0] == "/v1.0/p/data/system-jobs?limit=200&offset=0&workspace_id=0"
