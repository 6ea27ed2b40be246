"""The file of ``--web.config.file`` while the exporter runs: read again when it or what it names changes."""

import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from exporter.config import ConfigError
from exporter.web.tls import LatestContext, ServerContext
from exporter.web.webconfig import WebConfig, read

log = logging.getLogger(__name__)

SETTLED_NS = 100_000_000
"""Two changes within one tick of a file system's clock look like one: fresher files are read each time."""

Looks = tuple[tuple[int, ...], ...]


class WebFile:
    """The latest good state of the file; raises ConfigError where it is no good from the start.

    ``current`` is asked for each connection and each request. That costs a ``stat`` of each file, and a
    reading of the small files where one has changed, so both are done in the event loop.
    """

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str] = os.environ,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._path = path
        self._environ = environ
        self._now_ns = now_ns
        self._named: set[Path] = set()
        began = now_ns()
        self._config = read(path, environ, self._named.add)
        self._seen: Looks = ()
        self._told: object = self._remember(began)
        if self._config.http2:
            log.info("%s: http2 has no effect, HTTP/1.1 is spoken", path)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """A context for listening that follows the file; None for plain HTTP."""
        return None if self._config.tls is None else LatestContext.of(self._latest_context)

    def current(self) -> WebConfig:
        """Return what the file says, or said when it was good."""
        if self._look() != self._seen:
            self._read_again()
        return self._config

    def _latest_context(self) -> ServerContext:
        context = self.current().tls
        assert context is not None  # noqa: S101  TLS is not turned off while it is on
        return context

    def _look(self) -> Looks:
        return tuple(_look(file) for file in (self._path, *sorted(self._named)))

    def _remember(self, began: int) -> Looks:
        """Return how the files look; what may have changed since the reading began is read once more."""
        looks = self._look()
        settled = all(look[0] < began - SETTLED_NS for look in looks)
        self._seen = looks if settled else ()
        return looks

    def _read_again(self) -> None:
        named: set[Path] = set()
        began = self._now_ns()
        try:
            config = read(self._path, self._environ, named.add)
            problem = self._problem(config)
        except ConfigError as exc:
            problem = str(exc)
        if problem:
            self._named |= named  # the cure may be in one of those
        else:
            self._config, self._named = config, named
        self._tell(problem, self._remember(began))

    def _problem(self, config: WebConfig) -> str:
        """Say why a good file cannot be put to work."""
        if (config.tls is None) != (self._config.tls is None):
            switched = "off" if config.tls is None else "on"
            return f"{self._path}: TLS is switched {switched} by a restart only"
        if config.empty and not self._config.empty:
            return f"{self._path}: it is empty; what it said is dropped by a restart only"
        return ""

    def _tell(self, problem: str, looks: Looks) -> None:
        """Log a change once, however often fresh files are read."""
        news: object = problem or looks
        if news == self._told:
            return
        self._told = news
        if problem:
            log.error("the web configuration was not reloaded, the old one is still at work: %s", problem)
        else:
            log.info("the web configuration was reloaded")


def _look(file: Path) -> tuple[int, ...]:
    """Return what differs between two states of a file, the moment of its last change first."""
    try:
        status = file.stat()
    except OSError as exc:
        return (0, exc.errno or 0)
    return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev
