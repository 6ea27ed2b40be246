"""How many scrapes are answered at once: who comes when there are enough is refused early.

A scrape whose client has hung up is given up; its place is free for the next.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.web.refusals import Refusals

log = logging.getLogger(__name__)

RETRY_AFTER = 5
"""Seconds after which it is worth while to ask again: half of a source's usual timeout."""


class Admission:
    """Lets so many scrapes through at once, 0 for any number; ``refused`` is told of each other one."""

    def __init__(self, most: int, refused: Callable[[], None]) -> None:
        self._most = most
        self._refused = refused
        self._inside = 0
        self._refusals = Refusals(log)

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return an application that lets scrapes through to another; those of all such share the places."""

        async def admitting(scope: Scope, receive: Receive, send: Send) -> None:
            if self._most and self._inside >= self._most:
                await self._refuse(scope, receive, send)
                return
            self._inside += 1
            try:
                await while_connected(app, scope, receive, send)
            finally:
                self._inside -= 1

        return admitting

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._refused()
        client = (scope.get("client") or ["an unknown client"])[0]
        self._refusals.note(
            "refused a scrape of %s: %d are being answered (--web.max-requests)", client, self._inside
        )
        refusal = PlainTextResponse(
            f"{self._most} scrapes are being answered, as many as --web.max-requests allows at once: "
            f"try again in {RETRY_AFTER} s, or scrape less often\n",
            status_code=503,
            headers={"retry-after": str(RETRY_AFTER)},
        )
        await refusal(scope, receive, send)


async def while_connected(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run an application that reads no body, but no longer than there is somebody to take its answer."""
    answer = asyncio.ensure_future(app(scope, receive, send))
    gone = asyncio.create_task(hung_up(receive), name="watch for a client that hangs up")
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not answer.done():
            answer.cancel()
    with suppress(asyncio.CancelledError):
        await answer


async def hung_up(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
