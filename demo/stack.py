"""All of it at once: simulated clouds, the exporter on them, Prometheus with our rules, Alertmanager."""

import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.hurry import shorter, write
from demo.programs import Program, find, free_address, running
from demo.receiver import Notice, receiver
from exporter.commands.simulate import CONFIG, Weather, clouds
from exporter.simulator.control import PATH
from exporter.simulator.serve import Simulator

SHIPPED = Path(__file__).parent.parent / "prometheus"
"""The repository's own rules and configurations."""

CLOUDS = 9789
"""The usual port of the simulated clouds; where a usual port is taken, another one is used."""

PORTS = {"exporter": 9788, "prometheus": 9090, "alertmanager": 9093}
"""Those of the programs, as they stand in the configurations."""

RUNBOOKS = "docs/runbooks.md"
"""Where the links of alerts lead as they are shipped; here to the file itself."""

RECEIVER = 9095
"""That of the webhooks in the configuration of Alertmanager; ours listens wherever it can."""

STALENESS = LOOK_BACK = "5m"
"""How long the exporter shows its last numbers, and Prometheus looks back for a sample, by themselves."""

REQUESTS = 20
"""How many requests in a second the exporter makes by itself, to one source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs. ``faults`` is where faults and troubles of the simulated clouds are switched."""

    clouds: str
    faults: str
    programs: Mapping[str, Program]


@asynccontextmanager
async def stack(
    weather: Weather, speed: float, hear: Callable[[Notice], None], *, usual_ports: bool = True
) -> AsyncIterator[Stack]:
    """Run everything on this machine's own address until the block ends; all of it is ready when it begins.

    Prometheus and Alertmanager go ``speed`` times as fast as they are shipped. ``hear`` is told each alert
    that Alertmanager sends. Without ``usual_ports``, and where one of them is taken, ports are free ones.

    Raises DemoError: where something is not here or does not start; then nothing is left running.
    """
    paths = find()
    async with AsyncExitStack() as entered:
        folder = Path(entered.enter_context(tempfile.TemporaryDirectory(prefix="datajobs-demo-")))
        port = port_of(free_address(CLOUDS * usual_ports))
        simulated = await entered.enter_async_context(clouds(weather, "127.0.0.1", port))
        webhook = await entered.enter_async_context(Simulator(receiver(hear)))
        at = {name: free_address(port * usual_ports) for name, port in PORTS.items()}
        moved = {f"localhost:{port}": at[name] for name, port in PORTS.items()}
        moved |= {f"localhost:{RECEIVER}": webhook.url.removeprefix("http://"), RUNBOOKS: runbooks()}
        write(SHIPPED, folder, speed, moved)
        programs = {}
        for name, command in commands(paths, folder, at, simulated.url, speed).items():
            program = running(name, command, address=at[name], log=folder / f"{name}.log")
            programs[name] = await entered.enter_async_context(program)
        yield Stack(clouds=simulated.url, faults=simulated.url + PATH, programs=programs)


def runbooks() -> str:
    """Return the address of the page of runbooks on this machine."""
    return (SHIPPED.parent / RUNBOOKS).as_uri()


def commands(
    paths: Mapping[str, str], folder: Path, at: Mapping[str, str], simulated: str, speed: float
) -> dict[str, list[str]]:
    """Return how each program is started, in the order in which they are."""
    config = folder / "config.yaml"
    defaults = f"{{max_staleness: {shorter(STALENESS, speed)}, requests_per_second: {REQUESTS * speed:g}}}"
    text = CONFIG.replace("${SIMULATED}", simulated)
    config.write_text(f"defaults: {defaults}\n{text}", encoding="utf-8")
    return {
        "alertmanager": [
            paths["alertmanager"],
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={at['alertmanager']}",
            "--cluster.listen-address=",  # it is alone
        ],
        "exporter": [
            *(sys.executable, "-m", "exporter"),
            f"--config.file={config}",
            f"--web.listen-address={at['exporter']}",
        ],
        "prometheus": [
            paths["prometheus"],
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={at['prometheus']}",
            f"--query.lookback-delta={shorter(LOOK_BACK, speed)}",
        ],
    }


def port_of(address: str) -> int:
    """Return the port of ``host:port``."""
    return int(address.rpartition(":")[2])
