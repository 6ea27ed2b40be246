"""An event loop with real sockets that does not sit out a wait: ten seconds without an answer pass at once.

Client and server share the loop. Where neither socket nor thread has anything for it, all that is left to
happen is the next timer, and the clock goes on to it.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

QUIET = 0.002
"""So many seconds nothing may come over loopback before a short wait is passed over."""
LONG = 1.0
LONG_QUIET = 0.03
"""The same before a wait longer than ``LONG``, which may be somebody's deadline: this machine may be busy."""


class _Hasty(selectors.DefaultSelector):
    """Waits a moment for what is on its way; adds up how long it has waited or would have."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        if timeout is None or self.threads:
            ready = super().select(timeout)
            self.passed += time.monotonic() - began
            return ready
        patience = min(max(0.0, timeout), LONG_QUIET if timeout > LONG else QUIET)
        ready = super().select(patience)
        self.passed += min(patience, time.monotonic() - began) if ready else max(0.0, timeout)
        return ready


class HastyLoop(asyncio.SelectorEventLoop):
    """A loop whose clock leaps over waits that nothing can end, and stands still while there is work.

    So a busy machine makes no deadline come earlier.
    """

    def __init__(self) -> None:
        self._hasty = _Hasty()
        super().__init__(self._hasty)

    def time(self) -> float:
        """Return the seconds that would have passed."""
        return self._hasty.passed

    def leap(self, seconds: float) -> None:
        """Let time pass while nothing is under way."""
        self._hasty.passed += seconds

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Wait for threads in real time."""
        self._hasty.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_has_ended)
        return future

    def _thread_has_ended(self, _: asyncio.Future[Any]) -> None:
        self._hasty.threads -= 1


def leap(seconds: float) -> None:
    """Let time pass on the loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HastyLoop)
    loop.leap(seconds)
