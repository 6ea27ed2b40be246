"""Who Huawei's side lets in, and how it says no."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from exporter.simulator import identities
from exporter.simulator.settings import Settings
from exporter.simulator.tokens import Tokens
from exporter.simulator.world import random_world
from tests.simulator.clients import DATAARTS, NOW, OCTOPUS, TOLD_PROJECT, Clouds, huawei_headers

JOBS = f"{OCTOPUS}/system-jobs"
KEY = identities.DEMO_HUAWEI_KEY
TEMPORARY = identities.DEMO_HUAWEI_TEMPORARY_KEY
WRONG = replace(KEY, secret="another")
PREFIX = "Incorrect IAM authentication information: "
SIGNATURE_FAILS = "verify aksk signature fail"


def said(answer: httpx.Response) -> tuple[int, str, str]:
    told = answer.json()
    return answer.status_code, told["error_code"], told["error_msg"].removeprefix(PREFIX)


async def test_lets_a_right_signature_in() -> None:
    async with Clouds() as clouds:
        answer = await clouds.huawei(
            JOBS, {"job_types": ["SCENARIO_TO_SIM", "FRAME_EXTRACT"], "data_id": "a b/c*~+é"}
        )
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_lets_a_temporary_key_in_with_its_token() -> None:
    async with Clouds() as clouds:
        answer = await clouds.huawei(JOBS, key=TEMPORARY)
    assert answer.status_code == 200


async def test_answers_a_refusal_in_the_gateways_format() -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.get(JOBS)
    assert answer.status_code == 401
    assert answer.json() == {
        "error_msg": f"{PREFIX}x-auth-token not found",
        "error_code": "APIGW.0301",
        "request_id": answer.headers["x-request-id"],
    }


REFUSED = {
    "wrong secret": ({"key": WRONG}, SIGNATURE_FAILS),
    "unknown key": ({"key": replace(KEY, id="nobody")}, "Get secretKey failed,ak:nobody,err:ak not exist"),
    "date too old": ({"date": NOW - 901}, SIGNATURE_FAILS),
    "date too new": ({"date": NOW + 901}, SIGNATURE_FAILS),
    "token missing": ({"key": replace(TEMPORARY, security_token=None)}, SIGNATURE_FAILS),
    "token of another": ({"key": replace(TEMPORARY, security_token="another")}, SIGNATURE_FAILS),
    "token not signed": (
        {
            "key": replace(TEMPORARY, security_token=None),
            "add_unsigned": {"x-security-token": TEMPORARY.security_token},
        },
        SIGNATURE_FAILS,
    ),
    "token with a lasting key": ({"key": replace(KEY, security_token="one")}, SIGNATURE_FAILS),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refuses(case: str) -> None:
    how, message = REFUSED[case]
    async with Clouds() as clouds:
        answer = await clouds.huawei(JOBS, **how)  # type: ignore[arg-type] # each case spoils something else
    assert said(answer) == (401, "APIGW.0301", message)


async def test_refuses_another_form_of_authorization() -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.get(JOBS, headers={"authorization": "Basic abc"})
    assert said(answer) == (401, "APIGW.0301", "authorization header format is invalid")


async def test_locks_a_key_after_more_than_five_wrong_signatures_in_a_row() -> None:
    locked = (401, "APIGW.0301", "AK access failed to reach the limit,forbidden.")
    async with Clouds() as clouds:
        for _ in range(6):
            assert said(await clouds.huawei(JOBS, key=WRONG)) == (401, "APIGW.0301", SIGNATURE_FAILS)
        assert said(await clouds.huawei(JOBS)) == locked, "the right secret does not help"
        assert (await clouds.huawei(JOBS, key=TEMPORARY)).status_code == 200, "other keys are not concerned"
        clouds.clock.now += 299
        assert said(await clouds.huawei(JOBS)) == locked
        clouds.clock.now += 1
        assert (await clouds.huawei(JOBS)).status_code == 200


async def test_forgives_five_wrong_signatures() -> None:
    async with Clouds() as clouds:
        for _ in range(3):
            for _ in range(5):
                await clouds.huawei(JOBS, key=WRONG)
            assert (await clouds.huawei(JOBS)).status_code == 200


PERMISSION: list[tuple[str, dict[str, str], tuple[int, str]]] = [
    (JOBS, {}, (403, "octopus.400003")),
    (f"{OCTOPUS}/queuing-jobs?queue_type=INTERNAL", {}, (403, "octopus.400003")),
    (f"{DATAARTS}/jobs", TOLD_PROJECT, (400, "DLF.6888")),
]


@pytest.mark.parametrize(("path", "headers", "expected"), PERMISSION)
async def test_tells_the_powerless_in_the_services_own_words(
    path: str, headers: Mapping[str, str], expected: tuple[int, str]
) -> None:
    async with Clouds() as clouds:
        plain, _, query = path.partition("?")
        pairs = dict([query.split("=")]) if query else {}
        answer = await clouds.huawei(plain, pairs, key=identities.DEMO_HUAWEI_POWERLESS_KEY, headers=headers)
    assert said(answer)[:2] == expected


async def test_refuses_a_project_that_is_not_the_callers() -> None:
    async with Clouds() as clouds:
        answer = await clouds.huawei("/v1.0/another/data/system-jobs")
    assert said(answer)[:2] == (403, "octopus.400003")


async def test_finds_no_workspace_without_the_project_header_if_signed() -> None:
    world = random_world(1, start=NOW, dataarts_jobs=3)
    async with Clouds(world) as clouds:
        lost = await clouds.huawei(f"{DATAARTS}/jobs")
        told = await clouds.huawei(f"{DATAARTS}/jobs", headers=TOLD_PROJECT)
    assert lost.status_code == 400
    assert lost.json()["error_msg"] == "Workspace does not exists"
    assert told.status_code == 200


async def test_gives_out_tokens_that_open_one_project() -> None:
    async with Clouds(random_world(1, start=NOW)) as clouds:
        login = await clouds.login()
        headers = {"x-auth-token": login.headers["x-subject-token"]}
        mine = await clouds.http.get(JOBS, headers=headers)
        other = await clouds.http.get(f"{DATAARTS}/jobs", headers=headers)
        by_name = await clouds.login(scope={"project": {"name": identities.DATAARTS_REGION}})
        headers = {"x-auth-token": by_name.headers["x-subject-token"]}
        named = await clouds.http.get(f"{DATAARTS}/jobs", headers=headers)
    token = login.json()["token"]
    assert login.status_code == 201
    assert token["project"]["id"] == identities.OCTOPUS_PROJECT
    assert mine.status_code == 200
    assert said(other)[:2] == (400, "DLF.6888")
    assert named.status_code == 200, "no project header is needed with a token"


async def test_tells_the_life_of_a_token_with_microseconds_and_keeps_to_it() -> None:
    async with Clouds(settings=Settings(token_life=90.5)) as clouds:
        login = await clouds.login()
        headers = {"x-auth-token": login.headers["x-subject-token"]}
        clouds.clock.now += 90.25
        alive = await clouds.http.get(JOBS, headers=headers)
        newer = await clouds.login()
        clouds.clock.now += 0.25
        expired = await clouds.http.get(JOBS, headers=headers)
        second = await clouds.http.get(JOBS, headers={"x-auth-token": newer.headers["x-subject-token"]})
    expires = login.json()["token"]["expires_at"]
    assert expires == "2023-11-14T22:14:50.500000Z"
    assert datetime.strptime(expires, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp() == NOW + 90.5
    assert alive.status_code == 200
    assert said(expired) == (401, "APIGW.0301", "decrypt token fail")
    assert second.status_code == 200, "a new token does not end the old one, nor the other way round"


async def test_refuses_logins_in_iams_own_format() -> None:
    async with Clouds() as clouds:
        wrong = await clouds.login(password="guess")
        foreign = await clouds.login(scope={"project": {"id": "another"}})
        broken = await clouds.http.post("/v3/auth/tokens", content=b"{}")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, 401)
    assert wrong.json()["error"]["title"] == "Unauthorized"
    assert foreign.status_code == 401
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, 400)


async def test_opens_no_project_with_a_token_without_scope() -> None:
    async with Clouds() as clouds:
        login = await clouds.login(scope={"domain": {"name": identities.DEMO_HUAWEI_USER.domain}})
        answer = await clouds.http.get(JOBS, headers={"x-auth-token": login.headers["x-subject-token"]})
    assert login.status_code == 201
    assert "project" not in login.json()["token"]
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/v1.0/p/data/system-job", f"{OCTOPUS}/system-jobs/", "/v2/p/factory/jobs"]
)
async def test_knows_no_other_path(path: str) -> None:
    async with Clouds() as clouds:
        answer = await clouds.http.get(path)
    assert said(answer)[:2] == (404, "APIGW.0101")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_knows_no_other_method() -> None:
    async with Clouds() as clouds:
        answers = [await clouds.http.post(JOBS), await clouds.http.get("/v3/auth/tokens")]
    assert [said(answer)[:2] for answer in answers] == [(404, "APIGW.0101")] * 2


async def test_refuses_a_date_that_is_none() -> None:
    async with Clouds() as clouds:
        _, headers = huawei_headers(KEY, JOBS, {}, moment=NOW, headers={})
        answer = await clouds.http.get(JOBS, headers=headers | {"X-Sdk-Date": "today"})
    assert said(answer) == (401, "APIGW.0301", SIGNATURE_FAILS)


async def test_knows_no_other_way_to_log_in_than_the_password() -> None:
    user = {"name": "a", "password": "b", "domain": {"name": "c"}}
    identity = {"methods": ["totp"], "password": {"user": user}}
    async with Clouds() as clouds:
        answer = await clouds.http.post("/v3/auth/tokens", json={"auth": {"identity": identity}})
    assert (answer.status_code, answer.json()["error"]["title"]) == (400, "Bad Request")


def test_forgets_tokens_whose_time_is_over() -> None:
    settings = Settings(token_life=10)
    tokens = Tokens(settings)
    user = identities.DEMO_HUAWEI_USER
    claimed = {"name": user.name, "password": user.password, "domain": {"name": user.domain}}
    body = json.dumps(
        {"auth": {"identity": {"methods": ["password"], "password": {"user": claimed}}}}
    ).encode()
    first, _ = tokens.issue(body, NOW)
    second, _ = tokens.issue(body, NOW + 10)
    assert tokens.find(first, NOW) is None, "not even for a clock that goes back"
    assert tokens.find(second, NOW + 10) is not None
