"""The exporter itself: sources behind a server, until a signal."""

import logging
import socket
from collections.abc import Sequence

from exporter import __version__
from exporter.assembly import assemble
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.web.app import Web
from exporter.web.server import serving, stop_requested, url

log = logging.getLogger(__name__)


async def serve(config: Config, sockets: Sequence[socket.socket], telemetry_path: str) -> None:
    """Answer scrapes until SIGINT or SIGTERM; requests in flight are finished first."""
    stop = stop_requested()
    instruments = Instruments()
    instruments.reloaded()
    scraper = assemble(config, instruments)
    web = Web(scraper, instruments, telemetry_path)
    async with serving(web.application(), sockets, scraper.aclose):
        for listening in sockets:
            log.info("version %s listens on %s", __version__, url(listening, telemetry_path))
        await stop.wait()
        log.info("stopping")
