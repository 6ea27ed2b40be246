"""The providers of a vendor's library, asked in its order, and their failures in words that may be shown."""

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.clouds.bodies import read_error
from exporter.clouds.chain_cures import cures
from exporter.clouds.masking import presentable
from exporter.credentials import LARGEST, AccessKey, Secret
from exporter.errors import Reason, SourceError

LONGEST = 160
"""Characters of what is told of one provider."""

TOLD = frozenset(
    {
        "ApiTypeError",
        "ApiValueError",
        "ClientRequestException",
        "ConnectTimeout",
        "ConnectionError",
        "ConnectionException",
        "CredentialException",
        "FileNotFoundError",
        "HTTPError",
        "HostUnreachableException",
        "IsADirectoryError",
        "NoKeyError",
        "PermissionError",
        "ProxyError",
        "ReadTimeout",
        "RetryError",
        "SSLError",
        "SdkException",
        "ServerResponseException",
        "SslHandShakeException",
        "ValueError",
    }
)
"""Kinds of exceptions whose text is shown, cleaned. Others, such as a parser's, hold lines of files."""

INSTEAD = {
    "JSONDecodeError": "the answer or the file is not JSON",
    "MissingSectionHeaderError": "the file has no section",
    "ParsingError": "the file is not in INI form",
    "InvalidHeader": "the token holds what no header can carry, such as a line end",
}
"""What is said in place of such texts, where it is known."""

SECRETS = (
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
    "HUAWEICLOUD_SDK_SK",
    "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    "HUAWEICLOUD_OIDC_ID_TOKEN",
)
SECRET_FILES = (
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
    "HUAWEICLOUD_OIDC_TOKEN_FILE",
    "HUAWEICLOUD_SDK_ID_TOKEN_FILE",
    "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""Variables whose values, or whose files' contents, the libraries send; an answer may echo them."""

_POOL = re.compile(
    r"HTTPS?ConnectionPool\(host='([^']+)', port=\d+\): (?:Max retries exceeded with url: \S+ )?"
)
_SERVICE = re.compile(
    r"(?:\w+ - )?\{status_code:(\d+),request_id:[^,]*,error_code:([^,]*),error_msg:(.*),encoded_auth.*\}",
    re.DOTALL,
)
"""How the library of Huawei Cloud writes an answer."""

_RESULT = re.compile(r"result: (.*)", re.DOTALL)
"""How that of Alibaba Cloud does."""

_USER = re.compile(r"//[^/@\s]+@")
_QUERY = re.compile(r"\?[^\s'\")]*")
_DOLLAR = re.compile(r"\$(?=[/~])")
"""Stands before the path of a file in a message of Alibaba Cloud's library."""

_OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>(?:, |: )?")


class NoKeyError(Exception):
    """An answer in which there is no whole key."""


class SetUpError(Exception):
    """A provider is the one that was meant, and fails: another could only give somebody else's key."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One place where a key may be; ``fetch`` raises whatever the vendor's library does."""

    name: str
    fetch: Callable[[], AccessKey]


class Chain:
    """Asks providers in order until one has a key, and from then on that one alone, as the libraries do.

    ``load`` gives the providers when they are first needed: the vendors' libraries take a second to import.
    """

    def __init__(self, load: Callable[[], Sequence[Provider]]) -> None:
        self._load = load
        self._providers: Sequence[Provider] = ()
        self._sent: list[Secret] = []

    def __call__(self) -> AccessKey | SourceError:
        """Return a key or why there is none; never raises. For one thread at a time."""
        failures = []
        self._sent = sent()
        try:
            self._providers = self._providers or self._load()
        except Exception as exc:  # noqa: BLE001 - a broken installation fails in any way
            found = f"the vendor's library does not load: {told(exc)}"
            return SourceError(Reason.CREDENTIALS, found, cures=cures([("", found)]))
        for provider in self._providers:
            try:
                key = provider.fetch()
            except Exception as exc:  # noqa: BLE001 - the libraries let through whatever happens to them
                failures.append((provider.name, told(exc)))
                if isinstance(exc, SetUpError):
                    break
            else:
                self._providers = [provider]
                return key
        found = "; ".join(f"{name}: {said}" for name, said in failures)
        return SourceError(Reason.CREDENTIALS, f"no key: {found}", cures=cures(failures))


def whole(key_id: object, secret: object, token: object = None, expires_at: float | None = None) -> AccessKey:
    """Return the key of these parts; raises NoKeyError where one is missing or no text."""
    if not (isinstance(key_id, str) and isinstance(secret, str) and key_id and secret):
        raise NoKeyError("the answer lacks the id or the secret of a key")
    if token and not isinstance(token, str):
        raise NoKeyError("the answer's security token is no text")
    return AccessKey(
        id=key_id,
        secret=Secret(secret),
        security_token=Secret(token) if isinstance(token, str) and token else None,
        expires_at=None if expires_at is None else float(expires_at),
    )


def silence(*names: str) -> None:
    """Let loggers of the libraries say nothing: they print to standard error, answers with keys included."""
    for name in names:
        logging.getLogger(name).disabled = True


def told(failure: Exception) -> str:
    """Return the kind of a failure and its text, as far as they may be shown."""
    if isinstance(failure, SetUpError) and isinstance(failure.__cause__, Exception):
        return told(failure.__cause__)
    kind = type(failure).__name__
    if kind not in TOLD:
        return f"{kind}: {INSTEAD[kind]}" if kind in INSTEAD else kind
    text = str(failure).removeprefix(f"{kind} - ")
    text = _POOL.sub(r"\1: ", text)
    text = _RESULT.sub(lambda found: _words(found[1]), text)
    text = _SERVICE.sub(_service, text)
    text = _DOLLAR.sub("", text)
    text = _OBJECT.sub("", _QUERY.sub("?…", _USER.sub("//", text)))
    return presentable(f"{kind}: {text}", LONGEST)


def _service(found: re.Match[str]) -> str:
    status, code, body = found.groups()
    return f"{status} {_words(body, None if code in (status, 'None') else code)}"


def _words(body: str, code: str | None = None) -> str:
    """Return what the body of an answer says of the error, and nothing else of it."""
    error = read_error(body.encode(), "")
    return ": ".join(part for part in (error.code or code, error.message) if part) or "…"


def sent() -> list[Secret]:
    """Return what the libraries take from the environment and send; while it is held no text shows it."""
    values = [os.environ.get(name, "") for name in SECRETS]
    values += [_content(os.environ.get(name, "")) for name in SECRET_FILES]
    return [Secret(value) for value in values if value]


def _content(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST).decode(errors="replace").strip()
    except (OSError, ValueError):
        return ""
