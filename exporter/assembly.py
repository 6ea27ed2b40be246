"""From a configuration to sources that can be scraped."""

import copy
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache

import httpx

from exporter.apis import APIS
from exporter.client import Client
from exporter.clouds.chains import chain_keys
from exporter.clouds.login import EXPLAIN, Auth, auth_of
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.credentials import Credentials
from exporter.instruments import Instruments
from exporter.pace import Pace
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
        standbys = []
        for settings in config.sources:
            standby = known.get(settings.name)
            same = standby is not None and standby.source.settings == settings
            if standby is None or not same or self._trusted.get(settings.name) != trusted[settings.name]:
                standby = self._standby(settings, logins)
            standbys.append(standby)
        logins.allow(config.sources)
        logins.forget_all_but({settings.credentials_name for settings in config.sources})
        self._logins, self._trusted = logins, trusted
        return standbys

    def _standby(self, settings: Settings, logins: "Logins") -> Standby:
        counts = self._instruments.of(settings.api, settings.name)
        api = APIS[settings.api]
        endpoint = settings.endpoint or api.endpoint(settings.region or "")
        auth = logins.auth(settings)
        client = Client(
            self._connect(endpoint, settings),
            auth,
            logins.standing(settings, endpoint, auth),
            EXPLAIN[settings.cloud],
            counts,
            concurrency=settings.concurrency,
            requests_per_second=settings.requests_per_second,
            shared_pace=logins.pace(settings),
        )
        return Standby(Source(settings, api, client, auth), counts)


class Logins:
    """What sources of the same credentials share: a token, a pace, and what the cloud thinks of them."""

    def __init__(self) -> None:
        self._chain_keys = cache(chain_keys)
        self._credentials: dict[str, Credentials] = {}
        self._auths: dict[tuple[str, str | None, str | None], Auth] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._paces: dict[str, Pace] = {}

    def copy(self) -> "Logins":
        """Return what knows the same and learns for itself."""
        twin = copy.copy(self)
        twin._credentials, twin._auths = self._credentials.copy(), self._auths.copy()
        twin._standings, twin._paces = self._standings.copy(), self._paces.copy()
        return twin

    def forget_all_but(self, names: Collection[str]) -> None:
        """Forget the credentials that go by other names than these."""
        self._auths = {key: auth for key, auth in self._auths.items() if key[0] in names}
        self._standings = {key: value for key, value in self._standings.items() if key[0] in names}
        self._credentials = {name: keys for name, keys in self._credentials.items() if name in names}
        self._paces = {name: pace for name, pace in self._paces.items() if name in names}

    def pace(self, settings: Settings) -> Pace:
        """Return the pace that all sources with the same credentials keep together."""
        name = settings.credentials_name
        return self._paces.setdefault(name, Pace(settings.requests_per_second))

    def allow(self, sources: Iterable[Settings]) -> None:
        """Let the sources of the same credentials together ask as fast as the fastest of them may alone."""
        fastest: dict[str, float] = {}
        for settings in sources:
            name = settings.credentials_name
            fastest[name] = max(fastest.get(name, 0.0), settings.requests_per_second)
        for name, rate in fastest.items():
            if name in self._paces:
                self._paces[name].allow(rate)

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
