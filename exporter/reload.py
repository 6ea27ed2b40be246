"""The configuration in use, and how it is read again while scrapes go on."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from exporter.assembly import Assembly
from exporter.config import Config, ConfigError
from exporter.errors import SourceError
from exporter.instruments import Instruments
from exporter.scrape import Scraper, Standby

log = logging.getLogger(__name__)

Read = Callable[[], Config]
"""Reads the configuration file; raises ConfigError."""


class ReloadError(Exception):
    """The file is no good; the old configuration is still at work. The message has every mistake."""


class Reloader:
    """Puts a new configuration to work in the place of the old one, or leaves the old one.

    Sources that did not change keep their connections, their snapshots and what was learnt of their cloud.
    Those that are gone finish the scrapes that wait for them.
    """

    def __init__(
        self, read: Read, config: Config, assembly: Assembly, scraper: Scraper, instruments: Instruments
    ) -> None:
        self._read = read
        self._assembly = assembly
        self._scraper = scraper
        self._instruments = instruments
        self._one_at_a_time = asyncio.Lock()
        self.config = config
        self._note()

    async def reload(self) -> None:
        """Read the file again; raises ReloadError."""
        async with self._one_at_a_time:
            try:
                # A large file takes part of a second, in which scrapes are to be answered.
                config = await asyncio.to_thread(self._read)
                standbys = self._assembly.standbys(config, self._scraper.standbys)
            except (ConfigError, SourceError) as exc:
                self._instruments.reload_failed()
                log.error("the configuration was not reloaded, the old one is still at work: %s", exc)  # noqa: TRY400  the message says it all
                raise ReloadError(str(exc)) from None  # the cause would carry what was read
            except Exception:
                self._instruments.reload_failed()
                raise
            before = self._scraper.standbys
            self._scraper.install(standbys)
            self.config = config
            self._note()
            log.info("the configuration was reloaded: %s", difference(before, self._scraper.standbys))

    def _note(self) -> None:
        self._instruments.in_use({source.name: source.api for source in self.config.sources})
        self._instruments.reloaded()


def difference(before: Mapping[str, Standby], after: Mapping[str, Standby]) -> str:
    """Say what became of the sources."""
    kept = sum(before.get(name) is standby for name, standby in after.items())
    new, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return (
        f"of {len(after)} sources {kept} as before, {len(after) - kept - new} changed, {new} new; {gone} gone"
    )
