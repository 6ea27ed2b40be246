"""What Alibaba Cloud's errors mean, in our words."""

import re
import time
from dataclasses import replace

import httpx

from exporter.clouds.answers import LONGEST_WAIT, Verdict, by_status, failure, retry_after
from exporter.clouds.bodies import ErrorBody, read_error
from exporter.errors import Reason, SourceError

_ACTIONS = "paidataset:ListDatasetJobs, and paidataset:ListDatasets where datasets are discovered"
_CLOCK = "the cloud finds our date wrong: set the clock, with NTP"

BY_CODE: tuple[tuple[str, Verdict], ...] = (
    (
        "InvalidAccessKeyId",
        Verdict(
            reason=Reason.AUTHENTICATION,
            cure="this access key does not exist or is disabled: check access_key_id",
        ),
    ),
    (
        "SignatureDoesNotMatch",
        Verdict(
            reason=Reason.AUTHENTICATION,
            cure="check access_key_secret; does a proxy change the headers or the path?",
        ),
    ),
    (
        "IncompleteSignature",
        Verdict(
            reason=Reason.AUTHENTICATION,
            cure="check access_key_secret; does a proxy change or drop headers?",
        ),
    ),
    ("IllegalTimestamp", Verdict(reason=Reason.AUTHENTICATION, cure=_CLOCK)),
    ("InvalidTimeStamp", Verdict(reason=Reason.AUTHENTICATION, cure=_CLOCK)),
    (
        # Of a request whose answer was lost on the way back: it is sent once more on another connection.
        "SignatureNonceUsed",
        Verdict(
            reason=Reason.CONNECTION,
            retryable=True,
            cure="the request came twice; does a proxy repeat it?",
        ),
    ),
    (
        "InvalidSecurityToken",
        Verdict(
            reason=Reason.AUTHENTICATION,
            cure="the security token has ended or belongs to another access key: renew all three values",
        ),
    ),
    ("Forbidden", Verdict(reason=Reason.PERMISSION, cure=f"grant the RAM user or role {_ACTIONS}")),
    ("NoPermission", Verdict(reason=Reason.PERMISSION, cure=f"grant the RAM user or role {_ACTIONS}")),
)
"""By what a code begins with, in any case: the vendor adds endings, as in ``InvalidTimeStamp.Expired``."""

_MILLISECONDS = re.compile(r"0*[1-9][0-9]*")


def explain(
    status: int, headers: httpx.Headers, body: bytes, *, what: str, now: float | None = None
) -> SourceError:
    """Return the error for an answer of Alibaba Cloud that is not the page that ``what`` asked for.

    ``now`` is our clock, in seconds since 1970.
    """
    now = time.time() if now is None else now
    error = read_error(body, headers.get("content-type", ""))
    verdict = _throttled(status, headers, error, now) or _verdict(status, error, headers, now)
    return failure(verdict, status, headers, error, what=what, now=now)


def _throttled(status: int, headers: httpx.Headers, error: ErrorBody, now: float) -> Verdict | None:
    """Tell throttling: by the header of the vendor's SDKs, by the code at any status, by 429."""
    wait = _own_retry_after(headers)
    code = (error.code or "").lower()
    if wait is None and not code.startswith("throttling") and status != httpx.codes.TOO_MANY_REQUESTS:
        return None
    return Verdict(
        reason=Reason.THROTTLED,
        retryable=True,
        cure="too many requests: lower requests_per_second or concurrency",
        retry_after=wait or retry_after(headers, now),
    )


def _own_retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds that ``x-acs-retry-after`` asks for in milliseconds."""
    text = headers.get("x-acs-retry-after", "").strip()
    return min(float(text) / 1000, LONGEST_WAIT) if _MILLISECONDS.fullmatch(text) else None


def _verdict(status: int, error: ErrorBody, headers: httpx.Headers, now: float) -> Verdict:
    code = (error.code or "").lower()
    known = (verdict for beginning, verdict in BY_CODE if code.startswith(beginning.lower()))
    verdict = next(known, None) or by_status(status, headers)
    return replace(verdict, retry_after=retry_after(headers, now)) if verdict.retryable else verdict
