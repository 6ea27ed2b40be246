"""Every documented error of the clouds, in our words."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clouds import alibaba, huawei
from exporter.clouds.answers import LONGEST_WAIT
from exporter.errors import Reason, SourceError

NOW = 1714550950.0  # 2024-05-01T08:09:10Z
WHAT = "GET /v1/p/jobs"
AUTHENTICATION, PERMISSION = Reason.AUTHENTICATION, Reason.PERMISSION
NOT_FOUND, BAD_REQUEST, THROTTLED = Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.THROTTLED
SERVER, BAD_RESPONSE = Reason.SERVER, Reason.BAD_RESPONSE
Explain = Any
BOTH = pytest.mark.parametrize("explain", [alibaba.explain, huawei.explain], ids=["alibaba", "huawei"])


def of(
    explain: Explain, status: int, body: object = b"", headers: Mapping[str, str] | None = None
) -> SourceError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error: SourceError = explain(status, httpx.Headers(headers), content, what=WHAT, now=NOW)
    return error


@pytest.mark.parametrize(
    ("status", "code", "reason", "retryable", "cure"),
    [
        (404, "InvalidAccessKeyId.NotFound", AUTHENTICATION, False, "check access_key_id"),
        (403, "InvalidAccessKeyId.Inactive", AUTHENTICATION, False, "check access_key_id"),
        (400, "IncompleteSignature", AUTHENTICATION, False, "check access_key_secret"),
        (400, "SignatureDoesNotMatch", AUTHENTICATION, False, "check access_key_secret"),
        (403, "SignatureDoesNotMatch", AUTHENTICATION, False, "check access_key_secret"),
        (400, "IllegalTimestamp", AUTHENTICATION, False, "set the clock"),
        (400, "InvalidTimeStamp.Expired", AUTHENTICATION, False, "set the clock"),
        (400, "InvalidTimeStamp.Format", AUTHENTICATION, False, "set the clock"),
        (400, "SignatureNonceUsed", AUTHENTICATION, True, "does a proxy repeat it"),
        (400, "InvalidSecurityToken.Expired", AUTHENTICATION, False, "renew all three"),
        (403, "InvalidSecurityToken.MismatchWithAccessKey", AUTHENTICATION, False, "renew all three"),
        (403, "Forbidden.RAM", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (403, "Forbidden", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (400, "NoPermission", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (403, "NoPermission.Workspace", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (400, "Throttling", THROTTLED, True, "lower requests_per_second"),
        (400, "Throttling.User", THROTTLED, True, "lower requests_per_second"),
        (503, "Throttling.Api", THROTTLED, True, "lower requests_per_second"),
        (200, "Throttling", THROTTLED, True, "lower requests_per_second"),
        (429, "SomethingElse", THROTTLED, True, "lower requests_per_second"),
        (400, "InvalidParameter", BAD_REQUEST, False, ""),
        (401, "SomethingElse", AUTHENTICATION, False, "check the credentials"),
        (403, "SomethingElse", PERMISSION, False, "check the permissions"),
        (404, "DatasetNotFound", NOT_FOUND, False, "check the ids, the region and the endpoint"),
        (500, "InternalError", SERVER, True, ""),
        (503, "ServiceUnavailable", SERVER, True, ""),
        (200, "InvalidAccessKeyId.NotFound", AUTHENTICATION, False, "check access_key_id"),
        (200, "SomethingElse", BAD_RESPONSE, False, "not the page that was asked for"),
    ],
)
def test_explains_alibabas_errors(
    *, status: int, code: str, reason: Reason, retryable: bool, cure: str
) -> None:
    body = {"RequestId": "7B9EFA4F-1", "HostId": "h", "Code": code, "Message": "Told words."}
    error = of(alibaba.explain, status, body)
    assert (error.reason, error.code, error.retryable, error.retry_after) == (reason, code, retryable, None)
    assert error.message.startswith(f"{WHAT}: {status} {code}: Told words")
    assert cure in error.message
    assert error.message.endswith(" (request 7B9EFA4F-1)")
    lower = of(alibaba.explain, status, {"code": code.lower(), "message": "Told words."})
    assert (lower.reason, lower.retryable) == (reason, retryable)


REACHED = "The throttling threshold has been reached: policy user over ratelimit,limit:1,time:"
LOCKED = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden."


@pytest.mark.parametrize(
    ("status", "code", "text", "reason", "retry_after", "cure"),
    [
        (404, "APIGW.0101", "The API does not exist", NOT_FOUND, None, "check the region and the endpoint"),
        (404, "APIG.0101", "The API does not exist", NOT_FOUND, None, "check the region and the endpoint"),
        (400, "APIGW.0201", "Bad request", BAD_REQUEST, None, ""),
        (413, "APIGW.0201", "Request entity too large", BAD_REQUEST, None, ""),
        (401, "APIGW.0301", "decrypt token fail", AUTHENTICATION, None, "the token is bad or has ended"),
        (401, "APIG.0301", "verify aksk signature fail", AUTHENTICATION, None, "check secret_key"),
        (401, "APIG.0301", "Get secretKey failed,err:ak not exist", AUTHENTICATION, None, "check access_key"),
        (403, "APIGW.0301", "something new", AUTHENTICATION, None, "check the credentials"),
        (401, "APIGW.0301", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (429, "APIGW.0301", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (403, "", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (429, "APIGW.0308", REACHED + "1 second", THROTTLED, 2.0, "lower requests_per_second"),
        (400, "APIG.0308", REACHED + "1 minute", THROTTLED, 60.0, "lower requests_per_second"),
        (429, "APIG.0308", REACHED + "999999 day", THROTTLED, LONGEST_WAIT, "lower requests_per_second"),
        (429, "APIGW.0308", "no period", THROTTLED, 2.0, "lower requests_per_second"),
        (429, "", "", THROTTLED, 2.0, "lower requests_per_second"),
        (400, "DLF.3051", "The request parameter is invalid", BAD_REQUEST, None, ""),
        (400, "DLF.0100", "The job does not exist", BAD_REQUEST, None, ""),
        (400, "DLF.2014", "bad job type", BAD_REQUEST, None, ""),
        (400, "DLF.6888", "Invalid account permissions", PERMISSION, None, "access to the workspace"),
        (403, "DLF.3051", "no", PERMISSION, None, "access to the workspace"),
        (400, "DLF.1", "Workspace does not exists.", NOT_FOUND, None, "X-Project-Id"),
        (400, "octopus.400000", "parameter check", BAD_REQUEST, None, ""),
        (401, "octopus.400001", "bad token", AUTHENTICATION, None, "check the credentials"),
        (400, "octopus.400001", "bad token", AUTHENTICATION, None, "check the credentials"),
        (403, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (400, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (404, "octopus.400004", "not found", NOT_FOUND, None, "check the ids"),
        (405, "octopus.400005", "not allowed", BAD_REQUEST, None, ""),
        (409, "octopus.400009", "conflict", BAD_REQUEST, None, ""),
        (500, "octopus.400100", "internal", SERVER, None, ""),
        (502, "octopus.400102", "bad gateway", SERVER, None, ""),
        (504, "octopus.400104", "gateway timeout", SERVER, None, ""),
        (200, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (200, "octopus.499999", "new", BAD_RESPONSE, None, "not the page that was asked for"),
    ],
)
def test_explains_huaweis_errors(
    *, status: int, code: str, text: str, reason: Reason, retry_after: float | None, cure: str
) -> None:
    error = of(huawei.explain, status, {"error_code": code, "error_msg": text, "request_id": "r-1"})
    assert (error.reason, error.code, error.retry_after) == (reason, code or None, retry_after)
    assert error.retryable == (reason in {THROTTLED, SERVER})
    assert error.message.startswith(f"{WHAT}: {status} {code}")
    assert text.rstrip(".") in error.message
    assert cure in error.message
    assert error.message.endswith(" (request r-1)")


HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@BOTH
@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, b'{"error_code":"X.1","error_msg":"down"}', f"{WHAT}: 500 X.1: down"),
        (502, HTML, f"{WHAT}: 502 Bad Gateway"),
        (503, b"", f"{WHAT}: 503 Service Unavailable"),
        (504, b"upstream timed out", f"{WHAT}: 504 upstream timed out"),
        (599, b"", f"{WHAT}: 599 with an unknown status"),
    ],
)
def test_a_broken_cloud_may_mend_by_itself(explain: Explain, status: int, body: bytes, message: str) -> None:
    error = of(explain, status, body, {"retry-after": "7"})
    assert (error.reason, error.retryable, error.retry_after, error.message) == (SERVER, True, 7.0, message)


@BOTH
@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://login.example.com/?token=planted", "the redirect to login.example.com was not followed"),
        ("/elsewhere", "the redirect was not followed"),
        ("https://a b", "the redirect was not followed"),
        ("https://host:port", "the redirect was not followed"),
        ("", "the redirect was not followed"),
    ],
)
def test_a_redirect_points_at_a_wrong_endpoint(explain: Explain, location: str, told: str) -> None:
    error = of(explain, 302, b"", {"location": location})
    assert (error.reason, error.retryable) == (BAD_RESPONSE, False)
    assert error.message == f"{WHAT}: 302 Found; {told}; check the endpoint"


@BOTH
@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (407, Reason.CONNECTION, False),
        (408, Reason.TIMEOUT, True),
        (418, BAD_REQUEST, False),
        (204, BAD_RESPONSE, False),
        (101, BAD_RESPONSE, False),
        (999, BAD_RESPONSE, False),
    ],
)
def test_an_undocumented_status_has_its_usual_meaning(
    *, explain: Explain, status: int, reason: Reason, retryable: bool
) -> None:
    error = of(explain, status)
    assert (error.reason, error.retryable, error.code) == (reason, retryable, None)


@pytest.mark.parametrize(
    ("headers", "retry_after"),
    [
        ({"x-acs-retry-after": "1500"}, 1.5),
        ({"x-acs-retry-after": "1500", "retry-after": "9"}, 1.5),
        ({"x-acs-retry-after": "9" * 400}, LONGEST_WAIT),
        ({"x-acs-retry-after": " 20 "}, 0.02),
    ],
)
def test_alibabas_own_header_means_throttling_in_milliseconds(
    headers: dict[str, str], retry_after: float
) -> None:
    for status in (400, 403, 500, 503):
        error = of(alibaba.explain, status, {"Code": "ServiceUnavailable"}, headers)
        assert (error.reason, error.retryable, error.retry_after) == (THROTTLED, True, retry_after)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "soon", "", "nan", "١٥"])
def test_anything_else_in_that_header_means_nothing(value: str) -> None:
    headers = httpx.Headers([(b"x-acs-retry-after", value.encode())])
    error = alibaba.explain(403, headers, b"", what=WHAT, now=NOW)
    assert (error.reason, error.retry_after) == (PERMISSION, None)


DATE = "Wed, 01 May 2024 08:09:10 GMT"


@BOTH
@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("3", None, 3.0),
        ("0.5", None, 0.5),
        ("86400", None, LONGEST_WAIT),
        ("86401", None, LONGEST_WAIT),
        ("9" * 400, None, LONGEST_WAIT),
        ("Wed, 01 May 2024 08:09:40 GMT", None, 30.0),
        ("Wed, 01 May 2024 08:09:40 GMT", "Wed, 01 May 2024 08:09:35 GMT", 5.0),
        ("Wed, 01 May 2024 08:09:40 -0000", DATE, 30.0),
        ("Wed, 01 May 2047 08:09:40 GMT", DATE, LONGEST_WAIT),
        ("Wed, 01 May 2024 08:09:40 GMT", "nonsense", 30.0),
    ],
)
def test_waits_as_long_as_retry_after_says(
    explain: Explain, value: str, date: str | None, seconds: float
) -> None:
    headers = {"retry-after": value} | ({"date": date} if date else {})
    assert of(explain, 503, b"", headers).retry_after == seconds
    assert of(explain, 429, b"", headers).retry_after == seconds
    assert of(explain, 403, b"", headers).retry_after is None


@BOTH
@pytest.mark.parametrize(
    "value", ["", "0", "-5", "nan", "inf", "1e3", "1_0", "soon", DATE, "Wed, 01 May 0001 00:00:00 +2359"]
)
def test_an_absurd_retry_after_is_no_hint(explain: Explain, value: str) -> None:
    assert of(explain, 503, b"", {"retry-after": value, "date": DATE}).retry_after is None


@settings(max_examples=500, deadline=None)
@given(value=st.text(st.characters(codec="latin-1"), max_size=40), date=st.text(max_size=3) | st.just(DATE))
def test_no_hint_is_ever_beyond_reason(value: str, date: str) -> None:
    raw = value.encode("latin-1")
    headers = httpx.Headers([(b"retry-after", raw), (b"x-acs-retry-after", raw), (b"date", date.encode())])
    for explain in (alibaba.explain, huawei.explain):
        wait = explain(429, headers, b"", what=WHAT, now=NOW).retry_after
        assert wait is None or 0 < wait <= LONGEST_WAIT


@BOTH
@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Wed, 01 May 2024 08:29:10 GMT", "our clock is 20 minutes behind the cloud's"),
        ("Wed, 01 May 2024 07:49:10 GMT", "our clock is 20 minutes ahead of the cloud's"),
        ("Wed, 01 May 2024 08:24:10 GMT", None),
        ("Wed, 01 May 2024 08:24:11 GMT", "our clock is 15 minutes behind the cloud's"),
    ],
)
def test_a_wrong_clock_is_named_where_authentication_failed(
    explain: Explain, date: str, told: str | None
) -> None:
    refused = of(explain, 401, b"", {"date": date})
    assert ("our clock is" in refused.message) == (told is not None)
    assert (told or "check the credentials") in refused.message
    assert "our clock" not in of(explain, 403, b"", {"date": date}).message


def test_a_wrong_clock_is_told_by_our_own_time_unless_told_otherwise() -> None:
    for explain in (alibaba.explain, huawei.explain):
        error = explain(401, httpx.Headers({"date": DATE}), b"", what=WHAT)
        assert "2024-05-01T08:09:10Z there): set it, with NTP" in error.message


@BOTH
def test_the_id_for_the_vendor_may_come_in_a_header(explain: Explain) -> None:
    assert of(explain, 500, b"", {"x-request-id": "r-9"}).message.endswith("(request r-9)")
    assert of(explain, 500, b"", {"x-acs-request-id": "r-9"}).message.endswith("(request r-9)")
    assert "request" not in of(explain, 500, b"", {"x-request-id": "not an id"}).message


@BOTH
def test_a_secret_that_comes_back_is_not_told(explain: Explain) -> None:
    planted = "CAISplanted0Token/" * 4
    body = {"code": f"Token={planted}", "message": f"X-Auth-Token: {planted}", "request_id": planted}
    headers = {
        "x-request-id": planted,
        "location": f"https://login.example.com/{planted}",
        "authorization": planted,
    }
    for status in (200, 302, 401, 403, 500):
        error = of(explain, status, body, headers)
        assert "planted" not in f"{error} {error.code}"


@settings(max_examples=300, deadline=None)
@given(
    status=st.integers(100, 999),
    body=st.binary(max_size=200),
    headers=st.dictionaries(
        st.sampled_from(["date", "retry-after", "location", "content-type", "x-request-id"]),
        st.binary(max_size=30),
    ),
)
def test_any_answer_has_an_explanation(status: int, body: bytes, headers: dict[str, bytes]) -> None:
    raw = httpx.Headers([(name.encode(), value) for name, value in headers.items()])
    for explain in (alibaba.explain, huawei.explain):
        error = explain(status, raw, body, what=WHAT, now=NOW)
        assert error.message.startswith(f"{WHAT}: {status}")
        assert error.message.isprintable()
        assert len(error.message) < 800
