"""The command line: flags to configuration to a command.

Exit status: 0 fine, 1 a source failed, 2 wrong usage or configuration. What only one command needs is imported
by it, so that the exporter itself starts quickly.
"""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from exporter import __version__, logs
from exporter.apis import APIS
from exporter.config import Config, ConfigError, load
from exporter.errors import SourceError
from exporter.web.server import AddressError, listen, parse

FAILED = 1
WRONG_USAGE = 2
DEFAULT_CONFIG = Path("config.yaml")
DEFAULT_ADDRESS = ":9788"

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """Add ``--config.file``."""
    return click.option(
        "--config.file",
        "config_file",
        type=click.Path(path_type=Path),
        default=DEFAULT_CONFIG,
        show_default=True,
        help="The configuration file.",
    )(command)


def address_option(default: str) -> Callable[[Command], Command]:
    """Add ``--web.listen-address``."""
    return click.option(
        "--web.listen-address",
        "addresses",
        multiple=True,
        default=(default,),
        show_default=True,
        help="Where to listen: host:port, :port or [::1]:port. May be repeated.",
    )


def log_options(command: Command) -> Command:
    """Add ``--log.level`` and ``--log.format``."""
    level = click.option(
        "--log.level",
        "log_level",
        type=click.Choice(logs.LEVELS),
        default="info",
        show_default=True,
        help="The least level that is logged.",
    )
    form = click.option(
        "--log.format",
        "log_format",
        type=click.Choice(tuple(logs.FORMATS)),
        default="logfmt",
        show_default=True,
        help="The form of log lines.",
    )
    return level(form(command))


def weather_options(command: Command) -> Command:
    """Add what tells the simulated clouds how to behave."""
    options = (
        click.option("--seed", type=int, default=1, show_default=True, help="The seed of the world."),
        click.option(
            "--jobs",
            type=click.IntRange(0),
            default=300,
            show_default=True,
            help="About how many jobs each API lists.",
        ),
        click.option(
            "--latency",
            type=click.FloatRange(0),
            default=0.0,
            show_default=True,
            help="Seconds that every answer takes longer.",
        ),
        click.option(
            "--fault",
            "faults",
            multiple=True,
            metavar="[API:]KIND[:RATE]",
            help="A fault, such as octopus_system_jobs:http-500:0.5. May be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@address_option(DEFAULT_ADDRESS)
@click.option(
    "--web.telemetry-path",
    "telemetry_path",
    default="/metrics",
    show_default=True,
    help="The path of the metrics of all sources.",
)
@log_options
@click.version_option(__version__, prog_name="datajobs-exporter")
@click.pass_context
def main(
    context: click.Context,
    *,
    config_file: Path,
    addresses: Sequence[str],
    telemetry_path: str,
    log_level: str,
    log_format: str,
) -> None:
    """Export the job lists of data platforms to Prometheus.

    Without a command, serves the metrics of the sources in the configuration file.
    """
    if context.invoked_subcommand is not None:
        context.obj = config_file
        return
    from exporter.commands.serve import serve

    logs.set_up(log_level, log_format)
    path = checked_path(telemetry_path)
    config = configuration(config_file)
    run(serve(config, sockets(addresses), path))


@main.command()
@config_option
@click.option("--offline", is_flag=True, help="Only read the configuration.")
@click.pass_context
def check(context: click.Context, *, config_file: Path, offline: bool) -> None:
    """Validate the configuration, try every source, and tell what a scrape costs."""
    config = configuration(chosen(context, config_file))
    if offline:
        click.echo(f"the configuration is good: {len(config.sources)} sources")
        return
    from rich.console import Console

    from exporter.commands.check import check as check_sources

    sys.exit(0 if run(check_sources(config, Console())) else FAILED)


@main.command()
@config_option
@click.option("--source", "names", multiple=True, help="Only this source. May be repeated.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to replace, as for node_exporter's textfile collector.",
)
@click.pass_context
def once(context: click.Context, *, config_file: Path, names: Sequence[str], output: Path | None) -> None:
    """Collect once and write the metrics to standard output or a file."""
    from exporter.commands.once import once as collect_once

    config = configuration(chosen(context, config_file))
    known = [source.name for source in config.sources]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not configured; there are: {', '.join(known)}")
    if names:
        config = Config(sources=tuple(source for source in config.sources if source.name in names))
    try:
        good = run(collect_once(config, output))
    except OSError as exc:
        fail(f"cannot write {output}: {exc.strerror or exc}")
    sys.exit(0 if good else FAILED)


@main.command()
@click.option("--listen", default="127.0.0.1:9789", show_default=True, help="Where to listen: host:port.")
@weather_options
def simulate(*, listen: str, **weather: Any) -> None:
    """Serve simulated clouds: the lists, tokens and signatures of all APIs on one port."""
    from exporter.commands.simulate import Weather
    from exporter.commands.simulate import simulate as serve_clouds

    try:
        host, port = parse(listen)
        run(serve_clouds(Weather(**weather), host or "0.0.0.0", port))  # noqa: S104  as the user asked
    except (AddressError, ValueError) as exc:
        fail(str(exc))
    except OSError as exc:
        fail(f"cannot listen on {listen}: {exc.strerror or exc}")


@main.command()
@address_option("127.0.0.1:9788")
@weather_options
@log_options
def demo(*, addresses: Sequence[str], log_level: str, log_format: str, **weather: Any) -> None:
    """Serve simulated clouds and the exporter on them, and show a first scrape."""
    from rich.console import Console

    from exporter.commands.demo import run_demo
    from exporter.commands.simulate import Weather

    logs.set_up(log_level, log_format)
    try:
        run(run_demo(Weather(**weather), sockets(addresses), Console()))
    except ValueError as exc:
        fail(str(exc))


Outcome = TypeVar("Outcome")


def run(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Run a command in an event loop of its own; a source that cannot even be set up is wrong usage."""
    try:
        return asyncio.run(work)
    except SourceError as exc:
        fail(exc.message)


def chosen(context: click.Context, config_file: Path) -> Path:
    """Return the file that was named before or after the command."""
    given: Path = context.obj
    return given if config_file == DEFAULT_CONFIG else config_file


def configuration(path: Path) -> Config:
    """Return the configuration, or end with every mistake in it."""
    try:
        return load(path, APIS)
    except ConfigError as exc:
        fail(str(exc))


def sockets(addresses: Sequence[str]) -> list[socket.socket]:
    """Return listening sockets, or end with what is wrong with an address."""
    try:
        return listen(addresses)
    except AddressError as exc:
        fail(str(exc))


def checked_path(path: str) -> str:
    """Return the path of the metrics, or end: it must not hide another page."""
    if not path.startswith("/") or path in {"/", "/probe", "/sd"} or path.startswith("/-/"):
        fail(f"--web.telemetry-path {path!r}: begin with / and take none of the exporter's other pages")
    return path


def fail(message: str) -> NoReturn:
    """End with a message and the status of wrong usage."""
    click.echo(message, err=True)
    sys.exit(WRONG_USAGE)
