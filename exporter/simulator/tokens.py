"""IAM: tokens for user and password (page "Obtaining a User Token Through Password Authentication")."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from exporter.simulator.identities import DemoUser
from exporter.simulator.refusal import Cloud, Refusal, bad_parameter, not_authenticated
from exporter.simulator.settings import Settings


class _Domain(msgspec.Struct):
    name: str


class _User(msgspec.Struct):
    name: str
    password: str
    domain: _Domain


class _Password(msgspec.Struct):
    user: _User


class _Identity(msgspec.Struct):
    methods: list[str]
    password: _Password


class _Project(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Scope(msgspec.Struct):
    project: _Project | None = None
    domain: _Project | None = None


class _Auth(msgspec.Struct):
    identity: _Identity
    scope: _Scope | None = None


class _Login(msgspec.Struct):
    auth: _Auth


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was given out; ``project`` is None where it has no project's scope."""

    user: DemoUser
    project: str | None
    expires: float


class Tokens:
    """Gives out tokens and knows them again. A new one leaves the old ones valid."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._random = Random(f"tokens {settings.seed}")  # noqa: S311 - nothing real is behind these tokens
        self._given: OrderedDict[str, Token] = OrderedDict()

    def issue(self, body: bytes, now: float) -> tuple[str, dict[str, Any]]:
        """Return a token and the answer's body for a login.

        Raises Refusal: for a body that is no login, a wrong password, a project that is not the user's.
        """
        try:
            auth = msgspec.json.decode(body, type=_Login).auth
        except msgspec.DecodeError as exc:
            raise bad_parameter(Cloud.IAM, f"The request body is invalid: {exc}") from exc
        user = self._user(auth.identity)
        project = _project(user, auth.scope)
        expires = now + self._settings.token_life
        name = f"MIIDemoToken{self._random.getrandbits(512):0128x}"
        self._forget(now)
        self._given[name] = Token(user=user, project=project[0] if project else None, expires=expires)
        return name, _told(user, project, now, expires)

    def find(self, name: str, now: float) -> Token | None:
        """Return the token of that name if it is still valid."""
        token = self._given.get(name)
        return token if token and now < token.expires else None

    def _user(self, identity: _Identity) -> DemoUser:
        """Return the user whose name, domain and password are right."""
        if identity.methods != ["password"]:
            raise bad_parameter(Cloud.IAM, "The authentication method is not supported.")
        claimed = identity.password.user
        for user in self._settings.huawei_users:
            same = (user.name, user.domain) == (claimed.name, claimed.domain.name)
            if same and hmac.compare_digest(user.password.encode(), claimed.password.encode()):
                return user
        raise not_authenticated(Cloud.IAM)

    def _forget(self, now: float) -> None:
        """Drop what has expired, so that memory stays flat."""
        for name in [name for name, token in self._given.items() if token.expires <= now]:
            del self._given[name]


def _project(user: DemoUser, scope: _Scope | None) -> tuple[str, str] | None:
    """Return id and name of the project that is asked for."""
    wanted = scope.project if scope else None
    if wanted is None:
        return None
    for identifier, name in user.projects:
        if wanted.id == identifier or (wanted.id is None and wanted.name == name):
            return identifier, name
    raise Refusal(401, "IAM.0004", "The project does not exist or is not the user's.")


def _told(user: DemoUser, project: tuple[str, str] | None, now: float, expires: float) -> dict[str, Any]:
    """Return what IAM tells about a token; times have microseconds."""
    domain = {"id": "0d03a100000000000000000000000001", "name": user.domain}
    token: dict[str, Any] = {
        "issued_at": _microseconds(now),
        "expires_at": _microseconds(expires),
        "methods": ["password"],
        "user": {"id": "0123000000000000000000000000user", "name": user.name, "domain": domain},
        "roles": [{"id": "0", "name": "te_agency"}],
        "catalog": [],
    }
    if project:
        token["project"] = {"id": project[0], "name": project[1], "domain": domain}
    return {"token": token}


def _microseconds(moment: float) -> str:
    """Return IAM's form of a time, ``2020-01-04T09:05:22.701000Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
