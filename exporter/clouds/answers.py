"""What an answer that is not a page says by itself, whichever cloud gave it: status, waits, clocks."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpx

from exporter.clouds.bodies import ErrorBody, request_id_of
from exporter.credentials import without_secrets
from exporter.errors import Reason, SourceError
from exporter.transport import date_of, moment_of

LONGEST_WAIT = 86_400.0
"""Seconds; a cloud that asks for more is taken to mean this."""
LARGEST_SKEW = 900.0
"""Seconds by which the clocks may differ before both clouds refuse signatures."""

_HOST = re.compile(r"[a-z0-9.:-]{1,100}")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an error means: ``retryable`` says that it may pass by itself, ``cure`` what to do about it."""

    reason: Reason
    retryable: bool = False
    cure: str = ""
    retry_after: float | None = None


_BY_STATUS = {
    401: Verdict(reason=Reason.AUTHENTICATION, cure="check the credentials"),
    403: Verdict(reason=Reason.PERMISSION, cure="check the permissions of these credentials"),
    404: Verdict(reason=Reason.NOT_FOUND, cure="check the ids, the region and the endpoint"),
    407: Verdict(reason=Reason.CONNECTION, cure="a proxy in between asks for a login"),
    408: Verdict(reason=Reason.TIMEOUT, retryable=True),
    429: Verdict(reason=Reason.THROTTLED, retryable=True),
}
_BY_CLASS = {
    2: Verdict(reason=Reason.BAD_RESPONSE, cure="this is not the page that was asked for"),
    4: Verdict(reason=Reason.BAD_REQUEST),
    5: Verdict(reason=Reason.SERVER, retryable=True),
}
_SAID_ANYWAY = {_BY_STATUS[status].cure for status in (401, 403, 404)}
"""No hints: they say less than what is said of the reason wherever there is room for it."""
_NOT_HTTP = Verdict(reason=Reason.BAD_RESPONSE, cure="check the endpoint")


def by_status(status: int, headers: httpx.Headers) -> Verdict:
    """Return what ``status`` alone means."""
    if status // 100 == 3:  # noqa: PLR2004 - the class of redirects
        cure = f"the redirect{_target(headers)} was not followed; check the endpoint"
        return Verdict(reason=Reason.BAD_RESPONSE, cure=cure)
    return _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _NOT_HTTP)


def _target(headers: httpx.Headers) -> str:
    """Name the host that a redirect leads to, never the rest of its address, which may hold secrets."""
    location = headers.get("location", "")
    if without_secrets(location) != location:
        return ""
    try:
        host = httpx.URL(location).host
    except (httpx.InvalidURL, ValueError):
        return ""
    return f" to {host}" if _HOST.fullmatch(host) else ""


def seconds(text: str) -> float | None:
    """Return a positive number of seconds, at most a day; None for anything else."""
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    return min(value, LONGEST_WAIT) if value > 0 else None


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Return the seconds that Retry-After asks for, a moment being measured by the answer's own clock."""
    text = headers.get("retry-after", "").strip()
    moment = moment_of(text)
    if moment is None:
        return seconds(text)
    wait = moment - (date_of(headers) or now)
    return min(wait, LONGEST_WAIT) if wait > 0 else None


def clock_cure(headers: httpx.Headers, now: float) -> str | None:
    """Return what to say where the clocks differ too much for a signature to be accepted, else None."""
    date = date_of(headers)
    if date is None or abs(now - date) <= LARGEST_SKEW:
        return None
    ours, theirs = (_clock_text(moment) for moment in (now, date))
    direction = "ahead of" if now > date else "behind"
    minutes = round(abs(now - date) / 60)
    difference = f"{minutes} minutes {direction} the cloud's ({ours} here, {theirs} there)"
    return f"our clock is {difference}: set it, with NTP"


def _clock_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def failure(
    verdict: Verdict, status: int, headers: httpx.Headers, error: ErrorBody, *, what: str, now: float
) -> SourceError:
    """Return the error for an answer that was judged.

    Its message: what was asked, the status, the cloud's code and words, the cure, the id for the vendor.
    """
    cure = verdict.cure
    if verdict.reason is Reason.AUTHENTICATION:
        cure = clock_cure(headers, now) or cure
    found = _without_repetition(status, error)
    request_id = error.request_id or _header_id(headers)
    asked = f" (request {request_id})" if request_id else ""
    return SourceError(
        verdict.reason,
        f"{what}: {found}{f'; {cure}' if cure else ''}{asked}",
        code=error.code,
        retryable=verdict.retryable,
        retry_after=verdict.retry_after if verdict.retryable else None,
        fact=f"{what}: {found}{asked}",
        hint="" if cure in _SAID_ANYWAY else cure,
    )


def _without_repetition(status: int, error: ErrorBody) -> str:
    """Return ``502 Bad Gateway`` for a page whose title says just that, or for one that says nothing."""
    message = (error.message or "").removeprefix(str(status)).strip().rstrip(".;")
    code = error.code if error.code != str(status) else None
    told = ": ".join(part for part in (code, message) if part)
    return f"{status} {told or _phrase(status)}".strip()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "with an unknown status"


def _header_id(headers: httpx.Headers) -> str | None:
    ids = (request_id_of(headers.get(name, "")) for name in ("x-request-id", "x-acs-request-id"))
    return next(filter(None, ids), None)
