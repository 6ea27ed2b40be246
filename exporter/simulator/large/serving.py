"""A large world as an application, at a distance."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.simulator.app import build
from exporter.simulator.large.operations import operations
from exporter.simulator.large.world import LargeWorld
from exporter.simulator.settings import Settings

EARLY = 0.0005
"""Seconds: a timer of the event loop is late by up to a millisecond, half of one in the mean."""


def large_clouds(world: LargeWorld, settings: Settings, *, round_trip: float = 0.0) -> ASGIApp:
    """Return the simulated clouds around a large world, their answers ``round_trip`` seconds away."""
    return Distance(build(world.places(), settings, operations(world)), round_trip)


class Distance:
    """Holds every answer back until ``round_trip`` seconds have passed since its request came.

    What it took to work the answer out is part of them, as it is of a real round trip.
    """

    def __init__(self, app: ASGIApp, round_trip: float) -> None:
        self._app = app
        self._round_trip = round_trip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._round_trip - EARLY

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start" and (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            await send(message)

        await self._app(scope, receive, held if self._round_trip else send)
