"""Log lines for machines: logfmt or JSON, one line an event, stable keys, and no storms."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

LEVELS = ("debug", "info", "warning", "error")

FIRST_KEYS: Final[Mapping[str, str]] = {
    "ts": "when, in UTC, to the millisecond",
    "level": "debug, info, warning or error",
    "logger": "the module that says it",
    "msg": "what happened, for people",
}
KEYS: Final[Mapping[str, str]] = {
    "source": "the name of the source that the line is about",
    "api": "its list API",
    "reason": "why it was not collected: the label value of `datajobs_api_request_failures_total`",
    "code": "the cloud's own error code, if it gave one",
    "cure": "what to do about it: what `check` and the status page say",
    "suppressed": "how many changes of the source's state before this one had no line of their own",
    "sources": "how many sources a scrape asked",
    "failed": "how many of them were not collected",
    "listed": "how many jobs were listed",
    "requests": "how many requests were sent meanwhile",
    "seconds": "how long it took",
}
"""What a line may say beside that, each only where it applies: handed to the logger as ``extra``."""
LAST_KEYS: Final[Mapping[str, str]] = {"exception": "the traceback, of a bug of the exporter only"}

BURST = 4
REST = 600.0
"""So many changes of state are told at once; after that one in so many seconds."""

Hide = Callable[[str], str]
"""Returns a text without the secrets that the program holds."""


def fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what a line says by its keys, in order."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    found: dict[str, object] = {
        "ts": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "msg": record.getMessage(),
    }
    found |= {key: record.__dict__[key] for key in KEYS if record.__dict__.get(key) is not None}
    if record.exc_info:
        found["exception"] = logging.Formatter().formatException(record.exc_info)
    return found


def logfmt(found: Mapping[str, object]) -> str:
    """Write ``key=value`` pairs; a value with blanks, quotes or line ends (of any script) is quoted."""
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in found.items())


def _quoted(value: str) -> str:
    plain = value.isascii() and value.isprintable() and not any(sign in value for sign in ' "=\\')
    return value if plain and value else json.dumps(value, ensure_ascii=not value.isprintable())


FORMATS: dict[str, Callable[[Mapping[str, object]], str]] = {"logfmt": logfmt, "json": json.dumps}


def as_it_is(text: str) -> str:
    """Hide nothing."""
    return text


class LineFormatter(logging.Formatter):
    """A formatter over one of FORMATS; ``hide`` is the last net under everything that is logged."""

    def __init__(self, form: str, hide: Hide = as_it_is) -> None:
        super().__init__()
        self._write = FORMATS[form]
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        found = fields(record)
        return self._write(
            {key: self._hide(value) if isinstance(value, str) else value for key, value in found.items()}
        )


def set_up(level: str, form: str, hide: Hide = as_it_is) -> None:
    """Send the program's log to standard error; of libraries only what they warn of.

    What ends the program unexpectedly is logged too, rather than written past ``hide``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form, hide))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("exporter").setLevel(level.upper())
    sys.excepthook = _log_the_end


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what nobody caught."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger(__name__).error("a bug of the exporter ended it", exc_info=(kind, error, trace))


class Changes:
    """Lines about the state of one thing: one for each change, but no storm where it flickers.

    Changes that had no line are counted (``suppressed`` of the next one); the state that the thing is in is
    told as soon as a line is due. Every state has its line at the level ``debug``.
    """

    def __init__(
        self,
        logger: logging.Logger,
        about: Mapping[str, object],
        state: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._about = about
        self._state = self._told = state
        self._clock = clock
        self._left = float(BURST)
        self._counted_at = -math.inf
        self._untold = 0

    @property
    def told(self) -> str:
        """The state that the last line told, or the one at the start."""
        return self._told

    def tell(
        self,
        state: str,
        level: int,
        message: str,
        *arguments: object,
        error: BaseException | None = None,
        **more: object,
    ) -> None:
        """Say that the thing is in ``state``; ``error`` has the traceback, ``more`` are of KEYS."""
        self._untold += state != self._state
        self._state = state
        extra = {**self._about, **more}
        if state == self._told or not self._may_speak():
            self._logger.debug(message, *arguments, extra=extra)
            return
        extra["suppressed"] = self._untold - 1 or None
        self._told, self._untold = state, 0
        self._logger.log(level, message, *arguments, exc_info=error, extra=extra)

    def _may_speak(self) -> bool:
        """Take one of the lines that are left, if there is one."""
        now = self._clock()
        self._left = min(float(BURST), self._left + (now - self._counted_at) / REST)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
