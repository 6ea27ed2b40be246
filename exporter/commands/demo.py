"""Simulated clouds and the exporter on them, with a summary of the first scrape."""

import asyncio
import socket
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.commands import check
from exporter.commands.simulate import Weather, clouds
from exporter.config import Config, load
from exporter.instruments import Instruments
from exporter.scrape import Result, Scraper
from exporter.simulator import identities as demo
from exporter.web.app import Web
from exporter.web.server import serving, stop_requested, url

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


async def run_demo(weather: Weather, sockets: Sequence[socket.socket], console: Console) -> None:
    """Serve both until SIGINT or SIGTERM, after a first scrape has been shown."""
    stop = stop_requested()
    instruments = Instruments()
    instruments.reloaded()
    async with clouds(weather, "127.0.0.1", 0) as simulator:
        scraper = assemble(configuration(simulator.url), instruments)
        web = Web(scraper, instruments, "/metrics")
        async with serving(web.application(), sockets):
            console.print(f"Simulated clouds on {simulator.url}, the exporter on them. The first scrape:\n")
            summarise(await scraper.scrape(scraper.names, None), console)
            for listening in sockets:
                console.print(addresses(listening, scraper), highlight=False, soft_wrap=True)
            console.print("Ctrl-C ends both.")
            await stop.wait()
            await asyncio.sleep(0)
    console.print("\nStopped.")


def configuration(simulated: str) -> Config:
    """Return the demo's configuration, read as a user's file would be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.yaml")
        path.write_text(CONFIG, encoding="utf-8")
        return load(path, APIS, {"SIMULATED": simulated})


def summarise(results: Sequence[Result], console: Console) -> None:
    """Print a table of the sources and one of their jobs by phase."""
    console.print(check.table(results))
    console.print()
    console.print(phases(results))
    console.print()


def phases(results: Sequence[Result]) -> Table:
    """Return the jobs and queue entries of each source, by phase."""
    table = Table("source", "jobs by phase", box=None, pad_edge=False)
    for result in results:
        if result.snapshot is None:
            continue
        tally = result.snapshot.tally
        counts: Counter[str] = Counter()
        for group, numbers in tally.jobs.items():
            counts[group.phase.value] += numbers.jobs
        for entry, queued in tally.queue.items():
            counts[f"waiting in {entry.queue_type}"] += queued.entries
        known = ", ".join(f"{count} {phase}" for phase, count in counts.most_common())
        table.add_row(result.source.settings.name, known)
    return table


def addresses(listening: socket.socket, scraper: Scraper) -> str:
    """Name the addresses to open."""
    pages = {
        "metrics": url(listening, "/metrics"),
        "one source": url(listening, f"/probe?target={scraper.names[0]}"),
        "discovery": url(listening, "/sd"),
        "landing page": url(listening),
    }
    return "\n".join(f"{name:<13} {address}" for name, address in pages.items())
