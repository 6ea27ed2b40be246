"""Log lines for machines: logfmt or JSON, one line an event, stable keys."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warning", "error")


def fields(record: logging.LogRecord) -> dict[str, str]:
    """Return what a line says, in order: ts, level, logger, msg and, of an exception, its traceback."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    found = {
        "ts": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "msg": record.getMessage(),
    }
    if record.exc_info:
        found["exception"] = logging.Formatter().formatException(record.exc_info)
    return found


def logfmt(found: Mapping[str, str]) -> str:
    """Write ``key=value`` pairs; a value with blanks, quotes or line ends (of any script) is quoted."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in found.items())


def _quoted(value: str) -> str:
    plain = value.isascii() and value.isprintable() and not any(sign in value for sign in ' "=\\')
    return value if plain and value else json.dumps(value, ensure_ascii=not value.isprintable())


FORMATS: dict[str, Callable[[Mapping[str, str]], str]] = {"logfmt": logfmt, "json": json.dumps}


class LineFormatter(logging.Formatter):
    """A formatter over one of FORMATS."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._write = FORMATS[form]

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        return self._write(fields(record))


def set_up(level: str, form: str) -> None:
    """Send the program's log to standard error; of libraries only what they warn of."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("exporter").setLevel(level.upper())
