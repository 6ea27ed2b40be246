"""Many requests in flight, through a client, with one login between them."""

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest

from exporter.clouds.huawei_token import HuaweiTokenAuth
from exporter.errors import SourceError
from tests.clouds.iam_answers import (
    IAM,
    JOBS,
    Chunks,
    auth_of,
    logged_in,
    login_answer,
    refusal,
)


class Clouds:
    """IAM and a list API: tokens T1, T2, …; the list accepts those in ``accepted`` (None: all)."""

    def __init__(self, accepted: set[str] | None = None) -> None:
        self.accepted = accepted
        self.answers: list[httpx.Response | Exception] = []
        self.logins = 0
        self.asked_to_log_in = asyncio.Event()
        self.tokens: list[str] = []
        self.cookies: list[str] = []
        self.streams: list[Chunks] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.host.startswith("iam."):
            self.logins += 1
            self.asked_to_log_in.set()
            await asyncio.sleep(0)
            if self.answers:
                answer = self.answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            return login_answer(f"T{self.logins}", cookie="iam=1; domain=.myhuaweicloud.com; path=/")
        token = request.headers["X-Auth-Token"]
        self.tokens.append(token)
        self.cookies.append(request.headers.get("cookie", ""))
        stream = Chunks([b"{}"] * 3)
        self.streams.append(stream)
        good = self.accepted is None or token in self.accepted
        return httpx.Response(200 if good else 401, stream=stream, headers={"content-encoding": "identity"})


@dataclass
class Asked:
    """What came of many requests at once."""

    statuses: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


async def ask(clouds: Clouds, auth: HuaweiTokenAuth, times: int = 50) -> Asked:
    asked = Asked()

    async def one(client: httpx.AsyncClient) -> None:
        try:
            async with client.stream("GET", JOBS, auth=auth) as response:
                asked.statuses.append(response.status_code)
        except (SourceError, httpx.HTTPError) as exc:
            asked.errors.append(exc)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(clouds)) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(times):
            group.create_task(one(client))
    return asked


async def test_fifty_requests_in_flight_log_in_once() -> None:
    clouds = Clouds()
    asked = await ask(clouds, auth_of())
    assert (clouds.logins, asked.statuses, asked.errors) == (1, [200] * 50, [])
    assert clouds.tokens == ["T1"] * 50


async def test_fifty_requests_refused_at_once_log_in_again_once() -> None:
    clouds = Clouds(accepted={"T2"})
    asked = await ask(clouds, auth_of())
    assert (clouds.logins, asked.statuses, asked.errors) == (2, [200] * 50, [])
    assert sorted(clouds.tokens) == ["T1"] * 50 + ["T2"] * 50
    assert all(stream.closed for stream in clouds.streams)


async def test_a_token_that_stays_refused_is_not_fetched_for_ever() -> None:
    clouds = Clouds(accepted=set())
    asked = await ask(clouds, auth_of())
    assert (clouds.logins, asked.statuses) == (2, [401] * 50)


async def test_fifty_requests_in_flight_share_a_failed_login() -> None:
    clouds = Clouds()
    clouds.answers = [refusal(401, "wrong password")]
    auth = auth_of()
    asked = await ask(clouds, auth)
    assert (clouds.logins, asked.statuses, len(asked.errors)) == (1, [], 50)
    assert len({id(error) for error in asked.errors}) == 50
    assert {str(error) for error in asked.errors} == {str(asked.errors[0])}
    assert all(isinstance(error, SourceError) and error.code == "401" for error in asked.errors)

    again = await ask(clouds, auth)
    assert (clouds.logins, again.statuses) == (2, [200] * 50)


async def test_a_lost_connection_to_iam_fails_one_request_and_the_next_logs_in() -> None:
    clouds = Clouds()
    clouds.answers = [httpx.ConnectError("refused")]
    asked = await ask(clouds, auth_of(), times=5)
    assert (clouds.logins, asked.statuses, len(asked.errors)) == (2, [200] * 4, 1)


async def test_a_cancelled_login_leaves_the_others_to_log_in() -> None:
    clouds = Clouds()
    auth = auth_of()
    async with httpx.AsyncClient(transport=httpx.MockTransport(clouds)) as client:
        first = asyncio.create_task(client.get(JOBS, auth=auth))
        second = asyncio.create_task(client.get(JOBS, auth=auth))
        await clouds.asked_to_log_in.wait()
        first.cancel()
        assert (await second).status_code == 200
    assert first.cancelled()
    assert clouds.logins == 2


async def test_pages_are_streamed_and_refused_ones_are_not_read() -> None:
    clouds = Clouds(accepted={"T2"})
    async with httpx.AsyncClient(transport=httpx.MockTransport(clouds)) as client:
        async with client.stream("GET", JOBS, auth=auth_of()) as response:
            refused, page = clouds.streams
            assert (refused.read, refused.closed, page.read) == (0, True, 0)
            assert await response.aread() == b"{}{}{}"
        assert page.closed


async def test_a_login_answer_is_closed() -> None:
    login = Chunks([b'{"token": {"expires_at":', b'"2024-05-02T08:09:10Z"}}'])
    clouds = Clouds()
    clouds.answers = [httpx.Response(201, headers={"X-Subject-Token": "T"}, stream=login)]
    asked = await ask(clouds, auth_of(), times=1)
    assert (asked.statuses, clouds.tokens, login.closed) == ([200], ["T"], True)


async def test_a_refused_page_is_not_decompressed() -> None:
    auth = auth_of()
    await logged_in(auth)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host.startswith("iam."):
            return login_answer("T2")
        status = 200 if request.headers["X-Auth-Token"] == "T2" else 401
        return httpx.Response(status, stream=Chunks([b"no zip"]), headers={"content-encoding": "gzip"})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client,
        client.stream("GET", JOBS, auth=auth) as response,
    ):
        assert response.status_code == 200


async def test_cookies_of_iam_stay_with_iam() -> None:
    clouds = Clouds()
    auth = auth_of()
    async with httpx.AsyncClient(transport=httpx.MockTransport(clouds)) as client:
        for _ in range(2):
            await client.get(JOBS, auth=auth)
        assert client.cookies
    assert clouds.cookies == ["", ""]


async def test_a_redirect_of_iam_is_not_followed_even_where_the_client_would() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(302, headers={"location": "https://login.example.com/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(SourceError, match=r"redirect to login\.example\.com was not followed"):
            await client.get(JOBS, auth=auth_of())
    assert seen == [f"{IAM}/v3/auth/tokens?nocatalog=true"]
