"""Who calls Huawei Cloud: keys with signatures, or tokens of IAM."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.simulator import sdk_hmac, wire
from exporter.simulator.identities import DemoKey
from exporter.simulator.refusal import Cloud, no_permission, not_authenticated
from exporter.simulator.settings import Settings
from exporter.simulator.tokens import Tokens
from exporter.simulator.wire import Request

LOCKED = "AK access failed to reach the limit,forbidden."
WRONG = "verify aksk signature fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody known: a key or a user, and the projects where they may call."""

    name: str
    projects: tuple[str, ...]
    signed: bool
    """Whether they came with a signature, and not with a token."""


@dataclass(slots=True)
class _Record:
    """How a key has behaved."""

    failures: int = 0
    locked_until: float = 0.0


class HuaweiGate:
    """Lets signed requests and tokens in, and locks keys whose signatures are wrong too often in a row."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._records: dict[str, _Record] = {}

    def admit(self, request: Request, cloud: Cloud, now: float) -> Caller:
        """Return who calls.

        Raises Refusal: with what the gateway would answer, or the service where permission is lacking.
        """
        authorization = request.header("authorization")
        caller = (
            self._by_token(request, now)
            if authorization is None
            else self._by_key(request, authorization, now)
        )
        if request.path.get("project_id") not in caller.projects:
            raise no_permission(cloud)
        return caller

    def _by_token(self, request: Request, now: float) -> Caller:
        """Return who the token in X-Auth-Token was given to."""
        name = request.header("x-auth-token")
        token = self._tokens.find(name, now) if name else None
        if token is None:
            raise not_authenticated(Cloud.OCTOPUS, "decrypt token fail" if name else "x-auth-token not found")
        projects = (token.project,) if token.project and token.user.allowed else ()
        return Caller(name=token.user.name, projects=projects, signed=False)

    def _by_key(self, request: Request, authorization: str, now: float) -> Caller:
        """Return who signed."""
        given = wire.credentials(authorization, sdk_hmac.ALGORITHM) or {}
        if not {"Access", "SignedHeaders", "Signature"} <= set(given):
            raise not_authenticated(Cloud.OCTOPUS, "authorization header format is invalid")
        key = self._key(given["Access"])
        record = self._records.setdefault(key.id, _Record())
        if now < record.locked_until:
            raise not_authenticated(Cloud.OCTOPUS, LOCKED)
        if not self._right(request, key, given, now):
            self._note_failure(record, now)
            raise not_authenticated(Cloud.OCTOPUS, WRONG)
        record.failures = 0
        return Caller(name=key.id, projects=key.projects if key.allowed else (), signed=True)

    def _key(self, name: str) -> DemoKey:
        """Return the key of that id."""
        for key in self._settings.huawei_keys:
            if key.id == name:
                return key
        raise not_authenticated(Cloud.OCTOPUS, f"Get secretKey failed,ak:{name},err:ak not exist")

    def _right(self, request: Request, key: DemoKey, given: dict[str, str], now: float) -> bool:
        """Whether date, signature and security token are right, and what must be signed is."""
        signed = given["SignedHeaders"].split(";")
        date = request.header("x-sdk-date") or ""
        moment = _moment(date)
        if moment is None or abs(moment - now) > self._settings.tolerance:
            return False
        if request.header("x-security-token") != key.security_token or now >= key.expires:
            return False
        demanded = {"x-sdk-date"} | ({"x-security-token"} if key.security_token else set())
        expected = sdk_hmac.signature(key.secret, sdk_hmac.canonical_request(request, signed), date)
        return demanded <= set(signed) and hmac.compare_digest(expected, given["Signature"])

    def _note_failure(self, record: _Record, now: float) -> None:
        """Count a wrong signature; the one after too many in a row locks the key."""
        record.failures += 1
        if record.failures > self._settings.lock_after:
            record.failures = 0
            record.locked_until = now + self._settings.lock_time


def _moment(text: str) -> float | None:
    """Return the seconds since 1970 of an X-Sdk-Date."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
