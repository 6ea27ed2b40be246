"""Faults and troubles that are switched on and off while the simulated clouds run."""

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.simulator.faults import Fault, Kind
from exporter.simulator.settings import Settings
from exporter.simulator.world.trouble import Trouble, TroubleKind

PATH = "/simulator/faults"
"""GET tells what is in force, PUT says what shall be from now on, DELETE ends all: one a line."""


def parse(text: str) -> Fault | Trouble:
    """Read what ``--fault`` takes: a fault of the APIs, or a trouble of the world behind them.

    Raises ValueError: with the reason, for people.
    """
    words = text.partition("@")[0].replace("=", ":").split(":")[:2]
    if any(word in set(TroubleKind) for word in words):
        return Trouble.parse(text)
    if not any(word in set(Kind) for word in words):
        known = f"faults: {', '.join(Kind)}; troubles: {', '.join(TroubleKind)}"
        raise ValueError(f"{text!r}: no API or fault is called {words[0]!r}; {known}")
    return Fault.parse(text)


def put_in_force(settings: Settings, texts: Iterable[str]) -> None:
    """Let just these faults and troubles be; troubles that are already go on, the others end.

    Raises ValueError: where one is none, before anything is changed.
    """
    read = [parse(text) for text in texts]
    settings.troubles.become([one for one in read if isinstance(one, Trouble)], settings.clock())
    settings.faults.clear()
    settings.faults.add(*(one for one in read if isinstance(one, Fault)))


def in_force(settings: Settings) -> list[str]:
    """Return what is, each as ``parse`` reads it."""
    return [str(one) for one in (*settings.faults.present, *settings.troubles.present)]


def route(settings: Settings) -> Route:
    """Return where faults are switched; only this machine is answered."""

    async def answer(request: Request) -> Response:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            return PlainTextResponse("Faults are switched from the same machine only.\n", 403)
        try:
            if request.method == "PUT":
                put_in_force(settings, (await request.body()).decode().split())
            elif request.method == "DELETE":
                put_in_force(settings, ())
        except ValueError as exc:
            return PlainTextResponse(f"{exc}\n", 400)
        return PlainTextResponse("".join(f"{text}\n" for text in in_force(settings)))

    return Route(PATH, answer, methods=["GET", "PUT", "DELETE"])
