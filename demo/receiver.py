"""A webhook for Alertmanager: what would be sent to people comes here."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert of a message: to which receiver it went, whether it is ``firing`` or ``resolved``."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]


class _Alert(msgspec.Struct):
    """One alert, as Alertmanager's page "Configuration" has it under webhook_config."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


class _Message(msgspec.Struct):
    """A message, version 4."""

    receiver: str
    alerts: list[_Alert]


def receiver(hear: Callable[[Notice], None]) -> Starlette:
    """Return an application that hands over every alert that is posted to it, at any path."""

    async def post(request: Request) -> Response:
        message = msgspec.json.decode(await request.body(), type=_Message)
        for alert in message.alerts:
            hear(
                Notice(
                    receiver=message.receiver,
                    status=alert.status,
                    labels=alert.labels,
                    annotations=alert.annotations,
                )
            )
        return Response(status_code=204)

    return Starlette(routes=[Route("/{rest:path}", post, methods=["POST"])])
