"""What is fuzzed: each target takes any bytes, and raises only where a promise is broken.

hypothesis runs all of them in the tests; `make fuzz` runs one of them under atheris, guided by coverage.
"""

import asyncio
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from uvicorn.server import ServerState

from exporter.apis import APIS
from exporter.clouds.login import EXPLAIN
from exporter.config import Config, ConfigError, load
from exporter.errors import Reason, SourceError
from exporter.instruments import Instruments
from exporter.metrics import CATALOGUE
from exporter.rendering import Renderer
from exporter.scrape import Result, Scraper, Standby
from exporter.web.app import Web
from exporter.web.connection import connections
from exporter.web.page import page
from exporter.web.server import settings
from exporter.web.status import statuses
from exporter.web.webconfig import read as read_web
from exporter.writer import OPENMETRICS, TEXT
from tests.apis.cases import CASES, NOW, List, listed
from tests.fakes import a_source, dated, the_settings
from tests.scraped import read_openmetrics, read_text, samples

ROOT = Path(__file__).parents[2]
MOST_SERIES = 100
FAMILIES = len(CATALOGUE) + 15 * 3
LONGEST_ERROR = 2000
"""Characters of a line in the log."""


class BrokenPromiseError(AssertionError):
    """What no input may bring about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What takes bytes, and some that get it going."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]


@cache
def loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of all targets; they are run many thousand times."""
    return asyncio.new_event_loop()


def promise(condition: bool, otherwise: str) -> None:
    """Raise where a promise is broken."""
    if not condition:
        raise BrokenPromiseError(otherwise)


def pages(api: str, body: bytes) -> None:
    """Scrape a cloud that answers everything with these bytes."""

    async def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers=dated(NOW))

    loop().run_until_complete(scrape(api, handler))


async def scrape(api: str, handler: Any) -> None:
    """Scrape a cloud, and read everything that is shown of it."""
    case, instruments = CASES[api], Instruments()
    counts = instruments.of(api, "fuzzed")
    options = the_settings(api, case.options, name="fuzzed", per_job=5, max_series=MOST_SERIES)
    standby = Standby(a_source(options, handler, counts), counts)
    scraper = Scraper([standby])
    try:
        [result] = await scraper.scrape(["fuzzed"], 5.0)
        error = result.error
        promise(error is None or error.reason is not Reason.INTERNAL, f"a bug: {error and error.__cause__!r}")
        if result.snapshot is not None:  # what is shown without one does not depend on the answer
            await exposed(result)
        html = page(statuses(scraper), "/metrics", ["/config"], NOW, reload_failed=False)
        promise(html.count("<script") == 1, "a script in the status page")
    finally:
        await scraper.aclose()


async def exposed(result: Result) -> None:
    """Read what is given to Prometheus, in both formats."""
    for form, reader in ((TEXT, read_text), (OPENMETRICS, read_openmetrics)):
        text = await Renderer().render([result], [], form)
        shown = samples(reader(text.whole().decode()))
        promise(all(math.isfinite(value) for value in shown.values()), "not a number")
        promise(len(shown) < MOST_SERIES * FAMILIES, "too many series")


def words(data: bytes) -> None:
    """Let each cloud use a word for everything that is a text in its rows."""
    text = data.decode("utf-8", "replace")
    for api, case in CASES.items():
        rows: list[dict[str, Any]] = [case.row(0), case.row(1)]
        more = {"workspace_id": text, "WorkspaceId": text, "cluster_type": text, "lastInstanceStatus": text}
        odd = {key: text if isinstance(value, str) else value for key, value in (rows[1] | more).items()}
        loop().run_until_complete(scrape(api, List(case, [rows[0], odd])))


def refusals(cloud: str, data: bytes) -> None:
    """Let a cloud refuse with these bytes: a status, a header, a body."""
    status = 300 + data[0] % 300 if data else 500
    hint, _, body = data[1:].partition(b"\n")
    headers = httpx.Headers([(b"retry-after", hint), (b"x-request-id", hint), (b"location", hint)])
    error = EXPLAIN[cloud](status, headers, body, what="GET /v1/p/jobs", now=NOW)
    promise(
        isinstance(error, SourceError) and error.reason is not Reason.INTERNAL, "not told what went wrong"
    )
    promise(str(error).isprintable(), "an error of several lines")
    promise(len(str(error)) < LONGEST_ERROR, "an error without end")
    promise(error.retry_after is None or 0 <= error.retry_after <= 86_400, "a wait without end")


@cache
def folder() -> Path:
    """Return a folder for files that are written anew for each input."""
    return Path(tempfile.mkdtemp(prefix="datajobs-fuzz-"))


def configuration(data: bytes) -> None:
    """Read bytes as a configuration file."""
    path = folder() / "config.yaml"
    path.write_bytes(data)
    in_a_file(lambda: load(path, APIS, {"A": "b"}))


def web_configuration(data: bytes) -> None:
    """Read bytes as the file of --web.config.file."""
    path = folder() / "web.yaml"
    path.write_bytes(data)
    in_a_file(lambda: read_web(path, {"A": "b"}))


def in_a_file(read: Callable[[], object]) -> None:
    """Read a file; mistakes are told each in one line, with what to do."""
    try:
        found = read()
    except ConfigError as error:
        promise(bool(error.mistakes), "no mistake is told")
        promise(all(one.problem and one.cure for one in error.mistakes), "a mistake without its cure")
        str(error).encode()
    else:
        promise(not isinstance(found, Config) or bool(found.sources), "a configuration of nothing")


class Wire(asyncio.Transport):
    """A connection whose other end is a list."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = bytearray()
        self._is_closing = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = True

    def is_closing(self) -> bool:
        return self._is_closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Everything is taken at once."""

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing is sent before the last was read."""

    def resume_reading(self) -> None:
        """Likewise."""


@cache
def application() -> tuple[Starlette, type[Any]]:
    """Return the exporter's pages over one source, and the connections to them."""
    case, instruments = CASES["octopus_system_jobs"], Instruments()
    counts = instruments.of(case.api, "one")
    source = a_source(the_settings(case.api, case.options, name="one"), listed(case, 3), counts)
    web = Web(Scraper([Standby(source, counts)]), instruments, "/metrics", max_requests=5)
    return web.application(), connections()


def requests(data: bytes) -> None:
    """Send bytes to the exporter's own server."""
    loop().run_until_complete(answered(data))


async def answered(data: bytes) -> None:
    """Send bytes in two parts, and look at what comes back."""
    app, kind = application()
    config, state, wire = settings(app), ServerState(), Wire()
    config.load()
    connection = kind(config=config, server_state=state, app_state={})
    connection.connection_made(wire)
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        if part and not wire.is_closing():
            connection.data_received(part)
    async with asyncio.timeout(20):
        while state.tasks:
            await asyncio.wait(state.tasks)
            await asyncio.sleep(0)
    connection.connection_lost(None)
    written = bytes(wire.written)
    promise(not written or written.startswith(b"HTTP/1.1 "), "no HTTP")
    promise(b"HTTP/1.1 500" not in written, "a bug")
    promise(b"Traceback" not in written, "a traceback")


REQUESTS: Sequence[bytes] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /metrics?source=one HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;q=0.5,*/*\r\n"
    b"Accept-Encoding: gzip;q=1\r\nX-Prometheus-Scrape-Timeout-Seconds: 9.5\r\n\r\n",
    b"HEAD /probe?target=one HTTP/1.1\r\nHost: [::1]:9\r\nConnection: close\r\n\r\n",
    b"POST /-/healthy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET /sd HTTP/1.0\r\nAuthorization: Basic YTpi\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: a\r\n\r\n",
]
REFUSALS: Sequence[bytes] = [
    b'\xc8Mon, 01 Jan 2024 00:00:00 GMT\n{"Code": "Throttling.User", "Message": "m", "RequestId": "r"}',
    b'\x65120\n{"error_code": "DLF.6888", "error_msg": "no"}',
    b'\x66\n{"error": {"code": 401, "message": "m", "title": "t"}}',
    b"\xc9https://elsewhere.test/\n<html><title>Bad gateway</title></html>",
]
TARGETS: Mapping[str, Target] = {
    **{
        f"pages-{api}": Target(
            run=partial(pages, api),
            seeds=[
                json.dumps(case.body([case.row(0), case.row(1)], 2)).encode(),
                *[path.read_bytes() for path in sorted((ROOT / "tests/apis/pages").glob(f"{api}*.json"))],
            ],
        )
        for api, case in CASES.items()
    },
    "words": Target(run=words, seeds=[b"RUNNING", b'a"b\\c\nd', "\u202e排队\N{GRINNING FACE}".encode()]),
    **{f"refusals-{cloud}": Target(run=partial(refusals, cloud), seeds=REFUSALS) for cloud in EXPLAIN},
    "configuration": Target(run=configuration, seeds=[(ROOT / "config.example.yaml").read_bytes()]),
    "web-configuration": Target(run=web_configuration, seeds=[(ROOT / "web.example.yaml").read_bytes()]),
    "requests": Target(run=requests, seeds=REQUESTS),
}
"""Every target by its name."""

if __name__ == "__main__":
    print(*TARGETS)  # noqa: T201  what `make fuzz` goes through
