import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.web.server import GOODBYE, AddressError, listen, parse, serving, settings, url
from tests.web.served import collections, served, until


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":9788", "", 9788),
        ("127.0.0.1:9788", "127.0.0.1", 9788),
        ("localhost:0", "localhost", 0),
        ("datajobs-1.example.com.:80", "datajobs-1.example.com.", 80),
        ("[::1]:9788", "::1", 9788),
        ("[::]:65535", "::", 65535),
        (" :1 ", "", 1),
    ],
)
def test_addresses_are_read_as_prometheus_writes_them(text: str, host: str, port: int) -> None:
    assert parse(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9788",
        "localhost",
        "localhost:",
        "localhost:http",
        ":65536",
        ":-1",
        ":１２",
        "::1:9788",
        "[::1]",
        "[localhost]:80",
        "http://localhost:9788",
        "a b:80",
        "a..b:80",
        f"{'a' * 64}:80",
        "ä:80",
        "host:80\nhost:81",
    ],
)
def test_what_is_no_address_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(
        AddressError, match=r"is no address: write host:port, :port or \[::1\]:port$"
    ) as refused:
        listen([text])
    assert "\n" not in str(refused.value)


@pytest.fixture
def taken() -> Iterator[str]:
    """An address on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


def test_a_taken_port_is_told_in_one_line_and_frees_the_others(taken: str) -> None:
    free = listen(["127.0.0.1:0"])
    address = f"127.0.0.1:{free[0].getsockname()[1]}"
    free[0].close()
    with pytest.raises(AddressError) as refused:
        listen([address, taken])
    assert str(refused.value) == f"cannot listen on {taken}: Address already in use"
    listen([address])[0].close()


@pytest.mark.parametrize("address", ["192.0.2.1:0", "[::1::]:0", "[1:2:3:4:5:6:7:8:9]:0"])
def test_an_address_that_is_not_ours_is_told_in_one_line(address: str) -> None:
    with pytest.raises(AddressError) as refused:
        listen([address])
    reason = str(refused.value).removeprefix(f"cannot listen on {address}: ")
    assert re.fullmatch(r"[A-Z][a-z ]+", reason)


def test_urls_can_be_opened_in_a_browser() -> None:
    everywhere, four, six = listen([":0", "127.0.0.1:0", "[::1]:0"])
    with everywhere, four, six:
        assert url(four, secure=True) == f"https://127.0.0.1:{four.getsockname()[1]}/"
        assert url(six, "/sd", secure=True) == f"https://[::1]:{six.getsockname()[1]}/sd"
        assert url(everywhere) == f"http://localhost:{everywhere.getsockname()[1]}/"
        assert url(four, "/sd") == f"http://127.0.0.1:{four.getsockname()[1]}/sd"
        assert url(six, "/metrics") == f"http://[::1]:{six.getsockname()[1]}/metrics"


LARGE = 50_000_000
"""More characters than sockets buffer."""


class House:
    """An application whose page /slow waits until it is told to give up."""

    def __init__(self) -> None:
        self.inside = 0
        self.given_up = asyncio.Event()
        pages = {"/": self.quick, "/slow": self.slow, "/stubborn": self.stubborn, "/large": self.large}
        self.app = Starlette(routes=[Route(path, page) for path, page in pages.items()])

    async def quick(self, _: Request) -> Response:
        return PlainTextResponse("here\n")

    async def slow(self, _: Request) -> Response:
        self.inside += 1
        await self.given_up.wait()
        return PlainTextResponse("late\n")

    async def stubborn(self, _: Request) -> Response:
        self.inside += 1
        await asyncio.Event().wait()
        return PlainTextResponse("never\n")

    async def large(self, _: Request) -> Response:
        self.inside += 1
        return PlainTextResponse("x" * LARGE)

    async def give_up(self) -> None:
        self.given_up.set()


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        yield http


async def test_every_address_answers() -> None:
    sockets = listen(["127.0.0.1:0", "[::1]:0", ":0"])
    urls = [url(listening) for listening in sockets]
    house = House()
    async with serving(house.app, sockets, house.give_up), client() as http:
        assert [(await http.get(one)).text for one in urls] == ["here\n"] * 3
    assert all(listening.fileno() == -1 for listening in sockets)


async def test_all_addresses_of_the_machine_are_those_of_both_families() -> None:
    [everywhere] = listen([":0"])
    port = everywhere.getsockname()[1]
    house = House()
    async with serving(house.app, [everywhere], house.give_up), client() as http:
        for host in ("127.0.0.1", "[::1]"):
            assert (await http.get(f"http://{host}:{port}/")).text == "here\n"


async def test_the_end_does_not_wait_for_connections_on_which_nothing_is_asked() -> None:
    before = asyncio.all_tasks()
    [listening] = listen(["127.0.0.1:0"])
    house = House()
    async with serving(house.app, [listening], house.give_up, patience=60):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"here\n")
        half = await asyncio.open_connection(*listening.getsockname())
        half[1].write(b"GET / HTTP/1.1\r\nHos")
    assert await reader.read() == b""
    for stream in (writer, half[1]):
        stream.close()
        await stream.wait_closed()
    assert asyncio.all_tasks() == before
    assert not house.given_up.is_set()


async def test_requests_in_flight_are_finished_at_the_end() -> None:
    [listening] = listen(["127.0.0.1:0"])
    house = House()
    async with client() as http:
        async with serving(house.app, [listening], house.give_up, patience=60):
            slow = asyncio.create_task(http.get(url(listening, "/slow")))
            await until(lambda: house.inside == 1)
            asyncio.get_running_loop().call_later(0.2, house.given_up.set)
        assert (await slow).text == "late\n"


async def test_requests_that_take_too_long_are_hurried_at_the_end_and_still_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    [listening] = listen(["127.0.0.1:0"])
    house = House()
    async with client() as http:
        async with serving(house.app, [listening], house.give_up, patience=0.2):
            slow = asyncio.create_task(http.get(url(listening, "/slow")))
            await until(lambda: house.inside == 1)
        assert (await slow).text == "late\n"
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_an_answer_that_is_taken_slowly_is_taken_whole() -> None:
    [listening] = listen(["127.0.0.1:0"])
    house = House()
    async with serving(house.app, [listening], house.give_up, patience=60):
        reader, writer = await asyncio.open_connection(*listening.getsockname(), limit=1)
        writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        await until(lambda: house.inside == 1)
        slow = asyncio.create_task(slowly(reader))
    assert await slow > LARGE
    writer.close()
    await writer.wait_closed()


async def slowly(reader: asyncio.StreamReader) -> int:
    """Read to the end, after longer than a connection has for its goodbye; return how much there was."""
    await asyncio.sleep(GOODBYE * 1.2)
    count = 0
    while part := await reader.read(1_000_000):
        count += len(part)
    return count


async def test_what_does_not_end_even_then_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    [listening] = listen(["127.0.0.1:0"])
    house = House()
    async with asyncio.timeout(10), serving(house.app, [listening], house.give_up, patience=0.1):
        streams = [await asyncio.open_connection(*listening.getsockname(), limit=1) for _ in range(2)]
        for (_, writer), path in zip(streams, ("stubborn", "large"), strict=True):
            writer.write(f"GET /{path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        await until(lambda: house.inside == 2)
    assert [record.getMessage() for record in caplog.records] == [
        "answers that did not end in time were cut: 2"
    ]
    for _, writer in streams:
        writer.transport.abort()
    assert asyncio.all_tasks() == before


async def test_a_connection_that_is_cut_in_a_scrape_leaves_nothing_behind(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    [listening] = listen(["127.0.0.1:0"])
    async with (
        served(tmp_path, faults=["octopus_system_jobs:slow=0.2"]) as exporter,
        client() as http,
        serving(exporter.app, [listening], exporter.scraper.aclose),
    ):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET /probe?target=octopus HTTP/1.1\r\nHost: here\r\n\r\n")
        await until(lambda: exporter.clouds.in_flight > 0)
        writer.transport.abort()
        await until(lambda: not collections() and not exporter.clouds.in_flight)
        assert len((await http.get(url(listening, "/probe?target=octopus"))).text) > 1000
    assert asyncio.all_tasks() == before


async def test_a_scrape_that_outlasts_the_server_is_answered_as_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    [listening] = listen(["127.0.0.1:0"])
    async with served(tmp_path, faults=["slow=600"]) as exporter, client() as http:
        async with serving(exporter.app, [listening], exporter.scraper.aclose, patience=0.2):
            slow = asyncio.create_task(http.get(url(listening, "/metrics")))
            await until(lambda: exporter.clouds.in_flight > 0)
        response = await slow
        assert exporter.clouds.in_flight == 0
    assert response.status_code == 200
    assert 'datajobs_source_success{api="octopus_system_jobs",source="octopus"} 0.0\n' in response.text
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_connections_are_kept_for_longer_than_prometheus_keeps_them() -> None:
    prometheus_gives_up_after = 300
    assert settings(Starlette()).timeout_keep_alive > prometheus_gives_up_after


def test_no_answer_waits_until_the_one_who_asked_acknowledges_a_part_of_it() -> None:
    [listening] = listen(["127.0.0.1:0"])
    with listening, socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
