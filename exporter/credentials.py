"""Secrets, and where they come from: values, environment, files."""

import os
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Protocol
from weakref import WeakValueDictionary

import msgspec
from msgspec import Meta

from exporter.errors import Reason, SourceError
from exporter.spellings import spellings

MASK = "<secret>"
SHORTEST = 8
"""Characters; Huawei Cloud takes no shorter password, and keys and tokens are far longer."""
LEAST_ID = 16
"""Characters; both clouds' ids have 20 and more."""
LARGEST = 65_536
"""Bytes of a secret's file; a security token has a few thousand."""

SETTLED_NS = 100_000_000
"""Two changes within one tick of a file system's clock look like one: a fresher file is read each time."""

HEADER_SAFE = re.compile("[!-~]+")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\u200b\ud800-\udfff\ufeff]")


class Secret:
    """A text that prints masked; ``reveal()`` is the one way to its value.

    While it lives, ``without_secrets`` takes it out of any text: of what a server sends back, of a traceback.
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        _LIVING[id(self)] = self

    def reveal(self) -> str:
        """Return the value, for signing and sending only."""
        return self._value

    def publish(self) -> str:
        """Return the value of what is no secret after all, the id of a key: texts may show it from now on."""
        _LIVING.pop(id(self), None)
        return self._value

    @staticmethod
    def living() -> set[str]:
        """Return the values that there are now."""
        # The references are listed at once, as other threads make secrets too; values() would be walked.
        secrets = [reference() for reference in _LIVING.valuerefs()]
        return {secret._value for secret in secrets if secret is not None}

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


_LIVING: WeakValueDictionary[int, Secret] = WeakValueDictionary()


def without_secrets(text: str) -> str:
    """Return the text without any secret that the program holds, also as servers may spell it.

    Shorter ones than any cloud gives or takes may be common words and stay.
    """
    values = [value for value in Secret.living() if len(value) >= SHORTEST]
    spelled = {spelling for value in values for spelling in spellings(value)}
    # The longest first: one may be a part of another.
    for spelling in sorted(spelled, key=len, reverse=True):
        text = text.replace(spelling, MASK)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key pair, permanent or temporary; ``expires_at`` in seconds since 1970, None if it never ends."""

    id: str
    secret: Secret
    security_token: Secret | None = None
    expires_at: float | None = None


def abbreviated(key_id: str) -> str:
    """Return as much of a key's id as tells it from others; too short a text is no id, and not shown.

    An id is no secret. But who has put the secret in its place shall not see it whole on a page.
    """
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) >= LEAST_ID else MASK


KeySource = Callable[[], Awaitable[AccessKey]]
"""Gives the key to sign with now; raises SourceError(CREDENTIALS)."""

SecretSource = Callable[[], Awaitable[Secret]]
"""Gives the secret to use now; raises SourceError(CREDENTIALS)."""


class SecretText(Protocol):
    """A secret of the configuration, wherever it is kept."""

    def read(self) -> Secret:
        """Return the secret as it is now; raise SourceError(CREDENTIALS) where it cannot be had."""
        ...


class UnfitError(ValueError):
    """A text or a file that is no secret; the message does not repeat it."""


def usable(text: str) -> str:
    """Return a secret's text without trailing line ends; raise UnfitError where no secret looks like it."""
    stripped = text.rstrip("\r\n")
    if not stripped.strip():
        raise UnfitError("is empty")
    if UNPRINTABLE.search(stripped):
        raise UnfitError("holds more than one line, or characters that do not show")
    if stripped != stripped.strip():
        raise UnfitError("begins or ends with white space")
    return stripped


@dataclass(frozen=True, slots=True)
class FixedSecret:
    """A secret that stands in the configuration or in the environment."""

    secret: Secret

    def read(self) -> Secret:
        """Return the secret."""
        return self.secret


@dataclass(slots=True, unsafe_hash=True)
class SecretFile:
    """A secret in a file, read again whenever the file changes; line ends after it do not count.

    A look costs one ``stat`` and the file is tiny, so both are done in the event loop. Kubernetes swaps a
    symbolic link when it renews a secret: the file behind the path is then another one.
    """

    path: Path
    now_ns: Callable[[], int] = field(default=time.time_ns, compare=False, repr=False)
    _version: tuple[int, ...] = field(default=(), compare=False, repr=False)
    _secret: Secret = field(default=Secret(""), compare=False, repr=False)

    def read(self) -> Secret:
        """Return the file's secret as it is now; the error names the file."""
        try:
            if self._version != _version(self.path.stat()):
                self._version, self._secret = _read(self.path, self.now_ns)
        except OSError as error:
            raise _unusable(self.path, error.strerror or "cannot be read") from error
        except UnicodeDecodeError:
            raise _unusable(self.path, "is not UTF-8 text") from None  # the cause would carry the bytes
        except UnfitError as error:
            raise _unusable(self.path, str(error)) from error
        return self._secret


def _read(path: Path, now_ns: Callable[[], int]) -> tuple[tuple[int, ...], Secret]:
    """Return a file's version and its secret; the version is () while another change could look the same."""
    if not path.is_file():
        raise UnfitError("is not a regular file")
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnfitError(f"holds more than {LARGEST} bytes")
    settled = now_ns() - status.st_ctime_ns > SETTLED_NS
    return _version(status) if settled else (), Secret(usable(content.decode("utf-8-sig")))


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev


def _unusable(path: Path, problem: str) -> SourceError:
    return SourceError(Reason.CREDENTIALS, f"{path}: {problem}")


class AlibabaKeys(msgspec.Struct, frozen=True, kw_only=True):
    """An access key of Alibaba Cloud."""

    cloud: ClassVar[str] = "alibaba"

    access_key_id: Annotated[SecretText, Meta(description="The AccessKey ID of a RAM user or role.")]
    access_key_secret: Annotated[SecretText, Meta(description="Its AccessKey secret.")]
    security_token: Annotated[
        SecretText | None,
        Meta(description="For a temporary key (STS); all three are then best kept in files."),
    ] = None


class HuaweiKeys(msgspec.Struct, frozen=True, kw_only=True):
    """An access key (AK/SK) of Huawei Cloud."""

    cloud: ClassVar[str] = "huawei"

    access_key: Annotated[SecretText, Meta(description="The access key ID (AK) of an IAM user.")]
    secret_key: Annotated[SecretText, Meta(description="Its secret access key (SK).")]
    security_token: Annotated[
        SecretText | None,
        Meta(description="For a temporary key; all three are then best kept in files."),
    ] = None


class HuaweiPassword(msgspec.Struct, frozen=True, kw_only=True):
    """An IAM user of Huawei Cloud; ``iam_endpoint`` None stands for that of the source's region."""

    cloud: ClassVar[str] = "huawei"

    username: str
    password: Annotated[SecretText, Meta(description="The user's password.")]
    domain: str
    iam_endpoint: str | None = None


class AlibabaChain(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of Alibaba Cloud by way of its own library (extra ``alibaba``)."""

    cloud: ClassVar[str] = "alibaba"

    chain: Annotated[
        Literal["default", "environment", "oidc", "cli_profile", "profile", "metadata", "uri"],
        Meta(
            description="Where to look for a key: `default` takes the first of the others, in this order, "
            "that has one. `oidc` is RRSA of a Kubernetes service account, `metadata` the RAM role of an "
            "ECS.",
            examples=["default"],
        ),
    ]
    profile: Annotated[
        str | None,
        Meta(
            description="The profile, if not the one that `ALIBABA_CLOUD_PROFILE` or its file names.",
            examples=["metrics"],
        ),
    ] = None
    role_name: Annotated[
        str | None,
        Meta(description="The RAM role of the ECS, if it is not to be looked up.", examples=["metrics"]),
    ] = None


class HuaweiChain(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of Huawei Cloud by way of its own library (extra ``huawei``)."""

    cloud: ClassVar[str] = "huawei"

    chain: Annotated[
        Literal["default", "oidc", "environment", "profile", "metadata", "pod_identity"],
        Meta(
            description="Where to look for a key: `default` takes the first of the others, in this order, "
            "that has one. `oidc` is a trust agency of a Kubernetes service account, `metadata` the agency "
            "of an ECS.",
            examples=["default"],
        ),
    ]


Credentials = AlibabaKeys | HuaweiKeys | HuaweiPassword | AlibabaChain | HuaweiChain

LIBRARIES = {"alibaba": "alibabacloud_credentials", "huawei": "huaweicloudsdkcore"}
"""The vendors' libraries behind the chains, by the cloud, whose name is the extra's too."""


def key_source(keys: AlibabaKeys | HuaweiKeys) -> KeySource:
    """Return the source of a key; its files are looked at on each call."""
    parts: tuple[Secret, Secret, Secret | None] | None = None
    known: AccessKey | None = None

    async def read() -> AccessKey:
        nonlocal parts, known
        now = _parts_of(keys)
        if known is None or parts is None or any(a is not b for a, b in zip(parts, now, strict=True)):
            known = _key_of(*now)
            parts = now
        return known

    return read


def huawei_password(login: HuaweiPassword) -> SecretSource:
    """Return the source of an IAM user's password; its file is looked at on each call."""

    async def read() -> Secret:
        return login.password.read()

    return read


def access_key(keys: AlibabaKeys | HuaweiKeys) -> AccessKey:
    """Return the key as it is now; raise SourceError(CREDENTIALS) where it cannot be had."""
    return _key_of(*_parts_of(keys))


def _parts_of(keys: AlibabaKeys | HuaweiKeys) -> tuple[Secret, Secret, Secret | None]:
    if isinstance(keys, AlibabaKeys):
        key_id, secret = keys.access_key_id.read(), keys.access_key_secret.read()
    else:
        key_id, secret = keys.access_key.read(), keys.secret_key.read()
    return key_id, secret, keys.security_token.read() if keys.security_token else None


def _key_of(key_id: Secret, secret: Secret, token: Secret | None) -> AccessKey:
    for part in (key_id, token):
        if part and not HEADER_SAFE.fullmatch(part.reveal()):
            message = "the access key's id or token holds white space or a character beyond ASCII"
            raise SourceError(Reason.CREDENTIALS, message)
    return AccessKey(id=key_id.publish(), secret=secret, security_token=token)
