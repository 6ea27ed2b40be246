"""An event loop whose clock is turned on by hand: hours pass at once, and always in the same way."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Never waits: says how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for something that will never happen")
            self.waited += timeout
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """Where nothing is ready, the clock goes on to the next timer; for code without sockets and threads."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        """Return the seconds that would have passed."""
        return self._impatient.waited


Backend = tuple[str, dict[str, Any]]

TURNED: Backend = ("asyncio", {"loop_factory": TurnedLoop})
"""What a module's ``anyio_backend`` fixture returns to run its tests on such a loop."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on a loop of its own, as property tests need it."""
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the time of the loop that runs."""
    return asyncio.get_running_loop().time()
