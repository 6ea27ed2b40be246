"""From a configuration to sources that can be scraped."""

import copy
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache

import httpx

from exporter.apis import APIS
from exporter.client import Client, Shared
from exporter.clouds.chains import chain_keys
from exporter.clouds.login import EXPLAIN, Auth, auth_of
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.credentials import Credentials
from exporter.instruments import Instruments
from exporter.pace import Pace
from exporter.places import Places
from exporter.scrape import Scraper, Standby
from exporter.source import Source
from exporter.standing import Standing
from exporter.transport import connect, digest_of

Connect = Callable[[str, Settings], httpx.AsyncClient]
"""Opens a client for an endpoint with the settings of a source."""


def over_the_network(endpoint: str, settings: Settings) -> httpx.AsyncClient:
    """Open a client on real sockets."""
    return connect(
        endpoint,
        ca_file=settings.ca_file,
        connections=settings.concurrency,
        timeout=settings.timeout,
    )


def assemble(config: Config, instruments: Instruments, connect: Connect = over_the_network) -> Scraper:
    """Return the scraper of a configuration; raises SourceError(TLS) for an unusable ``ca_file``."""
    return Scraper(Assembly(instruments, connect).standbys(config, {}))


class Assembly:
    """Makes sources, and remembers what they share: also over a change of the configuration."""

    def __init__(self, instruments: Instruments, connect: Connect = over_the_network) -> None:
        self._instruments = instruments
        self._connect = connect
        self._logins = Logins()
        self._trusted: Mapping[str, bytes] = {}

    def standbys(self, config: Config, known: Mapping[str, Standby]) -> list[Standby]:
        """Return a source for each entry; one that is known with the very same settings is that one.

        Another ``ca_file`` in the place of the one that it was made with is a change, too. Raises
        SourceError(TLS) for an unusable one: then nothing is remembered of the whole configuration.
        """
        logins = self._logins.copy()
        trusted = {settings.name: digest_of(settings.ca_file) for settings in config.sources}
        kept = {
            settings.name: standby
            for settings in config.sources
            if (standby := known.get(settings.name)) is not None
            and standby.source.settings == settings
            and self._trusted.get(settings.name) == trusted[settings.name]
        }
        # All that can fail comes before anything is shared with sources that are at work.
        opened = {
            settings.name: self._connect(endpoint_of(settings), settings)
            for settings in config.sources
            if settings.name not in kept
        }
        standbys = [
            kept.get(settings.name) or self._standby(settings, logins, opened[settings.name])
            for settings in config.sources
        ]
        logins.allow(config.sources)
        logins.forget_all_but({settings.credentials_name for settings in config.sources})
        self._logins, self._trusted = logins, trusted
        return standbys

    def _standby(self, settings: Settings, logins: "Logins", http: httpx.AsyncClient) -> Standby:
        counts = self._instruments.of(settings.api, settings.name)
        api = APIS[settings.api]
        auth = logins.auth(settings)
        client = Client(
            http,
            auth,
            logins.standing(settings, endpoint_of(settings), auth),
            EXPLAIN[settings.cloud],
            counts,
            concurrency=settings.concurrency,
            requests_per_second=settings.requests_per_second,
            shared=logins.shared(settings),
        )
        return Standby(Source(settings, api, client, auth), counts)


def endpoint_of(settings: Settings) -> str:
    """Return the address that a source asks."""
    return settings.endpoint or APIS[settings.api].endpoint(settings.region or "")


class Logins:
    """What sources of the same credentials share: a token, limits, and what the cloud thinks of them."""

    def __init__(self) -> None:
        self._chain_keys = cache(chain_keys)
        self._credentials: dict[str, Credentials] = {}
        self._auths: dict[tuple[str, str | None, str | None], Auth] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._shared: dict[str, Shared] = {}

    def copy(self) -> "Logins":
        """Return what knows the same and learns for itself."""
        twin = copy.copy(self)
        twin._credentials, twin._auths = self._credentials.copy(), self._auths.copy()
        twin._standings, twin._shared = self._standings.copy(), self._shared.copy()
        return twin

    def forget_all_but(self, names: Collection[str]) -> None:
        """Forget the credentials that go by other names than these."""
        self._auths = {key: auth for key, auth in self._auths.items() if key[0] in names}
        self._standings = {key: value for key, value in self._standings.items() if key[0] in names}
        self._credentials = {name: keys for name, keys in self._credentials.items() if name in names}
        self._shared = {name: shared for name, shared in self._shared.items() if name in names}

    def shared(self, settings: Settings) -> Shared:
        """Return the limits that all sources with the same credentials keep together."""
        limits = Shared(places=Places(settings.concurrency), pace=Pace(settings.requests_per_second))
        return self._shared.setdefault(settings.credentials_name, limits)

    def allow(self, sources: Iterable[Settings]) -> None:
        """Let the sources of the same credentials have together what the one with the most has alone."""
        for name, shared in self._shared.items():
            several = [settings for settings in sources if settings.credentials_name == name]
            if several:
                shared.pace.allow(max(settings.requests_per_second for settings in several))
                shared.places.allow(max(settings.concurrency for settings in several))

    def auth(self, settings: Settings) -> Auth:
        """Return the signer of a source, one for each scope of the credentials."""
        self._forget_others(settings)
        project_id: str | None = getattr(settings.options, "project_id", None)
        key = (settings.credentials_name, project_id, settings.region)
        if key not in self._auths:
            self._auths[key] = auth_of(
                settings.credentials,
                project_id=project_id,
                region=settings.region,
                chain_keys=self._chain_keys,
            )
        return self._auths[key]

    def standing(self, settings: Settings, endpoint: str, auth: Auth) -> Standing:
        """Return their standing at one endpoint: a wrong endpoint must not stop the others."""
        key = (settings.credentials_name, endpoint)
        if key not in self._standings:
            self._standings[key] = Standing(auth.fingerprint)
        return self._standings[key]

    def _forget_others(self, settings: Settings) -> None:
        """Forget what went by this name with other credentials, before the configuration changed."""
        name = settings.credentials_name
        if self._credentials.get(name, settings.credentials) != settings.credentials:
            self._auths = {key: auth for key, auth in self._auths.items() if key[0] != name}
            self._standings = {key: value for key, value in self._standings.items() if key[0] != name}
        self._credentials[name] = settings.credentials
