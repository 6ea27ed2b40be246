"""The simulated clouds alone."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.simulator import control
from exporter.simulator import identities as demo
from exporter.simulator.app import build
from exporter.simulator.faults import Faults
from exporter.simulator.serve import Simulator
from exporter.simulator.settings import Settings
from exporter.simulator.world.living import living_world
from exporter.web.server import stop_requested

CONFIG = f"""\
credentials:
  alibaba-demo:
    cloud: alibaba
    access_key_id: {demo.DEMO_ALIBABA_KEY.id}
    access_key_secret: {demo.DEMO_ALIBABA_KEY.secret}
  huawei-demo:
    cloud: huawei
    access_key: {demo.DEMO_HUAWEI_KEY.id}
    secret_key: {demo.DEMO_HUAWEI_KEY.secret}
  huawei-user-demo:
    cloud: huawei
    username: {demo.DEMO_HUAWEI_USER.name}
    password: {demo.DEMO_HUAWEI_USER.password}
    domain: {demo.DEMO_HUAWEI_USER.domain}
    iam_endpoint: ${{SIMULATED}}
sources:
  - name: pai-vision
    api: pai_dataset_jobs
    region: {demo.PAI_REGION}
    endpoint: ${{SIMULATED}}
    credentials: alibaba-demo
    workspace_id: "{demo.PAI_WORKSPACES[0]}"
    datasets: discover
  - name: octopus
    api: octopus_system_jobs
    region: {demo.OCTOPUS_REGION}
    endpoint: ${{SIMULATED}}
    credentials: huawei-demo
    project_id: "{demo.OCTOPUS_PROJECT}"
    workspaces: ["{'", "'.join(demo.OCTOPUS_WORKSPACES)}"]
  - name: octopus-queue
    api: octopus_queuing_jobs
    region: {demo.OCTOPUS_REGION}
    endpoint: ${{SIMULATED}}
    credentials: huawei-demo
    project_id: "{demo.OCTOPUS_PROJECT}"
  - name: dataarts
    api: dataarts_jobs
    region: {demo.DATAARTS_REGION}
    endpoint: ${{SIMULATED}}
    credentials: huawei-user-demo
    project_id: "{demo.DATAARTS_PROJECT}"
    workspaces: ["{'", "'.join(demo.DATAARTS_WORKSPACES)}"]
"""
"""What a user would write for these clouds; SIMULATED is their address."""


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
    settings = Settings(seed=weather.seed, latency=weather.latency, faults=Faults(seed=weather.seed))
    control.put_in_force(settings, weather.faults)
    world = living_world(weather.seed, time.time(), jobs=weather.jobs)
    return Simulator(build(world, settings), host=host, port=port)


async def simulate(weather: Weather, host: str, port: int, *, show_config: bool) -> None:
    """Serve the simulated clouds until SIGINT or SIGTERM; first print a configuration for them if asked."""
    stop = stop_requested()
    async with clouds(weather, host, port) as simulator:
        if show_config:
            print(CONFIG.replace("${SIMULATED}", simulator.url), flush=True)  # noqa: T201
        comment = "# " if show_config else ""  # so that the whole output is a configuration
        print(f"{comment}simulated clouds on {simulator.url} (Ctrl-C ends them)", flush=True)  # noqa: T201
        await stop.wait()
    await asyncio.sleep(0)
