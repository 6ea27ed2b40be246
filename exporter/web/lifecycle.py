"""What is done to the exporter over HTTP: show its configuration, read it again, end it."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.config import masked
from exporter.reload import Reloader, ReloadError

METHODS = ["POST", "PUT"]


class Lifecycle:
    """The pages over one reloader. ``stop`` ends the exporter; both doings need ``enabled``."""

    def __init__(self, reloader: Reloader, stop: Callable[[], None], *, enabled: bool) -> None:
        self._reloader = reloader
        self._stop = stop
        self._enabled = enabled

    def routes(self) -> list[Route]:
        """Return where the pages are."""
        return [
            Route("/config", self.config),
            Route("/-/reload", self.reload, methods=METHODS),
            Route("/-/quit", self.quit, methods=METHODS),
        ]

    async def config(self, _: Request) -> Response:
        """Show the configuration in use, with all defaults, secrets masked."""
        return PlainTextResponse(masked(self._reloader.config))

    async def reload(self, _: Request) -> Response:
        """Read the configuration file again; 400 with every mistake where it is no good."""
        if not self._enabled:
            return disabled()
        try:
            await self._reloader.reload()
        except ReloadError as exc:
            return PlainTextResponse(f"{exc}\n", status_code=400)
        return PlainTextResponse("reloaded\n")

    async def quit(self, _: Request) -> Response:
        """End the exporter, after the scrapes in flight."""
        if not self._enabled:
            return disabled()
        self._stop()
        return PlainTextResponse("stopping\n")


def disabled() -> Response:
    """Refuse: whoever reaches the port must not stop the exporter unless that was allowed."""
    return PlainTextResponse("not enabled; start with --web.enable-lifecycle\n", status_code=403)
