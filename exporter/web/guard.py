"""What stands before all pages: passwords and headers of the web configuration."""

import base64
import binascii
import logging
import ssl
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.passwords import Passwords
from exporter.web.refusals import Refusals
from exporter.web.webconfig import WebConfig
from exporter.web.webfile import WebFile

log = logging.getLogger(__name__)

CHALLENGE = {"www-authenticate": 'Basic realm="datajobs-exporter", charset="UTF-8"'}


class Guard:
    """An application that lets only those through to another whom the web configuration lets in."""

    def __init__(self, app: ASGIApp, current: Callable[[], WebConfig]) -> None:
        self._app = app
        self._current = current
        self._passwords = Passwords()
        self._refusals = Refusals(log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        config = self._current()
        if config.headers:
            send = adding(config.headers, send)
        if not config.users or await self._lets_in(config, scope):
            await self._app(scope, receive, send)
        else:
            refusal = PlainTextResponse("Unauthorized\n", status_code=401, headers=CHALLENGE)
            await refusal(scope, receive, send)

    async def _lets_in(self, config: WebConfig, scope: Scope) -> bool:
        given = credentials(Headers(scope=scope).get("authorization", ""))
        if given is not None and await self._passwords.right(config.users, *given):
            return True
        client = (scope.get("client") or ["an unknown client"])[0]
        why = "gave no user and password" if given is None else "gave a wrong user or password"
        self._refusals.note("%s %s", client, why)
        return False


def guarded(app: ASGIApp, file: WebFile | None) -> tuple[ASGIApp, ssl.SSLContext | None]:
    """Return the application behind what the file says, and the context to listen with; None: plain HTTP."""
    return (app, None) if file is None else (Guard(app, file.current), file.tls)


def credentials(header: str) -> tuple[str, bytes] | None:
    """Return the user and the password that an ``Authorization`` header gives; None where it gives none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def adding(headers: Mapping[str, str], send: Send) -> Send:
    """Return ``send`` with these headers in the place of those of the same names."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
