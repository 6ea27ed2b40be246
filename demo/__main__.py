"""``python -m demo``, which ``make demo-stack`` runs."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager

import click
from rich.console import Console
from rich.markup import escape

from demo.programs import DemoError, Program
from demo.receiver import Notice
from demo.stack import Stack, stack
from exporter.commands.options import weather_options
from exporter.commands.simulate import Weather

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FAILED = 1
COLOURS = {"resolved": "green", "critical": "red", "warning": "yellow"}


@click.command()
@click.option(
    "--speed",
    metavar="N",
    type=click.FloatRange(1, 60),
    default=12.0,
    show_default=True,
    help="How many times as fast Prometheus and Alertmanager go; 1 is as they are shipped.",
)
@click.option("--free-ports", is_flag=True, help="Take any free ports, not the usual ones.")
@weather_options
def main(
    *, speed: float, free_ports: bool, seed: int, jobs: int, latency: float, faults: Sequence[str]
) -> None:
    """Run simulated clouds, the exporter, Prometheus and Alertmanager on this machine.

    Shows where to look, how to switch a trouble on, and each alert that Alertmanager sends. Ctrl-C ends all.
    """
    console = Console(highlight=False, soft_wrap=True)
    weather = Weather(seed=seed, jobs=jobs, latency=latency, faults=faults)
    running = stack(weather, speed, News(console).hear, usual_ports=not free_ports)
    console.print("Starting simulated clouds, the exporter, Prometheus and Alertmanager ...")
    try:
        asyncio.run(until_stopped(show(running, speed, console), console))
    except DemoError as exc:
        console.print(str(exc), markup=False)
        sys.exit(FAILED)
    console.print("All have ended.")


async def until_stopped(work: Coroutine[None, None, None], console: Console) -> None:
    """Do the work until a signal comes: Ctrl-C, SIGTERM, or the end of the terminal.

    Raises DemoError: what the work does.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, stop.set)
    working = asyncio.create_task(work, name="demo")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        console.print("\nEnding all of them ...")
        working.cancel()
        await asyncio.wait({working})
    stopped.cancel()
    if not working.cancelled():
        working.result()


async def show(starting: AbstractAsyncContextManager[Stack], speed: float, console: Console) -> None:
    """Run everything, and say where it is, until cancelled.

    Raises DemoError: where one of the programs is not here, does not start, or ends by itself.
    """
    async with starting as running:
        console.print(guide(running, speed), markup=False)
        ends = {
            asyncio.create_task(program.process.wait(), name=name): program
            for name, program in running.programs.items()
        }
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        raise DemoError(ended(ends[done.pop()]))


def ended(program: Program) -> str:
    """Say that a program is gone, and what it said."""
    return f"{program.name} has ended with status {program.process.returncode}:\n{program.last_words()}"


def guide(running: Stack, speed: float) -> str:
    """Return where to look and what to try."""
    programs = running.programs
    return f"""
Prometheus    {programs["prometheus"].url}/alerts
Alertmanager  {programs["alertmanager"].url}
exporter      {programs["exporter"].url}/
metrics       {programs["exporter"].url}/metrics

Prometheus and Alertmanager go {speed:g} times as fast as they are shipped. Some things always go wrong in
these clouds; each alert that is sent is a line below. In Prometheus and Alertmanager runbook_url leads to the
file on this machine; dashboard_url to localhost:3000, where no Grafana runs unless you start one.

Switch a trouble on, and all off again:

    curl -X PUT --data-binary 'queue-stuck=RESIM@2h' {running.faults}
    curl -X DELETE {running.faults}

Others to try: jobs-fail, jobs-hang@6h, files-fail@1h, runs-fail@2h, dataarts_jobs:http-503-empty,
pai_dataset_jobs:wrong-total=3; docs/command-line.md tells of all. Ctrl-C ends everything.
"""


class News:
    """Prints what Alertmanager sends, but not again the alerts that are as they were before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._known: dict[frozenset[tuple[str, str]], str] = {}

    def hear(self, notice: Notice) -> None:
        """Print an alert if it is news."""
        alert = frozenset(notice.labels.items())
        if self._known.get(alert) != notice.status:
            self._known[alert] = notice.status
            self._console.print(told(notice))


def told(notice: Notice) -> str:
    """Return the line of an alert, in the markup of rich."""
    colour = COLOURS.get(notice.status) or COLOURS.get(notice.labels.get("severity", ""), "default")
    summary = escape(notice.annotations.get("summary", ""))
    return f"[{colour}]{notice.status:<8}[/] {notice.receiver:<6} [bold]{notice.name}[/]: {summary}"


if __name__ == "__main__":
    main(prog_name="python -m demo")
