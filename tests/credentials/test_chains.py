"""Every provider of both libraries against simulated places, and its keys against simulated clouds."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import httpx
import pytest

from exporter.clouds.alibaba import AlibabaAuth
from exporter.clouds.chains import asked, chain_keys
from exporter.clouds.huawei import HuaweiKeyAuth
from exporter.clouds.providers import Chain, NoKeyError, Provider, whole
from exporter.clouds.renewal import DOUBTFUL, LOOK_AGAIN
from exporter.credentials import AccessKey, AlibabaChain, HuaweiChain, KeySource
from exporter.errors import Reason, SourceError
from exporter.simulator.app import build
from exporter.simulator.identities import OCTOPUS_PROJECT, PAI_WORKSPACES, DemoKey
from exporter.simulator.settings import Settings
from exporter.simulator.world import World
from tests.credentials import cases
from tests.credentials import places as at
from tests.credentials.cases import CASES, ENDLESS, TEMPORARY, Case, Chained, Machine, as_read, key
from tests.credentials.conftest import Environment
from tests.credentials.places import Issuer, Places
from tests.simulator.clients import Clock

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_place = pytest.mark.parametrize("case", TEMPORARY, ids=str)


@pytest.fixture
def machine(environment: Environment, places: Places, tmp_path: Path) -> Machine:
    return Machine(set=environment, places=places, folder=tmp_path)


def at_once(job: Callable[[], None]) -> None:
    """Run a job where others would begin a thread: the test then goes on when it has ended."""
    job()


def given_by(case: Case, number: int) -> DemoKey:
    """Return a key as a case would have it: profiles and variables tell no end."""
    return key(number, life=cases.LIFE if case.temporary else ENDLESS)


def key_of(chain: Chained) -> AccessKey:
    found = asked(chain)()
    assert isinstance(found, AccessKey), found
    return found


def failure_of(chain: Chained) -> str:
    found = asked(chain)()
    assert isinstance(found, SourceError)
    assert found.reason is Reason.CREDENTIALS
    assert found.__cause__ is None
    assert found.__context__ is None
    return found.message


async def status(chain: Chained, keys: KeySource, known: DemoKey) -> int:
    """Return how a cloud that knows one key answers a request that is signed with ours."""
    settings = Settings(alibaba_keys=(known,), huawei_keys=(known,))
    auth: httpx.Auth
    if isinstance(chain, AlibabaChain):
        path = f"/api/v1/datasets?WorkspaceId={PAI_WORKSPACES[0]}"
        auth, headers = AlibabaAuth(keys), {"x-acs-action": "ListDatasets", "x-acs-version": "2021-02-04"}
    else:
        path = f"/v1.0/{OCTOPUS_PROJECT}/data/system-jobs?limit=1&offset=0"
        auth, headers = HuaweiKeyAuth(keys, OCTOPUS_PROJECT), {}
    transport = httpx.ASGITransport(build(World(), settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://clouds.example") as client:
        return (await client.get(path, headers=headers, auth=auth)).status_code


@every_case
async def test_a_key_is_found_and_the_cloud_accepts_what_it_signs(case: Case, machine: Machine) -> None:
    given = given_by(case, 1)
    case.set_up(machine, Issuer(given))
    keys = chain_keys(case.chain, start=at_once)
    assert await keys() == as_read(given)
    assert await status(case.chain, keys, given) == 200
    assert await status(case.chain, keys, key(2)) in (401, 404)


@every_case
def test_the_default_chain_finds_what_one_provider_has(case: Case, machine: Machine) -> None:
    given = given_by(case, 1)
    case.set_up(machine, Issuer(given))
    default = AlibabaChain(chain="default") if case.chain.cloud == "alibaba" else HuaweiChain(chain="default")
    assert key_of(default) == as_read(given)


@every_place
async def test_a_key_is_renewed_before_its_end_and_the_old_one_serves_meanwhile(
    case: Case, machine: Machine
) -> None:
    old, new = key(1), key(2, life=2 * cases.LIFE)
    issuer = Issuer(*[old] * case.asks_first, new)
    case.set_up(machine, issuer)
    clock = Clock(time.time())
    keys = chain_keys(case.chain, now=clock, start=at_once)
    assert [await keys() for _ in range(3)] == [as_read(old)] * 3
    assert issuer.given == case.asks_first
    clock.now += cases.LIFE * 0.8
    assert await keys() == as_read(old)
    await asyncio.sleep(0)
    assert await keys() == as_read(new)
    assert await status(case.chain, keys, new) == 200
    assert issuer.given == case.asks_first + 1


@every_place
async def test_a_key_that_was_revoked_is_renewed_after_the_refusal(case: Case, machine: Machine) -> None:
    old, new = key(1), key(2)
    case.set_up(machine, Issuer(*[old] * case.asks_first, new))
    clock = Clock(time.time())
    keys = chain_keys(case.chain, now=clock, start=at_once)
    assert await status(case.chain, keys, old) == 200
    clock.now += DOUBTFUL
    assert await status(case.chain, keys, new) in (401, 404)
    await keys()
    await asyncio.sleep(0)
    assert await status(case.chain, keys, new) == 200


@every_place
async def test_a_key_that_ended_while_nobody_asked_is_renewed_first(case: Case, machine: Machine) -> None:
    old, new = key(1), key(2, life=2 * cases.LIFE)
    case.set_up(machine, Issuer(*[old] * case.asks_first, new))
    clock = Clock(time.time())
    keys = chain_keys(case.chain, now=clock, start=at_once)
    await keys()
    clock.now += cases.LIFE
    assert await keys() == as_read(new)


@every_place
def test_the_end_is_told_as_it_is_wherever_on_earth_we_are(
    case: Case, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        given = key(1)
        case.set_up(machine, Issuer(given))
        assert key_of(case.chain).expires_at == int(given.expires)
    finally:
        monkeypatch.undo()
        time.tzset()


def cut_off(_: at.Asked) -> at.Answer:
    raise ConnectionError


FAILURES: list[tuple[str, at.Reply]] = [
    (
        "an error in JSON",
        lambda _: (400, '{"Code":"Nope","Message":"SecurityToken: PlantedIdTokenOfThePod"}'),
    ),
    ("an error in HTML", lambda _: (502, "<html><title>Bad gateway</title>PlantedIdTokenOfThePod</html>")),
    ("an empty error", lambda _: (500, "")),
    ("an echo", lambda asked: (403, f"{asked.headers} {asked.query} {asked.body}")),
    ("no JSON", lambda _: (200, "PlantedIdTokenOfThePod")),
    ("a list", lambda _: (200, '["PlantedIdTokenOfThePod"]')),
    ("nothing", lambda _: (200, "")),
    (
        "half a key",
        lambda _: (200, json.dumps({"Code": "Success", "AccessKeyId": "a", "SecurityToken": "t"})),
    ),
    (
        "half a key, nested",
        lambda _: (
            200,
            json.dumps({"Credentials": {"AccessKeySecret": "PlantedAndUnknown", "Expiration": 1}}),
        ),
    ),
    (
        "half a key of Huawei Cloud",
        lambda _: (200, json.dumps({"credential": {"secret": "PlantedAndUnknown", "expires_at": "soon"}})),
    ),
    ("a lost connection", cut_off),
]


@pytest.mark.parametrize("answer", [answer for _, answer in FAILURES], ids=[name for name, _ in FAILURES])
@every_place
def test_whatever_a_place_answers_is_a_sentence_without_secrets(
    case: Case,
    answer: at.Reply,
    machine: Machine,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    case.set_up(machine, Issuer(key(1)))
    machine.places.replies = dict.fromkeys(machine.places.replies, answer)
    with caplog.at_level(logging.DEBUG, "credentials"):
        told = failure_of(case.chain)
    assert told.startswith(f"no key: {case.chain.chain}: ")
    assert len(told) < 250
    assert "lanted" not in told
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert machine.places.asked


def test_the_code_of_an_answer_is_told(machine: Machine) -> None:
    cases.alibaba_oidc(machine, Issuer(key(1)))
    machine.file("other", "WrongPlantedToken")
    machine.set(ALIBABA_CLOUD_OIDC_TOKEN_FILE=machine.folder / "other")
    assert failure_of(AlibabaChain(chain="oidc")) == (
        "no key: oidc: CredentialException: error refreshing credentials from oidc_role_arn, http_code: 400, "
        "AuthenticationFail.OIDCToken.Invalid: bad: <secret>"
    )
    cases.huawei_oidc(machine, Issuer(key(1)))
    machine.set(HUAWEICLOUD_OIDC_TOKEN_FILE=machine.folder / "other")
    assert failure_of(HuaweiChain(chain="oidc")) == (
        "no key: oidc: SdkException: failed to get credential from oidc sts, detail: 400 STS.0001: "
        "bad token <secret>"
    )


@pytest.mark.parametrize(
    ("case", "file"),
    [(case, "alibaba-id-token") for case in (CASES[1], CASES[3])] + [(CASES[6], "huawei-id-token")],
)
def test_a_token_that_was_replaced_is_used_at_the_next_renewal(
    case: Case, file: str, machine: Machine
) -> None:
    old, new = key(1), key(2)
    case.set_up(machine, Issuer(*[old] * case.asks_first, new))
    ask = asked(case.chain)
    assert ask() == as_read(old)
    machine.file(file, "AnotherPlantedIdToken")
    assert ask() == as_read(new)


@pytest.mark.parametrize(
    "case", [case for case in CASES if "profile" in case.chain.chain and not case.temporary], ids=str
)
async def test_a_profile_that_was_replaced_is_read_again(case: Case, machine: Machine) -> None:
    old, new = key(1, life=ENDLESS), key(23, life=ENDLESS)
    case.set_up(machine, Issuer(old))
    clock = Clock()
    keys = chain_keys(case.chain, now=clock, start=at_once)
    assert await keys() == as_read(old)
    case.set_up(machine, Issuer(new))
    clock.now += LOOK_AGAIN
    assert await keys() == as_read(old)
    await asyncio.sleep(0)
    assert await keys() == as_read(new)


@pytest.mark.parametrize(
    "text", ["sk = PlantedSecret", "[basic]\nPlantedSecret", "[basic]\nsk = Planted%Secret", "\0"]
)
def test_a_profile_that_is_none_is_told_without_its_lines(text: str, machine: Machine) -> None:
    machine.file(".huaweicloud/credentials", text)
    machine.file(".alibabacloud/credentials.ini", text)
    machine.file(".aliyun/config.json", text)
    machine.set()
    for chain in (
        HuaweiChain(chain="profile"),
        AlibabaChain(chain="profile"),
        AlibabaChain(chain="cli_profile"),
    ):
        assert "lanted" not in failure_of(chain)


def test_options_choose_the_profile_and_the_role(machine: Machine) -> None:
    given = key(1)
    machine.places.replies |= at.alibaba_metadata(Issuer(given), role="other")
    profiles = [
        {"name": name, "mode": "AK", "access_key_id": f"id-{name}", "access_key_secret": "secret"}
        for name in ("first", "second")
    ]
    machine.file(".aliyun/config.json", json.dumps({"current": "first", "profiles": profiles}))
    machine.set()
    assert key_of(AlibabaChain(chain="cli_profile")).id == "id-first"
    assert key_of(AlibabaChain(chain="cli_profile", profile="second")).id == "id-second"
    assert key_of(AlibabaChain(chain="metadata", role_name="other")) == as_read(given)
    assert at.ECS_ROLE not in machine.places.paths()
    assert "HttpCode=404" in failure_of(AlibabaChain(chain="metadata", role_name="unknown"))


def test_metadata_that_knows_no_tokens_is_asked_without_one(machine: Machine) -> None:
    given = key(1)
    members = {"Code": "Success", **at.alibaba_members(given)}
    machine.places.replies[f"{at.ECS_ROLE}metrics"] = lambda _: (200, json.dumps(members))
    body = json.dumps({"credential": at.huawei_members(given)})
    machine.places.replies[at.SECURITY_KEY] = lambda _: (200, body)
    machine.set(ALIBABA_CLOUD_ECS_METADATA="metrics")
    assert key_of(AlibabaChain(chain="metadata")) == as_read(given)
    assert key_of(HuaweiChain(chain="metadata")) == as_read(given)


def test_alibaba_asks_metadata_before_the_uri_unless_it_is_switched_off(machine: Machine) -> None:
    machine.places.replies |= at.alibaba_metadata(Issuer(key(1))) | at.alibaba_uri(Issuer(key(2)))
    machine.set(ALIBABA_CLOUD_CREDENTIALS_URI="http://keys.example/alibaba")
    assert key_of(AlibabaChain(chain="default")).id == key(1).id
    machine.set(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")
    machine.places.asked.clear()
    assert key_of(AlibabaChain(chain="default")).id == key(2).id
    assert machine.places.paths() == ["GET keys.example/alibaba"]


def test_huawei_goes_on_to_pod_identity_where_metadata_cannot_be_reached(machine: Machine) -> None:
    given = key(1)
    cases.huawei_pod_identity(machine, Issuer(given))
    machine.places.replies[at.SECURITY_KEY] = cut_off
    assert key_of(HuaweiChain(chain="default")) == as_read(given)


def test_huawei_does_not_go_on_where_the_login_that_is_set_up_fails(machine: Machine) -> None:
    """As in the library: the agency of the machine is somebody else."""
    cases.huawei_oidc(machine, Issuer(key(1)))
    cases.huawei_environment(machine, Issuer(key(2, life=ENDLESS)))
    machine.places.replies.clear()
    assert failure_of(HuaweiChain(chain="default")).startswith("no key: oidc: ")


def test_a_chain_stays_with_the_provider_that_had_the_first_key(machine: Machine) -> None:
    cases.alibaba_uri(machine, Issuer(key(1)))
    ask = asked(AlibabaChain(chain="default"))
    assert isinstance(ask(), AccessKey)
    cases.alibaba_cli_profile(machine, Issuer(key(2, life=ENDLESS)))
    found = ask()
    assert isinstance(found, AccessKey)
    assert found.id == key(1).id
    machine.places.replies.clear()
    failure = ask()
    assert isinstance(failure, SourceError)
    assert failure.message.startswith("no key: uri: ")


def test_a_time_without_fractions_is_what_huaweis_library_cannot_read(machine: Machine) -> None:
    """Should it learn to, this test may go."""
    cases.huawei_metadata(machine, Issuer(key(1)))
    members = {**at.huawei_members(key(1)), "expires_at": "2030-01-01T00:00:00Z"}
    machine.places.replies[at.SECURITY_KEY] = lambda _: (200, json.dumps({"credential": members}))
    assert "does not match format" in failure_of(HuaweiChain(chain="metadata"))


@pytest.mark.parametrize(
    ("key_id", "secret", "token"),
    [
        ("", "s", None),
        ("a", "", None),
        (None, "s", None),
        ("a", None, None),
        (1, "s", None),
        ("a", ["s"], None),
        ("a", "s", {"t": 1}),
    ],
)
def test_a_key_has_texts_for_parts(key_id: object, secret: object, token: object) -> None:
    with pytest.raises(NoKeyError):
        whole(key_id, secret, token)


def test_a_library_that_does_not_load_is_told() -> None:
    def load() -> list[Provider]:
        raise ImportError("planted")

    failure = Chain(load)()
    assert isinstance(failure, SourceError)
    assert failure.message == "the vendor's library does not load: ImportError"


def test_the_order_is_that_of_the_libraries(environment: Environment) -> None:
    from alibabacloud_credentials import provider as alibaba
    from huaweicloudsdkcore.auth.provider import CredentialProviderChain

    environment(
        ALIBABA_CLOUD_ROLE_ARN="a",
        ALIBABA_CLOUD_OIDC_PROVIDER_ARN="b",
        ALIBABA_CLOUD_OIDC_TOKEN_FILE="c",
        ALIBABA_CLOUD_CREDENTIALS_URI="http://d",
        ALIBABA_CLOUD_ECS_METADATA_DISABLED="true",
    )
    theirs = alibaba.DefaultCredentialsProvider()._DefaultCredentialsProvider__providers_chain
    assert [type(provider).__name__.removesuffix("CredentialsProvider") for provider in theirs] == [
        "EnvironmentVariable",
        "OIDCRoleArn",
        "CLIProfile",
        "Profile",
        # its threads would outlive the test: "EcsRamRole" comes here
        "URL",
    ]
    named = ("environment", "oidc", "cli_profile", "profile", "metadata", "uri")
    assert names(AlibabaChain(chain="default")) == named
    assert choices(AlibabaChain) == ("default", *named)
    chain = CredentialProviderChain.get_basic()._providers
    kinds = [type(provider).__name__.removesuffix("CredentialProvider") for provider in chain]
    assert kinds == ["OidcSts", "Env", "Profile", "MetadataBasic", "PodIdentity"]
    assert names(HuaweiChain(chain="default")) == (
        "oidc",
        "environment",
        "profile",
        "metadata",
        "pod_identity",
    )
    assert choices(HuaweiChain) == ("default", *names(HuaweiChain(chain="default")))


def names(chain: Chained) -> tuple[str, ...]:
    return tuple(provider.name for provider in asked(chain)._load())


def choices(struct: type[Chained]) -> tuple[str, ...]:
    return get_args(get_type_hints(struct)["chain"])
