"""The exporter itself: sources behind a server, until a signal."""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from exporter import __version__, notify
from exporter.assembly import Assembly
from exporter.config import Config
from exporter.instruments import Instruments
from exporter.reload import Read, Reloader, ReloadError
from exporter.scrape import Scraper
from exporter.web.app import Web
from exporter.web.lifecycle import Lifecycle
from exporter.web.server import serving, stop_requested, url

if TYPE_CHECKING:
    import ssl

    from starlette.types import ASGIApp

    from exporter.web.webfile import WebFile

log = logging.getLogger(__name__)


async def serve(
    config: Config,
    read: Read,
    sockets: Sequence[socket.socket],
    telemetry_path: str,
    *,
    enable_lifecycle: bool,
    max_requests: int,
    web_file: "WebFile | None" = None,
) -> None:
    """Answer scrapes until SIGINT or SIGTERM; requests in flight are finished first.

    SIGHUP reads the configuration again.
    """
    stop = stop_requested()
    instruments = Instruments()
    assembly = Assembly(instruments)
    scraper = Scraper(assembly.standbys(config, {}))
    reloader = Reloader(read, config, assembly, scraper, instruments)
    on_hangup(reloader)
    lifecycle = Lifecycle(reloader, stop.set, enabled=enable_lifecycle)
    web = Web(scraper, instruments, telemetry_path, lifecycle.routes(), max_requests)
    app, tls = behind(web_file, web.application())
    async with serving(app, sockets, scraper.aclose, tls=tls):
        for listening in sockets:
            address = url(listening, telemetry_path, secure=tls is not None)
            log.info("version %s listens on %s", __version__, address)
        notify.tell(notify.READY)
        await stop.wait()
        notify.tell(notify.STOPPING)
        log.info("stopping")


def behind(web_file: "WebFile | None", app: "ASGIApp") -> "tuple[ASGIApp, ssl.SSLContext | None]":
    """Return the application behind what the file says, and the context to listen with."""
    if web_file is None:
        return app, None
    from exporter.web.guard import guarded

    return guarded(app, web_file)


def on_hangup(reloader: Reloader) -> None:
    """Reload at each SIGHUP; what is wrong with the file is logged."""
    under_way: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        with suppress(ReloadError):
            await reloader.reload()

    def begin() -> None:
        task = asyncio.create_task(reload(), name="reload")
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)
