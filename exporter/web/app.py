"""The ASGI application."""

import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, Metric
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter.instruments import Instruments
from exporter.rendering import Renderer
from exporter.scrape import Scraper
from exporter.web.admission import Admission
from exporter.web.exposition import accepts_gzip, negotiated
from exporter.web.packing import Packer
from exporter.web.page import HEADERS, page
from exporter.web.status import statuses
from exporter.web.together import Together

log = logging.getLogger(__name__)

TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"
MARGIN = 0.5
"""Seconds of a scrape's timeout that are kept for rendering and the way back."""

Own = Callable[[Sequence[str]], Iterable[Metric]]
"""Returns what we tell of ourselves beside sources of these names."""


class Web:
    """The pages over one scraper."""

    def __init__(
        self,
        scraper: Scraper,
        instruments: Instruments,
        telemetry_path: str,
        extra: Sequence[Route] = (),
        max_requests: int = 0,
    ) -> None:
        self._scraper = scraper
        self._instruments = instruments
        self._renderer = Renderer()
        self._packer = Packer()
        self._together = Together()
        self._telemetry_path = telemetry_path
        self._extra = extra
        self._admission = Middleware(Admission(max_requests, instruments.refused).before)

    def application(self) -> Starlette:
        """Return the application; it closes the scraper's connections when it ends."""
        return Starlette(routes=self._routes(), lifespan=self._lifespan)

    def _routes(self) -> list[Route]:
        return [
            Route("/", self.status),
            Route(self._telemetry_path, self.metrics, middleware=[self._admission]),
            Route("/probe", self.probe, middleware=[self._admission]),
            *self._extra,
            Route("/sd", self.discovery),
            Route("/-/healthy", self.healthy),
            Route("/-/ready", self.ready),
        ]

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._scraper.aclose()

    async def metrics(self, request: Request) -> Response:
        """Answer a scrape of all sources, or of those that are named."""
        wanted = tuple(dict.fromkeys(request.query_params.getlist("source")))
        unknown = [name for name in wanted if name not in self._scraper.names]
        if unknown:
            return self._no_such_source(unknown, status=400)
        names = wanted or self._scraper.names
        return await self._exposition(request, names, self._own)

    async def probe(self, request: Request) -> Response:
        """Answer a scrape of one source, without anything about the exporter itself."""
        targets = list(filter(None, request.query_params.getlist("target")))
        if len(targets) != 1:
            problem = "a probe is of one target" if targets else "target is missing"
            return PlainTextResponse(f"{problem}; {self._known()}\n", status_code=400)
        if targets[0] not in self._scraper.names:
            return self._no_such_source(targets, status=404)
        return await self._exposition(request, targets, self._instruments.about_sources)

    def _own(self, names: Sequence[str]) -> Iterator[Metric]:
        yield from self._instruments.about_sources(names)
        yield from self._instruments.about_exporter()
        for own in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
            yield from own.collect()

    async def _exposition(self, request: Request, names: Sequence[str], own: Own) -> Response:
        """Answer a scrape of these sources with what there is of them, and with our ``own`` metrics."""
        chosen, content_type = negotiated(request.headers.get("accept", ""))
        headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
        if request.method == "HEAD":
            response = Response(headers=headers)
            # No cloud is asked for numbers that nobody wants; how many bytes they were is not known.
            del response.headers["content-length"]
            return response
        pack = accepts_gzip(request.headers.get("accept-encoding", ""))
        if pack:
            headers["content-encoding"] = "gzip"
        results = await self._scraper.scrape(names, budget(request.headers.get(TIMEOUT_HEADER)))

        async def made() -> bytes:
            body = await self._renderer.render(results, own(names), chosen.form)
            return await self._packer.packed(body) if pack else body.whole()

        key = (request.url.path, tuple(names), chosen.form, pack)
        return Response(await self._together.answer(key, results, made), headers=headers)

    def _no_such_source(self, names: Sequence[str], status: int) -> Response:
        asked = ", ".join(repr(name) for name in names)
        return PlainTextResponse(f"no source {asked} is configured; {self._known()}\n", status_code=status)

    def _known(self) -> str:
        return f"there are: {', '.join(self._scraper.names)}"

    async def discovery(self, request: Request) -> Response:
        """List one target per source, as Prometheus' HTTP service discovery wants it."""
        # The name that Prometheus reached us by; HTTP/1.0 may leave it out.
        address = request.url.netloc
        # Where we are asked over HTTP, a proxy before us may speak TLS: then Prometheus' own scheme is right.
        scheme = {"__scheme__": "https"} if request.url.scheme == "https" else {}
        return JSONResponse([self._target(address, name, scheme) for name in self._scraper.names])

    def _target(self, address: str, name: str, scheme: dict[str, str]) -> dict[str, object]:
        settings = self._scraper.settings(name)
        labels = {
            **scheme,
            # All targets share an address: without a name of its own each would write the same `up`.
            "instance": name,
            "__metrics_path__": "/probe",
            "__param_target": name,
            "__meta_datajobs_source": name,
            "__meta_datajobs_api": settings.api,
            "__meta_datajobs_region": settings.region or "",
        }
        return {"targets": [address], "labels": labels}

    async def status(self, _: Request) -> Response:
        """Tell how each source was when it was last asked, and name the pages; no cloud is asked."""
        html = page(
            statuses(self._scraper),
            self._telemetry_path,
            [route.path for route in self._routes()],
            time.time(),
            reload_failed=self._instruments.reload_has_failed,
        )
        return HTMLResponse(html, headers=HEADERS)

    async def healthy(self, _: Request) -> Response:
        """Tell that the process and its event loop are alive; no cloud is asked."""
        return PlainTextResponse("datajobs-exporter is healthy\n")

    async def ready(self, _: Request) -> Response:
        """Tell that the configuration is loaded and scrapes are answered; no cloud is asked."""
        return PlainTextResponse("datajobs-exporter is ready\n")


def budget(header: str | None) -> float | None:
    """Return the seconds that a scraper gives us, less the margin; None where it does not say."""
    try:
        timeout = float(header or "")
    except ValueError:
        return None
    if not math.isfinite(timeout) or timeout <= 0:
        return None
    return max(timeout - MARGIN, timeout / 2)
