"""What a client makes of answers, and what it tries again."""

import asyncio
import logging
import time

import httpx
import pytest

from exporter import client as limits
from exporter.client import Answer, Client, Deadline
from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.credentials import AccessKey, KeySource, Secret
from exporter.errors import Reason, SourceError
from exporter.standing import Standing
from tests.fakes import JOBS, OK, Crowd, Recorder, Unsigned, a_client, answers, dated, failure, within
from tests.turned import TURNED, Backend, now


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def test_a_page_comes_back_with_the_clouds_clock() -> None:
    client = a_client(answers(httpx.Response(200, content=b'{"a": 1}', headers=dated(1714550950))))
    assert await client.get(JOBS, within(10)) == Answer(body=b'{"a": 1}', date=1714550950.0)


async def test_what_was_asked_for_is_what_is_sent() -> None:
    sent: list[httpx.Request] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return OK

    await a_client(handler).get(JOBS, within(10))
    [request] = sent
    assert str(request.url) == "https://cloud.test/v1/p/jobs?limit=100&offset=0"
    assert (request.method, request.headers["workspace"]) == ("GET", "w1")


PASSING = [
    httpx.Response(500),
    httpx.Response(502, text="<html><title>502 Bad Gateway</title></html>"),
    httpx.Response(503),
    httpx.Response(429, headers={"retry-after": "1"}),
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("peer closed connection"),
    httpx.ReadTimeout("silent"),
]


@pytest.mark.parametrize("trouble", PASSING, ids=repr)
async def test_what_may_pass_by_itself_is_tried_again(trouble: httpx.Response | Exception) -> None:
    observer = Recorder()
    client = a_client(answers(trouble, OK), observer)
    assert (await client.get(JOBS, within(60))).body == b"{}"
    code = str(trouble.status_code) if isinstance(trouble, httpx.Response) else "none"
    assert observer.codes == [code, "200"]
    assert (len(observer.failures), observer.retries, client.requests) == (1, 1, 2)


LASTING = [
    (httpx.Response(400, json={"error_code": "DLF.3051", "error_msg": "bad"}), Reason.BAD_REQUEST),
    (httpx.Response(401), Reason.AUTHENTICATION),
    (httpx.Response(403), Reason.PERMISSION),
    (httpx.Response(404), Reason.NOT_FOUND),
    (httpx.Response(302, headers={"location": "https://elsewhere.test/"}), Reason.BAD_RESPONSE),
    (httpx.Response(204), Reason.BAD_RESPONSE),
    (httpx.Response(200, content=b"x" * (limits.MAX_PAGE_BYTES + 1)), Reason.TOO_LARGE),
]


@pytest.mark.parametrize(("trouble", "reason"), LASTING, ids=str)
async def test_what_will_not_pass_is_asked_for_once(trouble: httpx.Response, reason: Reason) -> None:
    observer = Recorder()
    error = await failure(a_client(answers(trouble, OK), observer))
    assert (error.reason, error.counted, error.retryable) == (reason, True, False)
    assert error.message.startswith("GET /v1/p/jobs: ")
    assert (len(observer.codes), observer.failures, observer.retries) == (1, [reason], 0)


async def test_the_last_of_four_attempts_tells_why() -> None:
    observer = Recorder()
    trouble = [httpx.Response(500), httpx.Response(429), httpx.Response(503), httpx.Response(502)]
    error = await failure(a_client(answers(*trouble, OK), observer))
    assert error.message == "GET /v1/p/jobs: 502 Bad Gateway"
    assert observer.codes == ["500", "429", "503", "502"]
    server = Reason.SERVER
    assert observer.failures == [server, Reason.THROTTLED, server, server]
    assert observer.retries == 3


async def test_waits_between_attempts_grow() -> None:
    crowd = Crowd()

    async def handler(_: httpx.Request) -> httpx.Response:
        with crowd:
            return httpx.Response(500)

    await failure(a_client(handler))
    first, second, third, fourth = crowd.begun
    assert 0.2 <= second - first <= 0.5
    assert 0.4 <= third - second <= 0.7
    assert 0.8 <= fourth - third <= 1.1


async def test_retries_are_no_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await failure(a_client(answers(httpx.Response(500))))
    assert [record.name for record in caplog.records if record.name != "httpx"] == []


async def test_the_clouds_own_hint_is_waited_out_and_counted() -> None:
    observer = Recorder()
    throttled = httpx.Response(429, headers={"retry-after": "7"})
    await a_client(answers(throttled, throttled, OK, each_takes=0.5), observer).get(JOBS, within(60))
    assert now() == 0.5 + 7 + 0.5 + 7 + 0.5
    assert observer.waits == [7, 7]


async def test_a_wait_without_a_hint_is_counted_as_long_as_it_was() -> None:
    observer = Recorder()

    def shrugs(*_: object, **__: object) -> SourceError:
        return SourceError(Reason.THROTTLED, "slower", retryable=True)

    client = Client(
        httpx.AsyncClient(
            transport=httpx.MockTransport(answers(httpx.Response(429), OK)), base_url="http://x"
        ),
        Unsigned(),
        Standing(Unsigned().fingerprint),
        shrugs,
        observer,
        concurrency=1,
        requests_per_second=100,
    )
    await client.get(JOBS, within(60))
    assert observer.waits == [now()]
    assert 0.2 <= now() <= 0.5


async def test_only_waits_that_the_cloud_asked_for_count_as_throttled() -> None:
    observer = Recorder()
    throttled = httpx.Response(429, headers={"retry-after": "3"})
    await a_client(answers(throttled, httpx.Response(500), OK), observer).get(JOBS, within(60))
    assert (observer.retries, observer.waits) == (2, [3])


async def test_a_hint_beyond_the_deadline_is_not_waited_for() -> None:
    observer = Recorder()
    throttled = httpx.Response(429, headers={"retry-after": "30"})
    error = await failure(a_client(answers(throttled, OK), observer), within(10))
    assert (error.reason, error.retry_after) == (Reason.THROTTLED, 30)
    assert (now(), observer.waits, len(observer.codes)) == (0, [], 1)


async def test_a_hint_is_weighed_against_the_time_that_is_left_then() -> None:
    throttled = httpx.Response(429, headers={"retry-after": "4"})
    error = await failure(a_client(answers(throttled, throttled, OK, each_takes=1)), within(10))
    assert error.reason is Reason.THROTTLED
    assert now() == 1 + 4 + 1  # after which 4 are left, and are not enough


async def test_a_deadline_that_was_put_off_leaves_time_for_the_hint() -> None:
    deadline = within(3)

    async def handler(request: httpx.Request) -> httpx.Response:
        deadline.at = 60.0
        return await throttling(request)

    throttling = answers(httpx.Response(429, headers={"retry-after": "5"}), OK)
    await a_client(handler).get(JOBS, deadline)
    assert now() == 5


async def test_nobody_holds_a_place_while_waiting_to_try_again() -> None:
    handler = answers(httpx.Response(429, headers={"retry-after": "50"}), OK)
    client = a_client(handler, concurrency=1)
    slow = asyncio.create_task(client.get(JOBS, within(60)))
    await asyncio.sleep(1)
    await client.get(JOBS, within(60))
    assert now() == 1
    await slow


async def test_a_bug_is_not_taken_for_a_failure_of_the_cloud() -> None:
    observer = Recorder()
    with pytest.raises(ZeroDivisionError):
        await a_client(answers(ZeroDivisionError()), observer).get(JOBS, within(9))
    assert (observer.codes, observer.failures) == (["none"], [])


@pytest.mark.parametrize("skew", [-3600.0, -10.0, 0.0, 86_400.0])
async def test_the_skew_of_our_clock_is_known_to_a_second(skew: float) -> None:
    client = a_client(answers(httpx.Response(200, headers=dated(time.time() - skew))))
    assert client.skew is None
    await client.get(JOBS, within(9))
    assert client.skew == pytest.approx(skew, abs=0.8)


async def test_an_error_tells_the_skew_too_and_an_answer_without_a_date_leaves_it() -> None:
    client = a_client(
        answers(
            httpx.Response(403, headers=dated(time.time() - 500)),
            httpx.Response(200),
            httpx.Response(200, headers={"date": "yesterday"}),
        )
    )
    await failure(client)
    known = client.skew
    assert known == pytest.approx(500, abs=0.8)
    await client.get(JOBS, within(9))
    await client.get(JOBS, within(9))
    assert client.skew == known


@pytest.mark.parametrize("odd", [{}, {"date": "yesterday"}, {"date": "Thu, 01 Jan 1970 00:00:07 GMT"}])
async def test_where_an_answer_tells_no_time_the_clouds_clock_goes_on_whatever_ours_does(
    monkeypatch: pytest.MonkeyPatch, odd: dict[str, str]
) -> None:
    client = a_client(
        answers(httpx.Response(200, headers=dated(1714550950)), httpx.Response(200, headers=odd))
    )
    await client.get(JOBS, within(9))
    await asyncio.sleep(90.5)
    monkeypatch.setattr(time, "time", lambda: 7.0)
    assert (await client.get(JOBS, within(9))).date == 1714551040.0
    assert client.now == 1714551040.5


async def test_ours_stands_in_where_a_cloud_never_told_the_time_as_it_was_when_it_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3.0)
        return OK

    monkeypatch.setattr(time, "time", lambda: 1714550950.9 + now())
    assert (await a_client(slow).get(JOBS, within(9))).date == 1714550950.0


SECRETS = ("PlantedSecretKey0123456789", "PlantedSecurityToken//+abc==")


def keys() -> KeySource:
    async def source() -> AccessKey:
        return AccessKey(id="AKID", secret=Secret(SECRETS[0]), security_token=Secret(SECRETS[1]))

    return source


ECHOES: list[httpx.Response | Exception] = [
    *(httpx.Response(status) for status in (200, 302, 400, 401, 403, 404, 429, 500, 599)),
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("silent"),
]


@pytest.mark.parametrize("trouble", ECHOES, ids=repr)
@pytest.mark.parametrize("auth", [AlibabaAuth(keys()), HuaweiKeyAuth(keys(), "p")], ids=["alibaba", "huawei"])
async def test_no_message_gives_a_secret_away_even_where_the_cloud_repeats_it(
    trouble: httpx.Response | Exception, auth: httpx.Auth
) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(trouble, Exception):
            raise trouble
        signature = request.headers["authorization"]
        signatures.append(signature.rpartition("=")[2])
        text = f"string to sign: {dict(request.headers)} Signature={signature} {SECRETS[1]}"
        return httpx.Response(trouble.status_code, json={"Code": "SignatureDoesNotMatch", "Message": text})

    signatures: list[str] = []
    try:
        told: object = (await a_client(handler, auth=auth).get(JOBS, within(1))).date
    except SourceError as error:
        told = (str(error), repr(error), error.code)
    for secret in (*SECRETS, *signatures):
        assert secret not in repr(told)


async def test_a_deadline_never_has_less_than_nothing_left() -> None:
    deadline = within(5)
    await asyncio.sleep(2)
    assert deadline.remaining() == 3
    await asyncio.sleep(9)
    assert deadline.remaining() == 0


async def test_an_attempt_after_the_deadline_is_the_last() -> None:
    observer = Recorder()
    await failure(a_client(answers(httpx.Response(500), each_takes=2), observer), within(5))
    assert now() == pytest.approx(6.9, abs=0.7)
    assert observer.codes == ["500"] * 3
    await failure(a_client(answers(httpx.Response(500)), observer), Deadline(now() - 5))
    assert len(observer.codes) == 4


async def test_closing_closes_the_connections() -> None:
    client = a_client(answers(OK))
    await client.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get(JOBS, within(5))
