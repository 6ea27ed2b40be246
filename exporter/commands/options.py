"""The options of the command line that several commands have, or that take some checking."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from exporter import logs
from exporter.config import seconds_of

DEFAULT_CONFIG = Path("config.yaml")
MOST_REQUESTS = 200
"""node_exporter's default is 40. But where a cloud is slow all scrapes of it wait, those of each target of
``/sd`` and of each Prometheus, and they cost little: they must not be refused before there are very many."""

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
        metavar="ADDRESS",
        multiple=True,
        default=(default,),
        show_default=True,
        help="Where to listen: host:port, :port or [::1]:port. May be repeated.",
    )


def max_requests_option(command: Command) -> Command:
    """Add ``--web.max-requests``."""
    return click.option(
        "--web.max-requests",
        "max_requests",
        metavar="N",
        type=click.IntRange(0),
        default=MOST_REQUESTS,
        show_default=True,
        help="How many scrapes are answered at once; any more are refused with 503. 0 is no limit.",
    )(command)


def web_config_option(command: Command) -> Command:
    """Add ``--web.config.file``."""
    return click.option(
        "--web.config.file",
        "web_config_file",
        type=click.Path(path_type=Path),
        help="A file with TLS, passwords and headers of the exporter's pages, in exporter-toolkit's form.",
    )(command)


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


def checked_duration(_: click.Context, __: click.Parameter, text: str) -> float:
    """Return the seconds of a duration in Prometheus' form, or refuse it."""
    try:
        found = seconds_of(text)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc
    if found <= 0:
        raise click.BadParameter(f"{text!r} is no time at all; write one like 60s")
    return found


def check_options(command: Command) -> Command:
    """Add what the check alone takes."""
    offline = click.option("--offline", is_flag=True, help="Only read the configuration.")
    interval = click.option(
        "--scrape-interval",
        metavar="DURATION",
        callback=checked_duration,
        default="60s",
        show_default=True,
        help="How often Prometheus scrapes, for the requests per hour.",
    )
    form = click.option(
        "--output",
        "form",
        type=click.Choice(("table", "json")),
        default="table",
        show_default=True,
        help="For people or for programs.",
    )
    return offline(interval(form(command)))


def shipped_options(kind: str, kept: str) -> Callable[[Command], Command]:
    """Add what is asked of a command that writes files of ours; ``kept`` is an example of one."""
    folder = click.option(
        "--output",
        "folder",
        metavar="DIR",
        required=True,
        type=click.Path(path_type=Path),
        help="The folder to write them to; it is made where it is not there.",
    )
    force = click.option("--force", is_flag=True, help="Overwrite files that differ.")
    keep = click.option(
        "--keep",
        "kept",
        metavar="NAME",
        multiple=True,
        help=f"A file of these {kind} to leave as it is where it is there, such as {kept}. May be repeated.",
    )
    return lambda command: folder(force(keep(command)))


def checked_faults(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> Sequence[str]:
    """Return the faults as they were given, or refuse one that there is not."""
    from exporter.simulator.control import parse

    for text in texts:
        try:
            parse(text)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from exc
    return texts


def weather_options(command: Command) -> Command:
    """Add what tells the simulated clouds how to behave."""
    options = (
        click.option(
            "--seed", metavar="N", type=int, default=1, show_default=True, help="The seed of the world."
        ),
        click.option(
            "--jobs",
            metavar="N",
            type=click.IntRange(0),
            default=300,
            show_default=True,
            help="About how many jobs each API lists.",
        ),
        click.option(
            "--latency",
            metavar="SECONDS",
            type=click.FloatRange(0),
            default=0.0,
            show_default=True,
            help="How much longer every answer takes.",
        ),
        click.option(
            "--fault",
            "faults",
            multiple=True,
            callback=checked_faults,
            metavar="[API:]KIND[=VALUE][:RATE][@AGO]",
            help="A fault of an API, such as octopus_system_jobs:http-500:0.5, or a trouble of the world, "
            "such as queue-stuck@30m; a wrong one tells which there are. May be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
