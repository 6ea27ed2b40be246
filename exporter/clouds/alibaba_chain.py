"""Keys by way of Alibaba Cloud's own library: environment, OIDC (RRSA), profiles, ECS role, credentials URI.

Only this file knows ``alibabacloud_credentials``. It reads the environment once, when it is imported.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from exporter.clouds.providers import Provider, silence, whole
from exporter.credentials import AccessKey, AlibabaChain

NOISY = (
    "credentials",
    "alibabacloud-tea",
    "apscheduler.scheduler",
    "apscheduler.executors.default",
    "urllib3.connectionpool",  # would tell addresses, which hold the OIDC token
)


class Vendors(Protocol):
    """A provider of the library."""

    def get_credentials(self) -> Any:
        """Return the library's form of a key."""


def providers(chain: AlibabaChain) -> Sequence[Provider]:
    """Return the providers of a chain in the library's order."""
    from alibabacloud_credentials import provider as vendor

    silence(*NOISY)
    every: dict[str, Callable[[], AccessKey]] = {
        "environment": partial(_fetch, vendor.EnvironmentVariableCredentialsProvider),
        "oidc": partial(_fetch, vendor.OIDCRoleArnCredentialsProvider),
        "cli_profile": _Profile(partial(vendor.CLIProfileCredentialsProvider, profile_name=chain.profile)),
        "profile": _Profile(partial(vendor.ProfileCredentialsProvider, profile_name=chain.profile)),
        "metadata": partial(
            _fetch,
            # Its own renewal would begin a thread with every provider, and hides why one failed.
            partial(
                vendor.EcsRamRoleCredentialsProvider, role_name=chain.role_name, async_update_enabled=False
            ),
        ),
        "uri": partial(_fetch, vendor.URLCredentialsProvider),
    }
    return [Provider(name, fetch) for name, fetch in every.items() if chain.chain in ("default", name)]


def _fetch(make: Callable[[], Vendors]) -> AccessKey:
    """Ask a new provider, which has nothing cached: when to ask again is not the library's to decide."""
    return _key(make().get_credentials())


def _key(found: Any) -> AccessKey:
    return whole(
        found.get_access_key_id(),
        found.get_access_key_secret(),
        found.get_security_token(),
        found.get_expiration() or None,
    )


class _Profile:
    """A profile, looked up again when its file changes; the library itself does that once.

    Otherwise the provider is kept: for a profile that names an ECS role it runs threads that nobody can end.
    """

    def __init__(self, make: Callable[[], Vendors]) -> None:
        self._make = make
        self._provider: Vendors | None = None
        self._version: tuple[int, ...] = ()

    def __call__(self) -> AccessKey:
        if self._provider is None or self._version != _version_of(self._provider):
            self._provider = self._make()
            self._version = _version_of(self._provider)
        if _behind(self._provider) is None:
            self._provider.get_credentials()
        return _key((_behind(self._provider) or self._provider).get_credentials())


def _behind(profile: Vendors) -> Vendors | None:
    """Return what a profile leads to: it knows when its key ends, and the profile does not pass that on."""
    inner: Vendors | None = getattr(profile, f"_{type(profile).__name__}__innerProvider", None)
    return inner


def _version_of(profile: Vendors) -> tuple[int, ...]:
    """Return what changes when the file of a profile does."""
    try:
        status = Path(getattr(profile, "_profile_file", "")).stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino
