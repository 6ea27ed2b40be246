"""A real Chromium, driven over its DevTools protocol."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.programs import program

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""
LONGEST = "300"
"""Seconds after which it ends by itself, whatever became of the tests."""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-port=0", "--no-proxy-server", "--disable-extensions",
    "--disable-default-apps",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


@dataclass
class Tab:
    """A page that is open; ``complaints`` is what its console was told, and what failed to load."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _loaded: bool = False

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are noted."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._next()
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    async def open(self, address: str) -> None:
        """Open an address, until it is loaded."""
        self._loaded = False
        await self.ask("Page.navigate", url=address)
        async with asyncio.timeout(PATIENCE):
            while not self._loaded:
                await self._next()

    async def value(self, expression: str) -> Any:
        """Return what a script says; a promise is waited for."""
        found = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a script says something true."""
        async with asyncio.timeout(PATIENCE):
            while not await self.value(expression):  # noqa: ASYNC110 - the event is another program's
                await asyncio.sleep(0.05)

    async def look(
        self, *, width: int = 1280, height: int = 900, phone: bool = False, dark: bool = False
    ) -> None:
        """Take another size of window, and another taste."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])

    async def scripts(self, allowed: bool) -> None:
        """Let scripts of pages run from now on, or not."""
        await self.ask("Emulation.setScriptExecutionDisabled", value=not allowed)

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=PATIENCE))
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif event in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Network.loadingFailed"}:
            self.complaints.append(json.dumps(told))
        elif event == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])


@asynccontextmanager
async def tab(port: int) -> AsyncIterator[Tab]:
    """Take hold of the empty page of a browser whose DevTools are on a port."""
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
            [address] = [one["webSocketDebuggerUrl"] for one in await answer.json() if one["type"] == "page"]
        async with http.ws_connect(address, max_msg_size=0) as socket:
            found = Tab(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await found.ask(f"{domain}.enable")
            yield found


@contextmanager
def chromium(folder: Path) -> Iterator[int]:
    """Run Chromium with a profile of its own and an empty page; the value is the port of its DevTools."""
    path, profile = program("chromium", package="chromium"), folder / "profile"
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder))
    command = [
        "timeout",
        "--kill-after=5",
        LONGEST,
        path,
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    with (folder / "chromium.log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **homes}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield port_of(profile / "DevToolsActivePort", process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def port_of(path: Path, process: "subprocess.Popen[bytes]") -> int:
    """Return the port that a browser listens on, once it does."""
    end = time.monotonic() + PATIENCE
    while not (path.is_file() and (lines := path.read_text().splitlines())):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    return int(lines[0])
