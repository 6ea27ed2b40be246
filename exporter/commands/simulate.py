"""The simulated clouds alone."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.simulator.app import build
from exporter.simulator.faults import Faults
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.web.server import stop_requested


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How the simulated clouds are to behave.

    ``jobs`` is about how many each API lists, ``latency`` is in seconds, ``faults`` are as the flag has them.
    """

    seed: int = 1
    jobs: int = 300
    latency: float = 0.0
    faults: Sequence[str] = ()


def clouds(weather: Weather, host: str, port: int) -> Simulator:
    """Return simulated clouds that listen once entered; raises ValueError for a fault that there is not."""
    faults = Faults(weather.faults, seed=weather.seed)
    settings = Settings(seed=weather.seed, latency=weather.latency, faults=faults)
    world = living_world(weather.seed, time.time(), jobs=weather.jobs)
    return Simulator(build(world, settings), host=host, port=port)


async def simulate(weather: Weather, host: str, port: int) -> None:
    """Serve the simulated clouds until SIGINT or SIGTERM."""
    stop = stop_requested()
    async with clouds(weather, host, port) as simulator:
        print(f"simulated clouds on {simulator.url} (Ctrl-C ends them)", flush=True)  # noqa: T201
        await stop.wait()
    await asyncio.sleep(0)
