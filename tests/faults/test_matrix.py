"""Every fault, on every API, at the first page and in the middle of a walk, once and for good."""

import resource
import ssl
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.client import MAX_PAGE_BYTES
from exporter.errors import Reason
from tests.faults import acts
from tests.faults.cell import PATIENCE, TIMEOUT, Cell, Scrape, a_cell
from tests.faults.cloud import Position
from tests.faults.hasty import HastyLoop, leap
from tests.faults.lists import LISTS
from tests.faults.table import FAULTS, LOGIN, Effect, Fault
from tests.sockets import Authority
from tests.turned import Backend

IN_FLIGHT = sum(int(Path(f"/proc/sys/net/ipv4/tcp_{way}").read_text().split()[2]) for way in ("rmem", "wmem"))
"""Bytes that the two ends of a connection may hold beyond what was read."""
MEMORY = 96 * 2**20
LONG = 2401.0
"""Seconds after which old numbers are too old, and the log has its lines back."""
HOLD = 601.0
"""Seconds after which refused credentials are tried again at the latest."""

ROWS = [
    pytest.param(api, fault, id=f"{api}-{fault.name}".replace(" ", "_"))
    for api in LISTS
    for fault in FAULTS
    if api in fault.apis
]
"""Each of these is four cells of the matrix."""


@pytest.fixture(scope="module")
def anyio_backend() -> Backend:
    return "asyncio", {"loop_factory": HastyLoop}


@dataclass(frozen=True)
class Trust:
    """An authority, and what servers show: certificates by what is wrong with them."""

    ca_file: Path
    certificates: Mapping[str, ssl.SSLContext]


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("trust")
    known, unknown = Authority(folder), Authority(folder, "unknown")
    certificates = {
        "good": known.context("127.0.0.1"),
        "another name": known.context("cloud.test"),
        "expired": known.context("127.0.0.1", expired=True),
        "unknown authority": unknown.context("127.0.0.1"),
    }
    return Trust(known.file, certificates)


def cell_of(api: str, fault: Fault, trust: Trust) -> AbstractAsyncContextManager[Cell]:
    """Return the cell that a fault needs."""
    if "certificate" in fault.name or "authority" in fault.name:
        return a_cell(api, certificates=trust.certificates, ca_file=trust.ca_file)
    return a_cell(api, is_named=fault.name == "unknown host", by_login=fault.name == "expired login")


@pytest.mark.parametrize(("api", "fault"), ROWS)
async def test_a_fault_does_what_the_table_says(api: str, fault: Fault, trust: Trust) -> None:
    async with cell_of(api, fault, trust) as cell:
        well = await cell.scrape()
        assert_right(well)
        for position in (Position.FIRST, Position.MIDDLE):
            well = await strikes_once(cell, fault, position, well)
            well = await strikes_for_good(cell, fault, position, well)


async def strikes_once(cell: Cell, fault: Fault, position: Position, well: Scrape) -> Scrape:
    """Let a fault strike one request; return a scrape after it."""
    await acts.begin(cell.struck, fault.name, position, once=True)
    ill = await cell.scrape()
    assert_effect(cell, fault, fault.once, well, ill)
    if fault.once is Effect.RIGHT:
        return ill
    if fault.held:
        leap(HOLD)
    return await recovered(cell)


async def strikes_for_good(cell: Cell, fault: Fault, position: Position, well: Scrape) -> Scrape:
    """Let a fault strike until it is ended; return a scrape after that."""
    effect = fault.later if fault.later and position is Position.MIDDLE else fault.effect
    await acts.begin(cell.struck, fault.name, position, once=False)
    cell.struck.sent, memory = 0, peak()
    ill = await cell.scrape()
    assert_effect(cell, fault, effect, well, ill)
    assert cell.struck.sent <= MAX_PAGE_BYTES + IN_FLIGHT
    assert peak() - memory <= MEMORY
    assert cell.struck.strangers == 0
    leap(LONG)
    if effect is Effect.FAILED:
        assert_absent(await cell.scrape())
    await cell.struck.heal()
    if fault.held:
        await assert_held(cell, position)
        leap(HOLD)
    return await recovered(cell)


async def recovered(cell: Cell) -> Scrape:
    """Scrape a cloud that is well again."""
    scrape = await cell.scrape()
    assert_right(scrape)
    return scrape


def assert_effect(cell: Cell, fault: Fault, effect: Effect, well: Scrape, ill: Scrape) -> None:
    """Compare what a scrape shows with what is promised."""
    assert_unharmed(ill)
    if effect is Effect.RIGHT:
        assert_right(ill, words_are_strange=fault.name == "words by the thousand")
    elif effect is Effect.MARKED:
        assert state(ill) == (1.0, 0.0)
        assert_told(cell, fault, None)
    else:
        assert state(ill) == (0.0, 1.0)
        assert ill.jobs("struck") == well.jobs("struck")
        assert stamp(ill) == stamp(well)
        assert_told(cell, fault, fault.reason)
    assert_counted(cell, fault, effect, well, ill)
    if fault.slow:
        assert ill.seconds >= TIMEOUT - 0.5


async def assert_held(cell: Cell, position: Position) -> None:
    """See that nothing is asked with refused credentials, unless others of the walk passed with them."""
    if position is Position.FIRST:
        asked = cell.struck.requests
        assert_absent(await cell.scrape())
        assert cell.struck.requests == asked


def assert_counted(cell: Cell, fault: Fault, effect: Effect, well: Scrape, ill: Scrape) -> None:
    """Compare the counters of failures and of what was sent again with what is promised."""
    failures = ill.failures("struck") - well.failures("struck")
    retries = ill.retries("struck") - well.retries("struck")
    failed = effect is Effect.FAILED
    if not failed and cell.struck.list.api in fault.silent:
        assert (failures, retries) == (Counter(), 0)
        return
    expected = {fault.reason} if fault.reason and (failed or fault.retried) else set()
    assert failures.keys() - fault.also == expected
    assert bool(retries) is (fault.retried or not fault.also.isdisjoint(failures))
    if fault.name not in acts.HOSTS:  # with a host goes more than one request
        assert failures.total() == retries + failed


def assert_told(cell: Cell, fault: Fault, reason: Reason | None) -> None:
    """See that the log says it, once, and nothing of the other source."""
    [record] = cell.told
    assert (getattr(record, "source", None), record.levelname) == ("struck", "WARNING")
    assert getattr(record, "reason", None) == (reason and reason.value)
    assert fault.says in record.getMessage()
    assert bool(getattr(record, "cure", "")) is (reason is not None)


def state(scrape: Scrape) -> tuple[float | None, float | None]:
    return (
        scrape.value("datajobs_source_success", "struck"),
        scrape.value("datajobs_source_list_complete", "struck"),
    )


def stamp(scrape: Scrape) -> float | None:
    return scrape.value("datajobs_source_last_success_timestamp_seconds", "struck")


def assert_right(scrape: Scrape, *, words_are_strange: bool = False) -> None:
    """See that the numbers are those of the cloud that never goes wrong."""
    assert_unharmed(scrape)
    assert state(scrape) == (1.0, 1.0)
    if not words_are_strange:
        assert scrape.jobs("struck") == scrape.jobs("beside")
    assert stamp(scrape) == scrape.value("datajobs_source_last_success_timestamp_seconds", "beside")


def assert_absent(scrape: Scrape) -> None:
    """See that nothing is shown of what nobody knows any more."""
    assert_unharmed(scrape)
    assert state(scrape) == (0.0, 0.0)
    assert scrape.jobs("struck") == {}


def assert_unharmed(scrape: Scrape) -> None:
    """See that the other source is well, in time, and whole, and that so was the scrape."""
    assert scrape.seconds < TIMEOUT + 1.0 < PATIENCE
    assert scrape.value("datajobs_source_success", "beside") == 1.0
    assert scrape.value("datajobs_source_list_complete", "beside") == 1.0
    took = scrape.value("datajobs_source_duration_seconds", "beside")
    assert took is not None
    assert took < 0.9 * TIMEOUT
    assert not scrape.failures("beside")
    listed = scrape.value("datajobs_source_listed_items", "beside")
    assert listed == scrape.value("datajobs_source_reported_items", "beside")
    assert listed
    assert len(scrape.jobs("beside")) > 1


def peak() -> int:
    """Return the most memory that the process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("once", [True, False], ids=["once", "for_good"])
@pytest.mark.parametrize("fault", LOGIN, ids=lambda fault: fault.name.replace(" ", "_"))
async def test_a_login_goes_wrong_before_anything_is_known(fault: Fault, *, once: bool) -> None:
    effect = fault.once if once else fault.effect
    async with a_cell("dataarts_jobs", by_login=True) as cell:
        await acts.begin(cell.struck, fault.name, Position.LOGIN, once=once)
        memory = peak()
        ill = await cell.scrape()
        assert_unharmed(ill)
        assert peak() - memory <= MEMORY
        if effect is Effect.RIGHT:
            assert_right(ill)
        else:
            assert_absent(ill)
            assert_told(cell, fault, fault.reason)
        assert ill.failures("struck").keys() == ({fault.reason} if effect is Effect.FAILED else set())
        assert bool(ill.retries("struck")) is fault.retried
        await cell.struck.heal()
        if fault.held:
            await assert_held(cell, Position.FIRST)
            leap(HOLD)
        await recovered(cell)
