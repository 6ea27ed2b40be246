"""The programs around the exporter: finding them, starting them, ending them."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

NAMES = {"prometheus": ("prometheus",), "alertmanager": ("prometheus-alertmanager", "alertmanager")}
"""What a program may be called: Debian's name first, then its makers'."""

PACKAGES = "prometheus prometheus-alertmanager"
PATIENCE = 60.0
"""Seconds that a program may take to be ready."""
LAST_WORDS = 10.0
"""Seconds that it may take to end."""


class DemoError(Exception):
    """Why there is no demonstration, in words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that listens at ``address``; ``log`` is the file that holds its words."""

    name: str
    process: asyncio.subprocess.Process
    address: str
    log: Path

    @property
    def url(self) -> str:
        """The address to open."""
        return f"http://{self.address}"

    def last_words(self) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def find() -> dict[str, str]:
    """Return the paths of Prometheus and Alertmanager.

    Raises DemoError: where one is not here, with what to install.
    """
    found = {
        name: next((path for one in names if (path := shutil.which(one))), None)
        for name, names in NAMES.items()
    }
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise DemoError(
            f"{' and '.join(missing)} cannot be found. On Debian and Ubuntu, as root:\n"
            f"    apt-get install --no-install-recommends {PACKAGES}\n"
            "Elsewhere: put the programs from https://prometheus.io/download/ into a folder of PATH."
        )
    return {name: path for name, path in found.items() if path is not None}


def free_address(port: int) -> str:
    """Return an address on this machine that nobody listens on just now: with this port, or another one."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return f"127.0.0.1:{probe.getsockname()[1]}"
    raise DemoError("there is no free port on 127.0.0.1")


@asynccontextmanager
async def running(
    name: str, command: Sequence[str], *, address: str, log: Path, last_words: float = LAST_WORDS
) -> AsyncIterator[Program]:
    """Run a program until the block ends; it says at ``/-/ready`` that it is when the block begins.

    It has a session of its own, so that a Ctrl-C reaches us alone and all end in good order. One that has not
    ended ``last_words`` seconds after it was told to is killed.

    Raises DemoError: where it ends early or is not ready in time.
    """
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    program = Program(name=name, process=process, address=address, log=log)
    try:
        await _ready(program)
        yield program
    finally:
        await _end(process, last_words)


async def _ready(program: Program) -> None:
    """Wait until a program serves."""
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as http:
            while not await _serves(http, program):
                if program.process.returncode is not None:
                    raise DemoError(f"{program.name} does not start:\n{program.last_words()}")
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise DemoError(f"{program.name} is not ready in {PATIENCE:g} s:\n{program.last_words()}") from None


async def _serves(http: httpx.AsyncClient, program: Program) -> bool:
    """Tell whether a program says that it is ready."""
    try:
        return (await http.get(f"{program.url}/-/ready")).is_success
    except httpx.TransportError:
        return False


async def _end(process: asyncio.subprocess.Process, patience: float) -> None:
    """End a program: by asking, and if that is not enough, at once."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except asyncio.CancelledError:
        process.kill()
        raise
