"""What IAM answers where it gives no token, and how it is told without the password."""

import json
from collections.abc import Callable

import httpx
import pytest

from exporter.clouds.huawei_token import MAX_LOGIN_BYTES
from exporter.errors import Reason, SourceError
from tests.clouds.iam_answers import (
    DAY,
    IAM,
    NOW,
    Chunks,
    Vault,
    auth_of,
    begun,
    login_answer,
    refusal,
)


@pytest.mark.parametrize(
    ("answer", "reason", "retryable", "told"),
    [
        (
            refusal(401, "The username or password is wrong."),
            Reason.AUTHENTICATION,
            False,
            f"POST {IAM}/v3/auth/tokens: 401 The username or password is wrong; check username, password",
        ),
        (refusal(403, "no access"), Reason.PERMISSION, False, "403 no access; is this IAM user enabled"),
        (refusal(400, "bad body"), Reason.BAD_REQUEST, False, "400 bad body; check username, domain and"),
        (refusal(404, "no project"), Reason.NOT_FOUND, False, "404 no project; check project_id and"),
        (refusal(429, "slow down"), Reason.THROTTLED, True, "429 slow down; too many logins"),
        (refusal(500, "oops"), Reason.SERVER, True, "500 oops"),
        (httpx.Response(503), Reason.SERVER, True, "503 Service Unavailable"),
        (
            httpx.Response(302, headers={"location": "https://login.example.com/x", "set-cookie": "a=b"}),
            Reason.BAD_RESPONSE,
            False,
            "the redirect to login.example.com was not followed",
        ),
        (httpx.Response(201), Reason.CREDENTIALS, False, "without a usable X-Subject-Token"),
        (
            httpx.Response(201, headers={"X-Subject-Token": "T 1"}),
            Reason.CREDENTIALS,
            False,
            "without a usable X-Subject-Token",
        ),
        (
            httpx.Response(201, headers={"X-Subject-Token": "planted"}, content=b'{"token": {'),
            Reason.CREDENTIALS,
            False,
            "without a readable token.expires_at",
        ),
        (
            httpx.Response(201, headers={"X-Subject-Token": "planted"}, content=b"[" * 100_000),
            Reason.CREDENTIALS,
            False,
            "without a readable token.expires_at",
        ),
        (
            httpx.Response(201, headers={"X-Subject-Token": "planted"}, json={"token": {}}),
            Reason.CREDENTIALS,
            False,
            "without a readable token.expires_at",
        ),
        (
            httpx.Response(
                201, headers={"X-Subject-Token": "planted"}, json={"token": {"expires_at": "soon"}}
            ),
            Reason.CREDENTIALS,
            False,
            "without a readable token.expires_at",
        ),
        (login_answer("planted", NOW - 5), Reason.CREDENTIALS, False, "already ended"),
        (
            httpx.Response(201, headers={"content-encoding": "gzip", "X-Subject-Token": "planted"}),
            Reason.CREDENTIALS,
            False,
            "compressed",
        ),
    ],
)
async def test_a_failed_login_is_told_in_iams_words_and_with_a_cure(
    *, answer: httpx.Response, reason: Reason, retryable: bool, told: str
) -> None:
    auth = auth_of()
    flow, _ = await begun(auth)
    with pytest.raises(SourceError) as caught:
        await flow.asend(answer)
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)
    assert told in str(caught.value)
    assert "planted" not in str(caught.value)
    assert auth.expires_at is None


@pytest.mark.parametrize(
    "expires_at",
    ["2024-05-02T08:09:10Z", "2024-05-02T08:09:10.701Z", "2024-05-02T08:09:10", "2024-05-02T10:09:10+02:00"],
)
async def test_reads_the_end_of_a_token_in_any_of_its_spellings(expires_at: str) -> None:
    auth = auth_of()
    flow, _ = await begun(auth)
    await flow.asend(
        httpx.Response(200, headers={"X-Subject-Token": "T"}, json={"token": {"expires_at": expires_at}})
    )
    assert auth.expires_at == pytest.approx(NOW + DAY, abs=1)


@pytest.mark.parametrize("password", ["plain-Password", 'a "quoted\\ pass', "geheim€日本", "401"])
@pytest.mark.parametrize("quote", [str, json.dumps, lambda text: json.dumps(text, ensure_ascii=False)])
async def test_a_password_that_iam_sends_back_is_not_told(password: str, quote: Callable[[str], str]) -> None:
    auth = auth_of(vault=Vault(password))
    flow, _ = await begun(auth)
    body = json.dumps({"error": {"message": f"refused: {quote(password)}"}}, ensure_ascii=False)
    with pytest.raises(SourceError) as caught:
        await flow.asend(httpx.Response(401, text=body))
    assert caught.value.reason is Reason.AUTHENTICATION
    said = str(caught.value).partition(";")[0].removeprefix(f"POST {IAM}/v3/auth/tokens: 401")
    assert password not in said.replace("<secret>", "").replace("refused", "")


async def test_a_login_answer_without_an_end_is_not_read_to_it() -> None:
    endless = Chunks(b"x" * 65_536 for _ in range(10_000))
    flow, _ = await begun(auth_of())
    with pytest.raises(SourceError, match="larger than 1,048,576 bytes") as caught:
        await flow.asend(httpx.Response(201, headers={"X-Subject-Token": "T"}, stream=endless))
    assert caught.value.reason is Reason.CREDENTIALS
    assert endless.read == MAX_LOGIN_BYTES // 65_536 + 1


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (httpx.ReadTimeout("late"), Reason.TIMEOUT),
        (httpx.ReadError("gone"), Reason.CONNECTION),
        (httpx.RemoteProtocolError("nonsense"), Reason.CONNECTION),
    ],
)
async def test_a_login_answer_that_breaks_off_may_be_tried_again(failure: Exception, reason: Reason) -> None:
    flow, _ = await begun(auth_of())
    with pytest.raises(SourceError, match=r"POST https://iam\.") as caught:
        await flow.asend(httpx.Response(201, stream=Chunks([b"{"], failure)))
    assert (caught.value.reason, caught.value.retryable) == (reason, True)
