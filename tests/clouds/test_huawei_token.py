"""A token's life, by driving the flow without a client: fetched, renewed, refused, fetched anew."""

import json
import logging

import httpx
import pytest

from exporter.clouds import huawei_token
from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.credentials import Secret
from exporter.errors import Reason, SourceError
from tests.clouds.iam_answers import (
    DAY,
    IAM,
    JOBS,
    NOW,
    PASSWORD,
    Clock,
    Vault,
    auth_of,
    begun,
    ended,
    logged_in,
    login_answer,
    refusal,
)


async def test_logs_in_first_and_then_asks_with_the_token() -> None:
    auth = auth_of(iam=f"{IAM}/")
    assert (auth.expires_at, auth.identity) == (None, "metrics@acme")
    timeout = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": None}
    flow, login = await begun(auth, httpx.Request("GET", JOBS, extensions={"timeout": timeout}))
    assert (login.method, str(login.url)) == ("POST", f"{IAM}/v3/auth/tokens?nocatalog=true")
    assert json.loads(login.content) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {"name": "metrics", "password": PASSWORD, "domain": {"name": "acme"}},
                },
            },
            "scope": {"project": {"id": "p"}},
        }
    }
    assert login.headers["content-type"] == "application/json"
    assert login.headers["accept-encoding"] == "identity"
    assert login.extensions["timeout"] == timeout

    asked = await flow.asend(login_answer("T1"))
    assert (str(asked.url), asked.headers["X-Auth-Token"]) == (JOBS, "T1")
    assert auth.expires_at == pytest.approx(NOW + DAY + 0.701)
    assert await ended(flow, httpx.Response(200))


async def test_the_token_serves_until_its_margin() -> None:
    clock = Clock()
    auth = auth_of(clock)
    await logged_in(auth)
    clock.at = NOW + DAY - 1800
    _, asked = await begun(auth)
    assert (str(asked.url), asked.headers["X-Auth-Token"]) == (JOBS, "T1")
    clock.at += 1
    _, login = await begun(auth)
    assert login.method == "POST"


async def test_a_short_life_leaves_a_tenth_for_renewal() -> None:
    clock = Clock()
    auth = auth_of(clock)
    await logged_in(auth, expires_at=NOW + 600)
    clock.at = NOW + 540
    assert (await begun(auth))[1].method == "GET"
    clock.at = NOW + 541
    assert (await begun(auth))[1].method == "POST"


async def test_a_wrong_clock_of_ours_does_not_change_how_long_a_token_serves() -> None:
    for skew in (-5 * DAY, 5 * DAY):
        clock = Clock(NOW + skew)
        auth = auth_of(clock)
        await logged_in(auth, date="Wed, 01 May 2024 08:09:10 GMT")
        assert auth.expires_at == pytest.approx(NOW + DAY + 0.701)
        clock.at += DAY - 1801
        assert (await begun(auth))[1].method == "GET"
        clock.at += 3
        assert (await begun(auth))[1].method == "POST"


async def test_the_old_token_serves_everybody_else_while_it_is_being_renewed() -> None:
    clock = Clock()
    auth = auth_of(clock)
    await logged_in(auth)
    clock.at = NOW + DAY - 1000
    renewing, login = await begun(auth)
    assert login.method == "POST"
    for _ in range(3):
        flow, asked = await begun(auth)
        assert asked.headers["X-Auth-Token"] == "T1"
        assert await ended(flow, httpx.Response(200))
    renewed = await renewing.asend(login_answer("T2", clock.at + DAY))
    assert renewed.headers["X-Auth-Token"] == "T2"


async def test_a_renewal_that_fails_lets_the_old_token_serve_to_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    auth = auth_of(clock)
    await logged_in(auth)
    clock.at = NOW + DAY - 1000
    flow, login = await begun(auth)
    assert login.method == "POST"
    with caplog.at_level(logging.WARNING, huawei_token.__name__):
        asked = await flow.asend(httpx.Response(503))
    assert asked.headers["X-Auth-Token"] == "T1"
    assert "token of metrics@acme not renewed, good for another 1001 s: POST" in caplog.text
    assert (await begun(auth))[1].method == "GET"
    clock.at += 61
    flow, login = await begun(auth)
    assert login.method == "POST"
    await flow.aclose()  # as after a lost connection
    clock.at = NOW + DAY + 1
    flow, login = await begun(auth)
    assert login.method == "POST"
    with pytest.raises(SourceError, match="503"):
        await flow.asend(httpx.Response(503))


async def test_a_password_refused_at_a_renewal_is_not_tried_again_before_the_token_ends() -> None:
    clock = Clock()
    auth = auth_of(clock)
    await logged_in(auth)
    clock.at = NOW + DAY - 1000
    flow, _ = await begun(auth)
    asked = await flow.asend(refusal(401, "wrong"))
    assert asked.headers["X-Auth-Token"] == "T1"
    clock.at = NOW + DAY
    assert (await begun(auth))[1].method == "GET"
    clock.at = NOW + DAY + 1
    assert (await begun(auth))[1].method == "POST"


async def test_a_refused_token_is_fetched_anew_and_the_request_sent_again_once() -> None:
    auth = auth_of()
    await logged_in(auth)
    flow, asked = await begun(auth)
    login = await flow.asend(httpx.Response(401))
    assert (login.method, auth.expires_at) == ("POST", None)
    asked = await flow.asend(login_answer("T2"))
    assert (str(asked.url), asked.headers["X-Auth-Token"]) == (JOBS, "T2")
    assert await ended(flow, httpx.Response(401))


async def test_a_token_that_is_not_the_refused_one_is_kept() -> None:
    auth = auth_of()
    await logged_in(auth)
    first, _ = await begun(auth)
    second, _ = await begun(auth)
    await first.asend(httpx.Response(401))
    await first.asend(login_answer("T2"))
    asked = await second.asend(httpx.Response(401))
    assert (asked.method, asked.headers["X-Auth-Token"]) == ("GET", "T2")


async def test_a_refusal_other_than_401_is_not_the_tokens_fault() -> None:
    auth = auth_of()
    await logged_in(auth)
    for status in (400, 403, 429, 500):
        flow, _ = await begun(auth)
        assert await ended(flow, httpx.Response(status))
    assert auth.expires_at is not None


async def test_each_login_asks_for_the_password_that_is_valid_now() -> None:
    vault = Vault()
    auth = auth_of(vault=vault)
    await logged_in(auth)
    before = await auth.fingerprint()
    assert before == await auth.fingerprint()
    vault.text = "rotated"
    assert before != await auth.fingerprint()
    flow, _ = await begun(auth)
    login = await flow.asend(httpx.Response(401))
    assert json.loads(login.content)["auth"]["identity"]["password"]["user"]["password"] == "rotated"


async def test_a_password_that_cannot_be_had_is_the_sources_failure() -> None:
    async def missing() -> Secret:
        raise SourceError(Reason.CREDENTIALS, "password_file: no such file")

    auth = HuaweiTokenAuth(PasswordLogin(username="u", domain="d", password=missing), IAM, "p")
    for _ in range(2):
        with pytest.raises(SourceError, match="no such file"):
            await begun(auth)


async def test_a_login_that_is_given_up_does_not_block_the_next() -> None:
    auth = auth_of()
    flow, login = await begun(auth)
    assert login.method == "POST"
    await flow.aclose()
    await logged_in(auth)


def test_refuses_to_leave_out_the_token_in_a_client_that_is_not_async() -> None:
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client,
        pytest.raises(RuntimeError, match=r"AsyncClient only"),
    ):
        client.get(JOBS, auth=auth_of())


async def test_neither_password_nor_token_shows_when_printed() -> None:
    auth = auth_of()
    await logged_in(auth, "planted-token")
    shown = repr((auth, vars(auth)))
    assert "planted" not in shown.replace(repr(Vault()), "")
