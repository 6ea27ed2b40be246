"""Who Alibaba's side lets in, and how it says no."""

from dataclasses import replace

import pytest

from exporter.simulator import identities
from exporter.simulator.settings import Settings
from tests.simulator.clients import NOW, Clouds

PATH = "/api/v1/workspaces"
KEY = identities.DEMO_ALIBABA_KEY
TEMPORARY = identities.DEMO_ALIBABA_TEMPORARY_KEY


async def test_lets_a_right_signature_in() -> None:
    async with Clouds() as clouds:
        answer = await clouds.pai(PATH, {"WorkspaceName": "a b/c*~+é"})
    assert answer.status_code == 200
    assert answer.json()["RequestId"] == answer.headers["x-acs-request-id"]


async def test_lets_a_temporary_key_in_with_its_token() -> None:
    async with Clouds() as clouds:
        answer = await clouds.pai(PATH, key=TEMPORARY)
    assert answer.status_code == 200


async def test_answers_a_refusal_in_the_common_error_format() -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.get(PATH)
    told = answer.json()
    assert answer.status_code == 400
    assert list(told) == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert (told["HostId"], told["RequestId"]) == ("clouds.example", answer.headers["x-acs-request-id"])
    assert told["Code"] == "IncompleteSignature"


REFUSED = {
    "wrong secret": (400, "SignatureDoesNotMatch", {"key": replace(KEY, secret="another")}),
    "unknown key": (404, "InvalidAccessKeyId.NotFound", {"key": replace(KEY, id="nobody")}),
    "no permission": (403, "Forbidden.RAM", {"key": identities.DEMO_ALIBABA_POWERLESS_KEY}),
    "query changed": (400, "SignatureDoesNotMatch", {"query": {"Status": "A"}, "sent_query": "Status=B"}),
    "space as plus": (400, "SignatureDoesNotMatch", {"query": {"Status": "A B"}, "sent_query": "Status=A+B"}),
    "date too old": (400, "IllegalTimestamp", {"date": NOW - 901}),
    "date too new": (400, "IllegalTimestamp", {"date": NOW + 901}),
    "date malformed": (400, "IllegalTimestamp", {"change": {"x-acs-date": "yesterday"}}),
    "another action": (404, "InvalidAction.NotFound", {"change": {"x-acs-action": "ListDatasets"}}),
    "another version": (400, "InvalidVersion", {"change": {"x-acs-version": "2020-01-01"}}),
    "no nonce": (400, "MissingSignatureNonce", {"change": {"x-acs-signature-nonce": ""}}),
    "another payload": (400, "SignatureDoesNotMatch", {"change": {"x-acs-content-sha256": "0" * 64}}),
    "header added after signing": (400, "SignatureDoesNotMatch", {"add_unsigned": {"x-acs-extra": "1"}}),
    "host not signed": (400, "SignatureDoesNotMatch", {"leave_unsigned": ["host"]}),
    "content type not signed": (
        400,
        "SignatureDoesNotMatch",
        {"add_unsigned": {"content-type": "text/plain"}},
    ),
    "token not signed": (
        400,
        "SignatureDoesNotMatch",
        {"key": TEMPORARY, "leave_unsigned": ["x-acs-security-token"]},
    ),
    "token missing": (400, "MissingSecurityToken", {"key": replace(TEMPORARY, security_token=None)}),
    "token of another": (
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
        {"key": replace(TEMPORARY, security_token="another")},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refuses(case: str) -> None:
    status, code, how = REFUSED[case]
    async with Clouds() as clouds:
        answer = await clouds.pai(PATH, **how)  # type: ignore[arg-type] # each case spoils something else
    assert (answer.status_code, answer.json()["Code"]) == (status, code)


async def test_refuses_a_temporary_key_after_its_time() -> None:
    settings = Settings(alibaba_keys=(replace(TEMPORARY, expires=NOW + 60),))
    async with Clouds(settings=settings) as clouds:
        before = await clouds.pai(PATH, key=TEMPORARY)
        clouds.clock.now += 60
        after = await clouds.pai(PATH, key=TEMPORARY)
    assert before.status_code == 200
    assert (after.status_code, after.json()["Code"]) == (400, "InvalidSecurityToken.Expired")


async def test_refuses_a_nonce_for_the_second_time() -> None:
    async with Clouds() as clouds:
        first = await clouds.pai(PATH, nonce="once")
        clouds.clock.now += 800
        again = await clouds.pai(PATH, nonce="once")
        other = await clouds.pai(PATH, nonce="once", key=TEMPORARY)
    assert first.status_code == 200
    assert (again.status_code, again.json()["Code"]) == (400, "SignatureNonceUsed")
    assert other.status_code == 200, "nonces are counted by key"


async def test_forgets_nonces_that_no_date_could_bring_back() -> None:
    async with Clouds() as clouds:
        await clouds.pai(PATH, nonce="once")
        clouds.clock.now += 1801
        later = await clouds.pai(PATH, nonce="once")
    assert later.status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/datasets/d-1/jobs", "/api/v1/workspaces/"])
async def test_knows_no_other_path(path: str) -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.get(path)
    assert (answer.status_code, answer.json()["Code"]) == (404, "InvalidAction.NotFound")


async def test_knows_no_other_method() -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.post(PATH)
    assert (answer.status_code, answer.json()["Code"]) == (404, "InvalidAction.NotFound")
