"""The command line: flags to configuration to a command.

Exit status: 0 fine, 1 a source failed, 2 wrong usage or configuration, 130 interrupted. What only one
command needs is imported by it, so that the exporter itself starts quickly.
"""

import asyncio
import errno
import os
import re
import socket
import sys
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from exporter import __version__, logs, signals
from exporter.apis import APIS
from exporter.commands.options import (
    address_option,
    check_options,
    config_option,
    log_options,
    max_requests_option,
    shipped_options,
    weather_options,
    web_config_option,
)
from exporter.config import Config, ConfigError, load
from exporter.credentials import without_secrets
from exporter.errors import SourceError
from exporter.web.server import AddressError, listen, parse, why

if TYPE_CHECKING:
    from rich.console import Console

    from exporter.web.webfile import WebFile

FAILED = 1
WRONG_USAGE = 2
DEFAULT_ADDRESS = ":9788"
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
OWN_PAGES = re.compile(r"/(probe|sd|config)$|/-/")
WIDE = 200
"""Columns of a table that goes into a file or a pipe: enough that nothing wraps."""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@address_option(DEFAULT_ADDRESS)
@click.option(
    "--web.telemetry-path",
    "telemetry_path",
    metavar="PATH",
    default="/metrics",
    show_default=True,
    help="The path of the metrics of all sources.",
)
@click.option(
    "--web.enable-lifecycle",
    "enable_lifecycle",
    is_flag=True,
    help="Allow POST /-/reload and POST /-/quit.",
)
@max_requests_option
@web_config_option
@log_options
@click.version_option(__version__, prog_name="datajobs-exporter")
@click.pass_context
def main(
    context: click.Context,
    *,
    config_file: Path,
    addresses: Sequence[str],
    telemetry_path: str,
    enable_lifecycle: bool,
    max_requests: int,
    web_config_file: Path | None,
    log_level: str,
    log_format: str,
) -> None:
    """Export the job lists of data platforms to Prometheus.

    Without a command, serves the metrics of the sources in the configuration file. Ends with status 2 where
    the usage or the configuration is wrong.
    """
    if context.invoked_subcommand is not None:
        signals.let_hang_up()
        refuse_what_would_be_ignored(context, context.invoked_subcommand)
        context.obj = config_file
        return
    from exporter.commands.serve import serve

    logs.set_up(log_level, log_format, without_secrets)
    path = checked_path(telemetry_path)
    config = configuration(config_file)
    read = partial(load, config_file, APIS)
    web_file = web_configuration(web_config_file)
    listening = sockets(addresses)
    run(
        serve(
            config,
            read,
            listening,
            path,
            enable_lifecycle=enable_lifecycle,
            max_requests=max_requests,
            web_file=web_file,
        )
    )


@main.command()
@config_option
@check_options
@click.pass_context
def check(
    context: click.Context, *, config_file: Path, offline: bool, scrape_interval: float, form: str
) -> None:
    """Validate the configuration and try every source.

    Prints what each lists, how many requests scrapes cost, and what to do about each failure. Ends with
    status 1 where a source failed; what is only incomplete is a warning, and status 0.
    """
    from exporter.commands import check as checking

    config = configuration(chosen(context, config_file), form)
    if offline:
        click.echo(checking.offline(config, form))
        return
    logs.set_up("error", "logfmt", without_secrets)  # what sources failed of is told below the table
    report = run(checking.check(config, scrape_interval, console(stderr=True)))
    if form == "json":
        click.echo(checking.as_json(report))
    else:
        checking.show(report, console())
    sys.exit(0 if report.good else FAILED)


@main.command()
@config_option
@click.option("--source", "names", metavar="NAME", multiple=True, help="Only this source. May be repeated.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="A file to replace, as for node_exporter's textfile collector; - is standard output.",
)
@click.pass_context
def once(context: click.Context, *, config_file: Path, names: Sequence[str], output: Path | None) -> None:
    """Collect once and write the metrics to standard output or a file.

    Ends with status 1 where a source failed; what the others gave is written all the same.
    """
    from exporter.commands.files import target_of
    from exporter.commands.once import once as collect_once

    config = configuration(chosen(context, config_file))
    known = [source.name for source in config.sources]
    for name in names:
        if name not in known:
            message = f"{name!r} is not configured; there are: {', '.join(known)}"
            raise click.BadParameter(message, param_hint="--source")
    try:
        target = target_of(output)
    except OSError as exc:
        fail(f"cannot write {output}: {exc.strerror}; name a regular file, or - for standard output")
    if target is not None and not os.access(target.parent, os.W_OK | os.X_OK):
        fail(f"cannot write {output}: name a file in a folder that is there and can be written")
    if names:
        config = Config(sources=tuple(source for source in config.sources if source.name in names))
    logs.set_up("error", "logfmt", without_secrets)  # what sources failed of is told below the metrics
    try:
        good = run(collect_once(config, output, console(stderr=True)))
    except OSError as exc:
        if exc.errno == errno.EPIPE:
            raise  # whoever read our output has seen enough: click ends without a word
        fail(f"cannot write {output or 'to standard output'}: {exc.strerror or exc}")
    sys.exit(0 if good else FAILED)


@main.command()
@click.option(
    "--listen",
    metavar="ADDRESS",
    default="127.0.0.1:9789",
    show_default=True,
    help="Where to listen: host:port.",
)
@click.option("--show-config", is_flag=True, help="First print a configuration for these clouds.")
@weather_options
def simulate(*, listen: str, show_config: bool, **weather: Any) -> None:
    """Serve the simulated clouds alone.

    The lists, logins and signatures of all APIs are on one port, without an account anywhere.
    """
    from exporter.commands.simulate import Weather
    from exporter.commands.simulate import simulate as serve_clouds

    try:
        host, port = parse(listen)
        everywhere = "0.0.0.0"  # noqa: S104  as the user asked
        run(serve_clouds(Weather(**weather), host or everywhere, port, show_config=show_config))
    except AddressError as exc:
        fail(str(exc))
    except OSError as exc:
        fail(f"cannot listen on {listen}: {why(exc)}")


@main.command()
@address_option("127.0.0.1:9788")
@web_config_option
@weather_options
@log_options
def demo(
    *,
    addresses: Sequence[str],
    web_config_file: Path | None,
    log_level: str,
    log_format: str,
    **weather: Any,
) -> None:
    """Serve simulated clouds and the exporter on them.

    Shows a first scrape and where to look further. Ctrl-C ends both.
    """
    from exporter.commands.demo import run_demo
    from exporter.commands.simulate import Weather

    logs.set_up(log_level, log_format, without_secrets)
    web_file = web_configuration(web_config_file)
    run(run_demo(Weather(**weather), sockets(addresses), console(), web_file))


@main.command()
@shipped_options("dashboards", kept="overview.json")
def dashboards(**wishes: Any) -> None:
    """Write the dashboards for Grafana to a folder.

    Ends with status 2, and has written nothing, where a file of the same name differs.
    """
    write_shipped("dashboards", **wishes)


@main.command()
@shipped_options("rules", kept="settings.yaml")
def rules(**wishes: Any) -> None:
    """Write the rules and alerts for Prometheus to a folder.

    Ends with status 2, and has written nothing, where a file of the same name differs.
    """
    write_shipped("rules", **wishes)


def write_shipped(kind: str, *, folder: Path, force: bool, kept: Sequence[str]) -> None:
    """Write what is shipped, and print what became of each file."""
    from exporter.commands.shipped import ShippedError, place

    try:
        for line in place(kind, folder, force=force, kept=kept):
            click.echo(line)
    except ShippedError as exc:
        fail(str(exc))


Outcome = TypeVar("Outcome")


def run(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Run a command in an event loop of its own; a source that cannot even be set up is wrong usage."""
    signals.let_interrupt()
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(signals.INTERRUPTED)
    except SourceError as exc:
        fail(exc.message)


def refuse_what_would_be_ignored(context: click.Context, name: str) -> None:
    """End where an option of the exporter stands before a command that does not get to see it."""
    command = main.commands[name]
    takes = {parameter.name for parameter in command.params}
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        passed_on = parameter.name == "config_file" and "config_file" in takes
        if given and not passed_on:
            cure = f"write it after {name}" if parameter.name in takes else f"{name} does not take it"
            raise click.UsageError(f"{parameter.opts[0]} stands before {name}: {cure}")


def chosen(context: click.Context, config_file: Path) -> Path:
    """Return the file that was named after the command or else before it."""
    before: Path = context.obj
    named = context.get_parameter_source("config_file") is ParameterSource.COMMANDLINE
    return config_file if named else before


def console(*, stderr: bool = False) -> "Console":
    """Return where tables are printed; only a terminal has a width that they must fit."""
    from rich.console import Console

    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if is_terminal or "COLUMNS" in os.environ else WIDE)


def configuration(path: Path, form: str = "table") -> Config:
    """Return the configuration, or end with every mistake in it."""
    try:
        return load(path, APIS)
    except ConfigError as exc:
        if form == "json":
            from exporter.commands.check import mistakes_as_json

            click.echo(mistakes_as_json(exc))
            sys.exit(WRONG_USAGE)
        fail(str(exc))


def web_configuration(path: Path | None) -> "WebFile | None":
    """Return the file of the exporter's own pages, or end with every mistake in it."""
    if path is None:
        return None
    from exporter.web.webfile import WebFile

    try:
        return WebFile(path)
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
    if not PATH.fullmatch(path) or OWN_PAGES.match(path):
        cure = "write one like /metrics, which is none of the exporter's other pages"
        fail(f"--web.telemetry-path {path!r} will not do: {cure}")
    return path


def fail(message: str) -> NoReturn:
    """End with a message and the status of wrong usage."""
    click.echo(message, err=True)
    sys.exit(WRONG_USAGE)
