"""Signals that come while the program starts: before the commands are there to take them."""

import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""The exit status of a program that was interrupted, as shells have it."""


def hold() -> None:
    """Let an interrupt end the process without a word, and a hangup pass: what it asks for is read anyway."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _pass)


def let_interrupt() -> None:
    """Let an interrupt be a KeyboardInterrupt again, which an event loop turns into an orderly end."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def let_hang_up() -> None:
    """Let a hangup end the process again: a command must not outlive its terminal."""
    if signal.getsignal(signal.SIGHUP) is _pass:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _end(_: int, __: FrameType | None) -> None:
    sys.exit(INTERRUPTED)


def _pass(_: int, __: FrameType | None) -> None:
    """Do nothing; unlike an ignored signal this is not passed on to programs that are started."""
