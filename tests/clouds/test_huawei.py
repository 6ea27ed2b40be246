"""SDK-HMAC-SHA256: the vendor's published example, and its own SDK on random requests."""

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clouds import huawei
from exporter.clouds.canonical import sha256
from exporter.clouds.huawei import HuaweiKeyAuth, canonical_request, sign, signed_names
from exporter.credentials import AccessKey, Secret
from exporter.errors import Reason, SourceError
from tests.clouds.signing import KEYS, SEGMENTS, TEXT, TOKENS, always, encoded_path, get, key

KEY = key("HWEXAMPLEAK000000001", "ExampleSecretKeyDoNotUse0123456789abcdef")
PROJECT = "ff6b627b9d7b45b48f773be511c1a2b8"
DATE = {"x-sdk-date": "20240501T080910Z"}
NOW = 1714550950.0
DATAARTS = "dayu-dlf.cn-north-4.myhuaweicloud.com"
OCTOPUS = "octopus.cn-north-11.myhuaweicloud.com"


def digest(request: httpx.Request) -> str:
    return sha256(canonical_request(request, signed_names(request)).encode())


def test_signs_a_list_of_dataarts() -> None:
    query = (("jobType", "BATCH"), ("limit", "100"), ("offset", "0"))
    request = get(DATAARTS, f"/v1/{PROJECT}/jobs", query)
    request.headers.update(
        {
            **DATE,
            "Content-Type": "application/json",
            "X-Project-Id": PROJECT,
            "workspace": "1dd3bc00000000000000000000d93f0a",
        }
    )
    assert canonical_request(request, signed_names(request)) == (
        "GET\n"
        f"/v1/{PROJECT}/jobs/\n"
        "jobType=BATCH&limit=100&offset=0\n"
        "content-type:application/json\n"
        "host:dayu-dlf.cn-north-4.myhuaweicloud.com\n"
        "workspace:1dd3bc00000000000000000000d93f0a\n"
        f"x-project-id:{PROJECT}\n"
        "x-sdk-date:20240501T080910Z\n"
        "\n"
        "content-type;host;workspace;x-project-id;x-sdk-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert digest(request) == "9fbe94bf5c43e921928bcfe56f99f76a6b3c86327992e25e5a652d8c06d2408f"
    assert sign(request, KEY) == (
        "SDK-HMAC-SHA256 Access=HWEXAMPLEAK000000001, "
        "SignedHeaders=content-type;host;workspace;x-project-id;x-sdk-date, "
        "Signature=213c616b143e4c02f10b7aa2a07631a2a366d02c4c9c3249bf5fe294cf04339c"
    )


async def test_signs_a_temporary_key_and_a_repeated_parameter() -> None:
    query = (
        ("limit", "200"),
        ("offset", "0"),
        ("job_types", "SCENARIO_TO_SIM"),
        ("job_types", "FRAME_EXTRACT"),
        ("workspace_id", "0"),
    )
    request = get(OCTOPUS, f"/v1.0/{PROJECT}/data/system-jobs", query)
    temporary = key(KEY.id, KEY.secret.reveal(), "ExampleSecurityToken//+abc==")
    auth = HuaweiKeyAuth(always(temporary), PROJECT, now=lambda: NOW)
    sent = await anext(auth.async_auth_flow(request))
    assert sent.url.raw_path.decode() == (
        f"/v1.0/{PROJECT}/data/system-jobs"
        "?job_types=FRAME_EXTRACT&job_types=SCENARIO_TO_SIM&limit=200&offset=0&workspace_id=0"
    )
    assert digest(sent) == "e8d08f54f04f27a44a98c6a7330ced1955bf32bb558b797793b469dea4d8b8a4"
    assert sent.headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=HWEXAMPLEAK000000001, "
        "SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, "
        "Signature=a97f55ca85d3c275afadad008ee4cfd7f251a29c70b0662b9c6875ccb6a87985"
    )


async def test_signs_the_least_that_there_can_be() -> None:
    query = (("limit", "200"), ("offset", "0"), ("queue_type", "INTERNAL"))
    request = get(OCTOPUS, f"/v1.0/{PROJECT}/data/queuing-jobs", query)
    sent = await anext(HuaweiKeyAuth(always(KEY), None, now=lambda: NOW).async_auth_flow(request))
    assert digest(sent) == "be923ed332c2d19eba40f604f2fe8033e336c0bc585268b73e2291d923de554b"
    assert sent.headers["Authorization"] == (
        "SDK-HMAC-SHA256 Access=HWEXAMPLEAK000000001, SignedHeaders=host;x-sdk-date, "
        "Signature=3b7ee78200f2b883100b19538615c712b56db633812b3dbd3f059db1312f76da"
    )


def test_signs_what_has_to_be_encoded() -> None:
    request = get(DATAARTS, f"/v1/{PROJECT}/jobs", (("jobName", "a b/c*~+é"),))
    request.headers.update(DATE)
    assert "\njobName=a%20b%2Fc%2A~%2B%C3%A9\n" in canonical_request(request, signed_names(request))
    assert digest(request) == "5eab827187207d232893a39fa9012fa76de261c6bb6df7aec51078558b9e7f85"
    assert sign(request, KEY).endswith("0f171230aa95a1274c2deb8d4451884a8bf7f7c634c30997a1c20e3787ae1c34")


def test_signs_the_example_that_the_vendor_published() -> None:
    query = (("limit", "2"), ("marker", "13551d6b-755d-4757-b956-536f674975c0"))
    request = get("service.region.example.com", "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs", query)
    request.headers.update({"Content-Type": "application/json", "X-Sdk-Date": "20191115T033655Z"})
    published = key("QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
    assert digest(request) == "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    assert sign(request, published) == (
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, "
        "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


@settings(max_examples=2000, deadline=None)
@given(
    segments=SEGMENTS,
    ends_in_slash=st.booleans(),
    query=st.dictionaries(TEXT, st.lists(TEXT, min_size=1, max_size=2), max_size=3),
    access_key=KEYS,
    project_id=st.none() | TOKENS,
    extra=st.fixed_dictionaries(
        {}, optional={"workspace": TOKENS, "content-type": st.just("application/json")}
    ),
    moment=st.integers(min_value=0, max_value=4_000_000_000),
)
async def test_signs_as_the_vendors_sdk_does(
    *,
    segments: list[str],
    ends_in_slash: bool,
    query: dict[str, list[str]],
    access_key: AccessKey,
    project_id: str | None,
    extra: dict[str, str],
    moment: int,
) -> None:
    path = encoded_path(segments) + ("/" if ends_in_slash else "")
    pairs = [(name, value) for name, values in query.items() for value in values]
    request = get(OCTOPUS, path, pairs)
    request.headers.update(extra)
    auth = HuaweiKeyAuth(always(access_key), project_id, now=lambda: float(moment))
    sent = await anext(auth.async_auth_flow(request))

    signed = {"host", "x-sdk-date", "x-project-id", "x-security-token", "workspace", "content-type"}
    theirs = SdkRequest(
        method="GET",
        schema="https",
        host=OCTOPUS,
        resource_path=path,
        query_params=list(query.items()),
        header_params={name: value for name, value in sent.headers.items() if name in signed},
        body="",
    )
    Signer(BasicCredentials(access_key.id, access_key.secret.reveal())).sign(theirs)
    assert sent.headers["Authorization"] == theirs.header_params["Authorization"]
    assert sent.url.raw_path.decode().partition("?")[2] == theirs.uri[len(path) :].removeprefix("?")


async def test_a_key_that_lost_its_token_is_sent_without_one() -> None:
    keys = iter((key("A1", "s", "token"), key("A2", "s")))

    async def source() -> AccessKey:
        return next(keys)

    auth = HuaweiKeyAuth(source, PROJECT)
    request = get(OCTOPUS, "/v1.0")
    first = dict((await anext(auth.async_auth_flow(request))).headers)
    second = dict((await anext(auth.async_auth_flow(request))).headers)
    assert (first["x-security-token"], first["x-project-id"]) == ("token", PROJECT)
    assert "x-security-token" not in second
    assert "Access=A2, SignedHeaders=host;x-project-id;x-sdk-date," in second["authorization"]


async def test_the_path_is_sent_without_the_slash_that_is_signed() -> None:
    sent = await anext(HuaweiKeyAuth(always(KEY), None).async_auth_flow(get(OCTOPUS, "/v1/x")))
    assert sent.url.raw_path == b"/v1/x"


async def test_never_signs_what_libraries_change() -> None:
    request = get(OCTOPUS, "/v1/x")
    request.headers.update({"user-agent": "x", "accept-encoding": "gzip", "accept": "application/json"})
    sent = await anext(HuaweiKeyAuth(always(KEY), None).async_auth_flow(request))
    assert "SignedHeaders=host;x-sdk-date," in sent.headers["Authorization"]


async def test_tells_who_it_is_and_until_when() -> None:
    ending = AccessKey(id="KEYID67890ABCDEF", secret=Secret("s"), security_token=Secret("t"), expires_at=99.0)
    auth = HuaweiKeyAuth(always(ending), PROJECT)
    assert (auth.identity, auth.expires_at) == ("", None)
    await anext(auth.async_auth_flow(get(OCTOPUS, "/v1/x")))
    assert (auth.identity, auth.expires_at) == ("KEYI…CDEF", 99.0)
    assert await auth.fingerprint() != await HuaweiKeyAuth(always(KEY), PROJECT).fingerprint()


async def test_a_key_that_cannot_be_right_is_not_sent() -> None:
    auth = HuaweiKeyAuth(always(key("id", "planted\nsecret")), PROJECT)
    with pytest.raises(SourceError, match="copied whole") as caught:
        await anext(auth.async_auth_flow(get(OCTOPUS, "/v1/x")))
    assert caught.value.reason is Reason.CREDENTIALS
    assert "planted" not in str(caught.value)


def test_the_cloud_has_its_explanations_at_hand() -> None:
    assert huawei.explain(401, httpx.Headers(), b"", what="GET /x").reason is Reason.AUTHENTICATION
