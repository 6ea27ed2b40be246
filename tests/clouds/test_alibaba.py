"""ACS3-HMAC-SHA256: the vendor's published example, and its own SDK on random requests."""

import calendar
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yarl
from alibabacloud_tea_openapi.utils import Utils
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clouds import alibaba
from exporter.clouds.alibaba import AlibabaAuth, canonical_request, sign, signed_names
from exporter.clouds.canonical import as_signed, path_by_segment, sha256, sorted_query
from exporter.credentials import AccessKey, KeySource, Secret
from exporter.errors import Reason, SourceError
from tests.clouds.signing import KEYS, SEGMENTS, TEXT, TOKENS, always, encoded_path, get, key

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HOST = "aiworkspace.cn-hangzhou.aliyuncs.com"
KEY = key("LTAI5tEXAMPLEKEYID00", "ExampleSecretDoNotUse0123456789")
STAMP = {
    "x-acs-version": "2021-02-04",
    "x-acs-date": "2024-05-01T08:09:10Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-content-sha256": EMPTY,
}
JOBS = "/api/v1/datasets/d-abc123/datasetjobs"
JOBS_QUERY = (
    ("WorkspaceId", "1234"),
    ("PageNumber", "1"),
    ("PageSize", "50"),
    ("SortBy", "CreateTime"),
    ("Order", "DESC"),
)


def stamped(request: httpx.Request, action: str, **headers: str) -> httpx.Request:
    request.headers.update({**STAMP, "x-acs-action": action, **headers})
    return request


def test_signs_a_list_without_a_token() -> None:
    request = stamped(get(HOST, JOBS, JOBS_QUERY), "ListDatasetJobs")
    names = signed_names(request)
    assert canonical_request(request, names) == (
        "GET\n"
        "/api/v1/datasets/d-abc123/datasetjobs\n"
        "Order=DESC&PageNumber=1&PageSize=50&SortBy=CreateTime&WorkspaceId=1234\n"
        "host:aiworkspace.cn-hangzhou.aliyuncs.com\n"
        "x-acs-action:ListDatasetJobs\n"
        f"x-acs-content-sha256:{EMPTY}\n"
        "x-acs-date:2024-05-01T08:09:10Z\n"
        "x-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\n"
        "x-acs-version:2021-02-04\n"
        "\n"
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\n"
        f"{EMPTY}"
    )
    assert sha256(canonical_request(request, names).encode()) == (
        "cf48df1350547d9ed8ab93fbcd1e73780bf9d317fd516fb300e9542a3886d0ab"
    )
    assert sign(request, KEY) == (
        "ACS3-HMAC-SHA256 Credential=LTAI5tEXAMPLEKEYID00,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=16a4a937942153a71ca11d2c24ddf7cad61ac0190ce7bfae136bbff90b3dae2e"
    )


def test_signs_a_list_with_a_token() -> None:
    request = stamped(
        get(HOST, JOBS, JOBS_QUERY),
        "ListDatasetJobs",
        **{"x-acs-accesskey-id": KEY.id, "x-acs-security-token": "CAISExampleStsToken//+abc=="},
    )
    assert sha256(canonical_request(request, signed_names(request)).encode()) == (
        "5e1f889c7db353a2260c2086c853e66117294701e284bb938383970e83346ea1"
    )
    assert sign(request, KEY) == (
        "ACS3-HMAC-SHA256 Credential=LTAI5tEXAMPLEKEYID00,"
        "SignedHeaders=host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=4257e6d1efb9879777f017e3c73869502877c0376c2be1fdca0f1892e90b83e3"
    )


def test_signs_what_has_to_be_encoded() -> None:
    query = (("Name", "a b/c*~+é"), ("WorkspaceId", "1234"))
    request = stamped(get(HOST, "/api/v1/datasets", query), "ListDatasets")
    assert sorted_query(request.url) == "Name=a%20b%2Fc%2A~%2B%C3%A9&WorkspaceId=1234"
    assert sha256(canonical_request(request, signed_names(request)).encode()) == (
        "53ec8da47afcef4f48e227524924e493dad65b6ebd102e38942fd97d3aab5ff4"
    )
    assert sign(request, KEY).endswith("e974fb2ba08f8c6f00faa6116cae74fd836fe254234621ec6c2d68fbca27fc04")


def test_signs_whatever_headers_it_is_told_to() -> None:
    request = stamped(
        get(HOST, JOBS, (*JOBS_QUERY, ("WithLogs", "False"))),
        "ListDatasetJobs",
        **{
            "accept": "application/json",
            "user-agent": "example-agent/1.0",
            "x-acs-credentials-provider": "static_ak",
        },
    )
    names = {"accept", "user-agent", *signed_names(request)}
    assert sign(request, KEY, names) == (
        "ACS3-HMAC-SHA256 Credential=LTAI5tEXAMPLEKEYID00,"
        "SignedHeaders=accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;"
        "x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=19e09b22e0d2d0d8d0f91d25e9c43bb3770df31ac4f80d9f1620da64f72e6f56"
    )


def test_signs_the_example_that_the_vendor_published() -> None:
    query = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    request = httpx.Request("POST", "https://ecs.cn-shanghai.aliyuncs.com/", params=query)
    request.headers.update(
        {**STAMP, "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26"}
        | {"x-acs-date": "2023-10-26T10:22:32Z"}
    )
    authorization = sign(request, key("YourAccessKeyId", "YourAccessKeySecret"))
    assert authorization.endswith("06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


QUERIES = st.dictionaries(
    st.text("ABCabc019-._~", min_size=1, max_size=4), TEXT, max_size=2
)  # the SDK does not encode names, so that only names which need no encoding can be compared


@settings(max_examples=2000, deadline=None)
@given(
    segments=SEGMENTS,
    query=QUERIES,
    access_key=KEYS,
    action=st.sampled_from(["ListDatasets", "ListDatasetJobs"]),
    extra=st.dictionaries(st.sampled_from(["x-acs-one", "x-acs-two", "content-type"]), TOKENS, max_size=3),
    moment=st.integers(min_value=0, max_value=4_000_000_000),
)
async def test_signs_as_the_vendors_sdk_does(
    *,
    segments: list[str],
    query: dict[str, str],
    access_key: AccessKey,
    action: str,
    extra: dict[str, str],
    moment: int,
) -> None:
    request = get(HOST, encoded_path(segments), query.items())
    request.headers.update({"x-acs-action": action, "x-acs-version": "2021-02-04", **extra})
    auth = AlibabaAuth(always(access_key), now=lambda: float(moment))
    sent = await anext(auth.async_auth_flow(request))

    names = {"host", "content-type"}
    headers = {name: value for name, value in sent.headers.items() if name in names or name[:6] == "x-acs-"}
    theirs: Any = SimpleNamespace(
        method="GET",
        pathname="/" + "/".join(Utils.get_encode_path(segment) for segment in segments),
        query=query,
        headers=headers,
    )
    secret = access_key.secret.reveal()
    assert sent.headers["Authorization"] == Utils.get_authorization(
        theirs, "ACS3-HMAC-SHA256", EMPTY, access_key.id, secret
    )


@settings(max_examples=500, deadline=None)
@given(segments=SEGMENTS, query=st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_what_is_signed_survives_the_connection_librarys_spelling(
    segments: list[str], query: list[tuple[str, str]]
) -> None:
    """aiohttp's URLs are spelled anew before they are sent; decoded, they must still be what was signed."""
    url = as_signed(get(HOST, encoded_path(segments), query).url)
    sent = httpx.URL(str(yarl.URL(str(url))))
    assert as_signed(url) == url
    assert (path_by_segment(sent), sorted_query(sent)) == (path_by_segment(url), sorted_query(url))


async def sent_by(auth: httpx.Auth, request: httpx.Request) -> httpx.Request:
    return await anext(auth.async_auth_flow(request))


def ask() -> httpx.Request:
    request = get(HOST, JOBS, JOBS_QUERY)
    request.headers.update({"x-acs-action": "ListDatasetJobs", "x-acs-version": "2021-02-04"})
    return request


async def test_every_attempt_has_its_own_nonce_and_date() -> None:
    clock = iter((1714550950.0, 1714550951.9))
    auth = AlibabaAuth(always(KEY), now=lambda: next(clock))
    request = ask()
    first = dict((await sent_by(auth, request)).headers)
    second = dict((await sent_by(auth, request)).headers)
    assert first["x-acs-date"] == "2024-05-01T08:09:10Z"
    assert second["x-acs-date"] == "2024-05-01T08:09:11Z"
    assert len({first["x-acs-signature-nonce"], second["x-acs-signature-nonce"]}) == 2
    assert first["authorization"] != second["authorization"]


async def test_the_date_is_our_own_time_unless_told_otherwise() -> None:
    before = int(time.time())
    sent = await sent_by(AlibabaAuth(always(KEY)), ask())
    date = calendar.timegm(time.strptime(sent.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"))
    assert before <= date <= time.time()


async def test_a_key_that_lost_its_token_is_sent_without_one() -> None:
    keys = iter((key("A1", "s", "token"), key("A2", "s")))

    async def source() -> AccessKey:
        return next(keys)

    auth = AlibabaAuth(source)
    request = ask()
    first = dict((await sent_by(auth, request)).headers)
    second = dict((await sent_by(auth, request)).headers)
    assert (first["x-acs-security-token"], first["x-acs-accesskey-id"]) == ("token", "A1")
    assert not {"x-acs-security-token", "x-acs-accesskey-id"} & second.keys()


async def test_never_signs_what_libraries_change() -> None:
    request = ask()
    request.headers.update({"user-agent": "x", "accept-encoding": "gzip", "accept": "application/json"})
    sent = await sent_by(AlibabaAuth(always(KEY)), request)
    signed = sent.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0]
    assert signed == "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"


async def test_the_query_is_sent_as_it_was_signed() -> None:
    sent = await sent_by(AlibabaAuth(always(KEY)), get(HOST, "/a", (("b", "x y"), ("a", "*+"))))
    assert sent.url.raw_path == b"/a?a=%2A%2B&b=x%20y"


async def test_tells_who_it_is_once_it_has_signed() -> None:
    ending = AccessKey(id="KEYID67890ABCDEF", secret=Secret("s"), security_token=Secret("t"), expires_at=99.0)
    auth = AlibabaAuth(always(ending))
    assert (auth.identity, auth.expires_at) == ("", None)
    await sent_by(auth, ask())
    assert (auth.identity, auth.expires_at) == ("KEYI…CDEF", 99.0)


async def test_the_fingerprint_changes_with_every_part_of_the_key_and_only_then() -> None:
    versions = [key("a", "s"), key("a", "s2"), key("b", "s"), key("a", "s", "t"), key("a", "s", "t2")]
    prints = [await AlibabaAuth(always(version)).fingerprint() for version in versions]
    assert len(set(prints)) == len(versions)
    assert await AlibabaAuth(always(key("a", "s"))).fingerprint() == prints[0]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (key("", "secret-planted"), "access key id"),
        (key("id with blank", "secret-planted"), "access key id"),
        (key("id", ""), "access key's secret"),
        (key("id", "secret-planted\n"), "access key's secret"),
        (key("id", "secret-plantéd"), "access key's secret"),
        (key("id", "secret-planted", "token-plantéd"), "security token"),
        (key("id", "secret-planted\udcff"), "access key's secret"),
    ],
)
async def test_a_key_that_cannot_be_right_is_not_sent(bad: AccessKey, named: str) -> None:
    with pytest.raises(SourceError, match=named) as caught:
        await sent_by(AlibabaAuth(always(bad)), ask())
    assert caught.value.reason is Reason.CREDENTIALS
    assert "plant" not in str(caught.value)


async def test_a_missing_key_is_the_sources_failure() -> None:
    async def none() -> AccessKey:
        raise SourceError(Reason.CREDENTIALS, "no such file")

    source: KeySource = none
    with pytest.raises(SourceError, match="no such file"):
        await sent_by(AlibabaAuth(source), ask())


def test_refuses_to_leave_a_request_unsigned_in_a_client_that_is_not_async() -> None:
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client,
        pytest.raises(RuntimeError, match=r"AsyncClient only"),
    ):
        client.get(f"https://{HOST}/", auth=AlibabaAuth(always(KEY)))


def test_the_cloud_has_its_explanations_at_hand() -> None:
    headers = httpx.Headers()
    assert alibaba.explain(403, headers, b"", what="GET /x").reason is Reason.PERMISSION
