"""Huawei Cloud's IAM: how to ask for a token with a password, and what the answer is worth; pure.

The vendor's page is "Obtaining a User Token Through Password Authentication".
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import msgspec

from exporter.clouds.huawei_errors import LOGIN_CURES, explain_login
from exporter.credentials import MASK, Secret
from exporter.errors import Reason, SourceError
from exporter.transport import date_of

LONGEST_MARGIN = 1800.0
"""Seconds before its end at which a token is renewed at the earliest; a shorter life leaves a tenth of it."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token and its times in seconds since 1970.

    ``expires_at`` is by the cloud's clock, ``renew_at`` and ``ends_at`` are by ours.
    """

    value: Secret
    expires_at: float
    renew_at: float
    ends_at: float


class _Life(msgspec.Struct):
    expires_at: datetime


class _Login(msgspec.Struct):
    token: _Life


def login_request(
    url: str, *, username: str, domain: str, password: Secret, project_id: str
) -> httpx.Request:
    """Return the request for a token that is good in one project."""
    user = {"name": username, "password": password.reveal(), "domain": {"name": domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return httpx.Request(
        "POST",
        url,
        params={"nocatalog": "true"},  # without it the answer lists every service of the cloud
        # A body that is not compressed is as large as it looks, so that a bound on it holds.
        headers={
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "datajobs-exporter",
        },
        json={"auth": {"identity": identity, "scope": {"project": {"id": project_id}}}},
        # What to say where it does not come back at all.
        extensions={"what": f"POST {url}", "cures": LOGIN_CURES},
    )


def read_login(response: httpx.Response, *, what: str, password: Secret, now: float) -> Token:
    """Return the token of an answer that was read to its end.

    Raises SourceError, never with the password or the token in it: what IAM says about a refusal, or
    CREDENTIALS where the answer makes no sense.
    """
    if not response.is_success:
        body = _without(password, response.content)
        raise explain_login(response.status_code, response.headers, body, what=what, now=now)
    value = response.headers.get("x-subject-token", "")
    if not _TOKEN.fullmatch(value):
        raise _nonsense(what, "without a usable X-Subject-Token header")
    try:
        expires_at = _timestamp(msgspec.json.decode(response.content, type=_Login).token.expires_at)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as exc:
        raise _nonsense(what, "without a readable token.expires_at") from exc
    # The Date header is the cloud's own present: where our clock is wrong the token still lives as long.
    life = expires_at - (date_of(response.headers) or now)
    if life <= 0:
        raise _nonsense(what, "with a token that has already ended")
    margin = min(life / 10, LONGEST_MARGIN)
    return Token(value=Secret(value), expires_at=expires_at, renew_at=now + life - margin, ends_at=now + life)


def _nonsense(what: str, how: str) -> SourceError:
    return SourceError(Reason.CREDENTIALS, f"{what}: answered {how}; check iam_endpoint")


def _timestamp(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _without(password: Secret, body: bytes) -> bytes:
    """Return ``body`` with the password masked, also as JSON spells it, should the server echo the login."""
    text = password.reveal()
    spellings = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    for spelling in sorted(filter(None, spellings), key=len, reverse=True):
        body = body.replace(spelling.encode(errors="replace"), MASK.encode())
    return body
