"""What every list API does, whatever its words: the definition of one."""

import asyncio
import json

import httpx
import pytest

from exporter.apis import APIS
from exporter.client import MAX_ATTEMPTS
from exporter.errors import Reason, SourceError
from exporter.source import Snapshot, Source
from tests.apis.cases import CASES, NOW, Case, List, listed
from tests.fakes import Handler, Recorder, a_source, dated, the_settings, within
from tests.turned import TURNED, Backend, now

EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def source_of(case: Case, handler: Handler, observer: Recorder | None = None) -> Source:
    return a_source(the_settings(case.api, case.options), handler, observer)


async def collected(case: Case, handler: Handler, observer: Recorder | None = None) -> Snapshot:
    return await source_of(case, handler, observer).collect(within(30))


async def failure(case: Case, handler: Handler, observer: Recorder | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await collected(case, handler, observer)
    return caught.value


def counted(snapshot: Snapshot) -> int:
    """Return how many jobs or queue entries the numbers are made of."""
    tally = snapshot.tally
    jobs = sum(numbers.jobs for numbers in tally.jobs.values())
    return jobs + sum(queued.entries for queued in tally.queue.values())


def test_every_api_is_held_to_it() -> None:
    assert CASES.keys() == APIS.keys()


@EVERY
async def test_an_empty_list_is_complete_and_costs_one_request(case: Case) -> None:
    snapshot = await collected(case, listed(case, 0))
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (True, 0, 0)
    assert (snapshot.requests, snapshot.as_of) == (1, NOW)


@EVERY
@pytest.mark.parametrize("pages", [0.5, 1, 1.01, 2, 2.5, 3, 7.3])
async def test_every_row_of_every_page_counts_once(case: Case, pages: float) -> None:
    number = int(pages * case.size)
    fake = listed(case, number)
    snapshot = await collected(case, fake)
    assert (snapshot.complete, snapshot.listed, snapshot.reported) == (True, number, number)
    assert counted(snapshot) == number
    # A full last page does not show that it is the last.
    probes = case.probes if number > case.size else 0
    assert snapshot.requests == len(fake.asked) == number // case.size + 1 + probes


@EVERY
async def test_a_cloud_that_gives_smaller_pages_is_read_to_the_end(case: Case) -> None:
    snapshot = await collected(case, listed(case, 33, most=7))
    assert (snapshot.complete, snapshot.listed, counted(snapshot)) == (True, 33, 33)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.status], ids=lambda case: case.api)
async def test_a_status_that_no_document_has_is_counted_and_kept(case: Case) -> None:
    rows = [case.row(number) | {case.status: "BRAND_NEW"} for number in range(3)]
    snapshot = await collected(case, List(case, rows))
    [group] = snapshot.tally.jobs
    assert (group.status, group.phase.value, snapshot.complete) == ("BRAND_NEW", "unknown", True)
    assert (counted(snapshot), snapshot.tally.unknown) == (3, {"status": 3})


@EVERY
async def test_fields_that_no_document_has_do_no_harm(case: Case) -> None:
    extra = {"brandNew": {"a": [1, None]}, "": None}
    snapshot = await collected(case, List(case, [case.row(number) | extra for number in range(3)]))
    assert (snapshot.complete, counted(snapshot)) == (True, 3)


@EVERY
async def test_only_the_key_of_a_row_is_needed(case: Case) -> None:
    key = next(iter(case.row(0)))
    rows = [{key: case.row(number)[key]} for number in range(3)]
    snapshot = await collected(case, List(case, rows))
    assert (snapshot.complete, counted(snapshot)) == (True, 3)


@EVERY
async def test_a_null_is_as_good_as_nothing(case: Case) -> None:
    key = next(iter(case.row(0)))
    rows = [{name: row[name] if name == key else None for name in row} for row in map(case.row, range(3))]
    bare = [{key: row[key]} for row in rows]
    assert rows != bare
    with_nulls = await collected(case, List(case, rows))
    without = await collected(case, List(case, bare))
    assert with_nulls.tally.jobs.keys() == without.tally.jobs.keys()
    assert with_nulls.tally.queue.keys() == without.tally.queue.keys()


@EVERY
async def test_a_row_without_its_key_is_a_bad_response(case: Case) -> None:
    key = next(iter(case.row(0)))
    row = {name: value for name, value in case.row(0).items() if name != key}
    error = await failure(case, List(case, [row]))
    assert error.reason is Reason.BAD_RESPONSE
    assert key in error.message


def replying(response: httpx.Response) -> Handler:
    async def handler(_: httpx.Request) -> httpx.Response:
        return response

    return handler


STATUSES = [
    (401, Reason.AUTHENTICATION, 1),
    (403, Reason.PERMISSION, 1),
    (404, Reason.NOT_FOUND, 1),
    (400, Reason.BAD_REQUEST, 1),
    (302, Reason.BAD_RESPONSE, 1),
    (500, Reason.SERVER, MAX_ATTEMPTS),
    (503, Reason.SERVER, MAX_ATTEMPTS),
    (429, Reason.THROTTLED, MAX_ATTEMPTS),
]


@EVERY
@pytest.mark.parametrize(("status", "reason", "attempts"), STATUSES)
async def test_a_refusal_has_its_reason(case: Case, status: int, reason: Reason, attempts: int) -> None:
    observer = Recorder()
    error = await failure(case, replying(httpx.Response(status, headers=dated(NOW))), observer)
    assert (error.reason, error.counted) == (reason, True)
    assert error.message.startswith(f"GET /{'api/' if case.api.startswith('pai') else ''}v1")
    assert (len(observer.codes), observer.failures) == (attempts, [reason] * attempts)


@EVERY
@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_what_passes_by_itself_fails_nothing(case: Case, status: int) -> None:
    fake, observer = listed(case, 2 * case.size + 1), Recorder()
    refused: set[str] = set()

    async def handler(request: httpx.Request) -> httpx.Response:
        asked = str(request.url)
        if asked not in refused:
            refused.add(asked)
            return httpx.Response(status, text="<html><title>Bad Gateway</title></html>")
        return fake.page(request)

    snapshot = await collected(case, handler, observer)
    assert (snapshot.complete, counted(snapshot)) == (True, 2 * case.size + 1)
    assert observer.retries == len(refused) > 1


BODIES = [
    b"",
    b"<html><head><title>502 Bad Gateway</title></head></html>",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b'{"error_code": "DLF.0001", "error_msg": "not today"}',
    b"[" * 100_000,
    b'{"a": "\xff"}',
]


@EVERY
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
async def test_a_page_that_is_none_is_a_bad_response(case: Case, body: bytes) -> None:
    observer = Recorder()
    error = await failure(case, replying(httpx.Response(200, content=body)), observer)
    assert (error.reason, error.retryable, error.counted) == (Reason.BAD_RESPONSE, False, False)
    assert len(observer.codes) == 1


@EVERY
async def test_json_that_is_cut_off_anywhere_is_a_bad_response(case: Case) -> None:
    whole = json.dumps(case.body([case.row(0)], 1)).encode()
    for length in range(len(whole)):
        error = await failure(case, replying(httpx.Response(200, content=whole[:length])))
        assert error.reason is Reason.BAD_RESPONSE


@EVERY
async def test_text_that_is_not_utf_8_is_a_bad_response(case: Case) -> None:
    whole = json.dumps(case.body([case.row(0) | {case.status or "job_type": "@@"}], 1)).encode()
    error = await failure(case, replying(httpx.Response(200, content=whole.replace(b"@@", b"\xff\xfe"))))
    assert error.reason is Reason.BAD_RESPONSE


@EVERY
@pytest.mark.parametrize("total", [-1, "7", 1.5, None, 10**400, [], True])
async def test_a_total_that_is_none_is_a_bad_response(case: Case, total: object) -> None:
    body = case.body([case.row(0)], total)
    error = await failure(case, replying(httpx.Response(200, json=body)))
    assert error.reason is Reason.BAD_RESPONSE
    assert len(error.message) < 300


@EVERY
@pytest.mark.parametrize("number", [0, 3, 500])
async def test_a_huge_total_that_lies_costs_few_requests_and_is_told(case: Case, number: int) -> None:
    fake = listed(case, number, total=10**12)
    snapshot = await collected(case, fake)
    assert (snapshot.complete, snapshot.listed, counted(snapshot)) == (False, number, number)
    assert snapshot.reported == 10**12
    pages = number // case.size + 1
    assert len(fake.asked) <= 2 * (pages + 16 + case.probes)


@EVERY
@pytest.mark.parametrize("total", [None, 10**12])
async def test_the_same_page_for_ever_ends(case: Case, total: int | None) -> None:
    fake = listed(case, case.size, total=total, window=lambda _: (0, case.size))
    snapshot = await collected(case, fake)
    assert snapshot.listed == counted(snapshot) == case.size
    assert snapshot.complete is (total is None)
    assert len(fake.asked) <= 60


@EVERY
async def test_a_total_that_is_one_too_many_makes_the_list_incomplete(case: Case) -> None:
    snapshot = await collected(case, listed(case, 3, total=4))
    assert (snapshot.complete, counted(snapshot)) == (False, 3)


@EVERY
async def test_a_failure_in_the_midst_fails_the_whole(case: Case) -> None:
    """Half a list is no list: the last complete one is shown instead."""
    fake = listed(case, 5 * case.size)

    async def handler(request: httpx.Request) -> httpx.Response:
        page = fake.page(request)
        return httpx.Response(403) if len(fake.asked) == 4 else page

    assert (await failure(case, handler)).reason is Reason.PERMISSION


@EVERY
async def test_a_bug_stays_one(case: Case) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if len(fake.asked) == 3:
            raise ZeroDivisionError
        return fake.page(request)

    fake = listed(case, 5 * case.size)
    with pytest.raises(ZeroDivisionError):
        await collected(case, handler)


@EVERY
async def test_a_collection_that_is_cancelled_in_mid_page_leaves_nothing_behind(case: Case) -> None:
    fake = listed(case, 20 * case.size)

    async def handler(request: httpx.Request) -> httpx.Response:
        if len(fake.asked) > 3:
            await asyncio.sleep(60)
        return fake.page(request)

    before = asyncio.all_tasks()
    collection = asyncio.create_task(collected(case, handler))
    await asyncio.sleep(10)
    assert len(asyncio.all_tasks()) > len(before) + 2
    collection.cancel()
    await asyncio.wait({collection})
    assert collection.cancelled()
    assert asyncio.all_tasks() == before
    assert now() == 10


@EVERY
async def test_no_more_requests_are_under_way_than_allowed(case: Case) -> None:
    fake = listed(case, 30 * case.size)
    under_way: list[int] = [0]

    async def handler(request: httpx.Request) -> httpx.Response:
        under_way.append(under_way[-1] + 1)
        await asyncio.sleep(0.1)
        under_way.append(under_way[-1] - 1)
        return fake.page(request)

    settings = the_settings(case.api, case.options, concurrency=4)
    await a_source(settings, handler).collect(within(60))
    assert max(under_way) == 4
    assert now() < 0.1 * (2 + case.probes + 31 / 4)
