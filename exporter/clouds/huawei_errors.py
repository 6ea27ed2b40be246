"""What Huawei Cloud's errors mean, in our words: the gateway's, Octopus', DataArts' and IAM's."""

import re
import time
from dataclasses import replace

import httpx

from exporter.clouds.answers import Verdict, by_status, failure, retry_after, seconds
from exporter.clouds.bodies import ErrorBody, read_error
from exporter.errors import Reason, SourceError

SHORTEST_WAIT = 2.0
"""The gateway's page advises to wait 2 to 5 s once the threshold is reached."""

_GATEWAY = re.compile(r"APIGW?\.([0-9]{4})", re.IGNORECASE)
_PERIOD = re.compile(r"time:\s?([0-9]{1,6}) ?(second|minute|hour|day)", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

_AUTHENTICATION = Verdict(
    reason=Reason.AUTHENTICATION, cure="check the credentials, and that they belong to this region"
)
_PERMISSION = Verdict(
    reason=Reason.PERMISSION,
    cure="give the IAM user the right to list (octopus:dataJob:list, octopus:dataJobQueue:list; for DataArts "
    "access to the workspace)",
)
_THROTTLED = Verdict(
    reason=Reason.THROTTLED,
    retryable=True,
    cure="too many requests: lower requests_per_second or concurrency",
)

BY_CODE = {
    "apig.0101": Verdict(
        reason=Reason.NOT_FOUND, cure="this host has no such API: check the region and the endpoint"
    ),
    "apig.0301": _AUTHENTICATION,
    "apig.0308": _THROTTLED,
    "dlf.6888": _PERMISSION,
    "octopus.400001": _AUTHENTICATION,
    "octopus.400003": _PERMISSION,
}
"""What the code says against, or beyond, the status: DataArts refuses permission with a 400."""

_BY_STATUS = {401: _AUTHENTICATION, 403: _PERMISSION, 429: _THROTTLED}

BY_WORDS: tuple[tuple[str, Verdict], ...] = (
    (
        "failed to reach the limit",
        Verdict(
            reason=Reason.AUTHENTICATION,
            cure="the cloud has locked this access key for 5 minutes after more than five bad signatures; "
            "check secret_key first",
        ),
    ),
    (
        "workspace does not exist",
        Verdict(
            reason=Reason.NOT_FOUND,
            cure="check the source's workspaces, and that project_id (sent as X-Project-Id) is the project "
            "that the workspace is in",
        ),
    ),
)
"""What the words say, whatever the code and the status."""

AUTHENTICATION_CURES = (
    ("decrypt token", "the token is bad or has ended"),
    ("ak not exist", "this access key does not exist or is disabled: check access_key"),
    ("signature", "check secret_key; does a proxy change the headers or the path?"),
)

_LOGIN_CURES = {
    Reason.AUTHENTICATION: "check username, password and domain (the account's name); it must be an IAM user "
    "with programmatic access, an account itself cannot log in",
    Reason.PERMISSION: "is this IAM user enabled, with programmatic access and a role in the project?",
    Reason.BAD_REQUEST: "check username, domain and project_id",
    Reason.NOT_FOUND: "check project_id and iam_endpoint",
    Reason.THROTTLED: "too many logins",
}
LOGIN_CURES = {
    **{reason: f"{cure[:1].upper()}{cure[1:]}" for reason, cure in _LOGIN_CURES.items()},
    Reason.THROTTLED: "Too many logins: let sources share credentials, or scrape less often.",
    Reason.CONNECTION: "This is the login: check iam_endpoint or, where it is not set, region (the host is "
    "iam.REGION.myhuaweicloud.com), and DNS, proxies and firewalls on the way to it.",
    Reason.TLS: "This is the login: check iam_endpoint; if its certificate is of a CA of your own, name it "
    "in ca_file.",
    Reason.CREDENTIALS: "This is the login: check that iam_endpoint is IAM and no proxy's page.",
    Reason.BAD_RESPONSE: "This is the login: check that iam_endpoint is IAM and no proxy's page.",
}
"""What to do about a login that fails, in sentences; of others than these the reason tells enough."""


def explain(
    status: int, headers: httpx.Headers, body: bytes, *, what: str, now: float | None = None
) -> SourceError:
    """Return the error for an answer of Huawei Cloud that is not the page that ``what`` asked for.

    ``now`` is our clock, in seconds since 1970.
    """
    now = time.time() if now is None else now
    error = read_error(body, headers.get("content-type", ""))
    verdict = _with_wait(_verdict(status, error, headers), headers, error, now)
    return failure(verdict, status, headers, error, what=what, now=now)


def explain_login(
    status: int, headers: httpx.Headers, body: bytes, *, what: str, now: float | None = None
) -> SourceError:
    """Return the error for an answer of IAM that is not a token."""
    now = time.time() if now is None else now
    error = read_error(body, headers.get("content-type", ""))
    verdict = _with_wait(_verdict(status, error, headers), headers, error, now)
    verdict = replace(verdict, cure=_LOGIN_CURES.get(verdict.reason, verdict.cure))
    return of_login(failure(verdict, status, headers, error, what=what, now=now))


def of_login(error: SourceError) -> SourceError:
    """Return the error of a login with what to do about it: what an API says of its lists is not that."""
    cure = LOGIN_CURES.get(error.reason, error.reason.cure)
    if error.reason is Reason.AUTHENTICATION:
        hint = f"{error.hint[:1].upper()}{error.hint[1:]}."
        error.cures = (hint, error.reason.cure) if error.hint else (error.reason.cure,)
    else:
        error.cures = (cure if cure.endswith((".", "?")) else f"{cure}.",)
    return error


def _verdict(status: int, error: ErrorBody, headers: httpx.Headers) -> Verdict:
    words = (error.message or "").lower()
    for part, verdict in BY_WORDS:
        if part in words:
            return verdict
    verdict = BY_CODE.get(_plain(error.code)) or _BY_STATUS.get(status) or by_status(status, headers)
    if verdict.reason is not Reason.AUTHENTICATION:
        return verdict
    cure = next((cure for part, cure in AUTHENTICATION_CURES if part in words), verdict.cure)
    return replace(verdict, cure=cure)


def _plain(code: str | None) -> str:
    """Return a code in one spelling: the gateway writes APIGW.0301 and APIG.0301 for the same thing."""
    return _GATEWAY.sub(r"APIG.\1", code or "").lower()


def _with_wait(verdict: Verdict, headers: httpx.Headers, error: ErrorBody, now: float) -> Verdict:
    """Add how long to wait: by Retry-After, else by the gateway's words, ``limit:1,time:1 second``."""
    if not verdict.retryable:
        return verdict
    wait = retry_after(headers, now)
    if wait is None and verdict.reason is Reason.THROTTLED:
        wait = _told_wait(error.message or "")
    return replace(verdict, retry_after=wait)


def _told_wait(message: str) -> float:
    period = _PERIOD.search(message)
    if not period:
        return SHORTEST_WAIT
    number, unit = period.groups()
    return max(SHORTEST_WAIT, seconds(str(int(number) * _SECONDS[unit.lower()])) or 0.0)
