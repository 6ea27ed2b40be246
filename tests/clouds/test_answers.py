"""What an answer says by its status and headers alone: redirects, waits, clocks, ids."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clouds import alibaba, huawei
from exporter.clouds.answers import LONGEST_WAIT
from exporter.errors import Reason
from tests.clouds.explaining import (
    BAD_REQUEST,
    BAD_RESPONSE,
    BOTH,
    NOW,
    PERMISSION,
    SERVER,
    THROTTLED,
    WHAT,
    Explain,
    of,
)

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
