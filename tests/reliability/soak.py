"""A day of scrapes, with all that changes in a day: what the exporter holds must not grow."""

import asyncio
import gc
import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from pathlib import Path
from random import Random
from statistics import median

import msgspec

from exporter.simulator import identities
from exporter.simulator.app import build, request_log
from exporter.simulator.identities import DemoKey
from exporter.simulator.log import RequestLog
from exporter.simulator.settings import Settings
from exporter.source import Source
from tests.reliability.accelerated import (
    HOUR,
    AcceleratedLoop,
    Exporter,
    changing_world,
    configuration,
    exporter,
)
from tests.reliability.figures import Sample, Soak

FAULTS = (
    "http-500:0.3",
    "http-500",
    "http-502-html:0.5",
    "http-503-empty",
    "pai_dataset_jobs:http-401",
    "dataarts_jobs:http-401:0.2",
    "octopus_system_jobs:http-403",
    "throttle=2000:0.3",
    "error-nested:0.2",
    "malformed-json",
    "cut-off:0.3",
    "huge-body=3000000:0.3",
    "slow=4:0.2",
    "octopus_queuing_jobs:slow=600",
    "empty-page:0.2",
    "wrong-total=+250:0.3",
    "iam_tokens:http-500",
)
WEATHER = 600.0
"""Seconds after which other faults come, or none."""
TIMEOUT = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
OPENMETRICS = {"accept": "application/openmetrics-text", "accept-encoding": "gzip", **TIMEOUT}
PAGES = ("/", "/sd", "/config", "/-/healthy", "/probe?target=queue", "/nothing", "/probe?target=nothing")
BEFORE = 2.0
"""Hours until all is as it stays."""


@dataclass
class Day:
    """What goes on in a day."""

    exporter: Exporter
    settings: Settings
    log: RequestLog
    folder: Path
    random: Random = field(default_factory=lambda: Random(1))
    samples: list[Sample] = field(default_factory=list)
    scrapes: int = 0
    requests: int = 0
    reloads: int = 0
    rejected: int = 0
    _hour: int = -1
    _weather: float = 0.0

    async def live(self, hours: float, interval: float, every: float) -> None:
        """Let two Prometheus servers scrape, and take a sample each so many seconds."""
        loop = asyncio.get_running_loop()
        due = 0.0
        while (now := loop.time()) < hours * HOUR:
            await self.change(now)
            series = await self.scrape(interval)
            if now >= due:
                self.samples.append(self.sample(now, series))
                due += every
            await asyncio.sleep(max(0.0, now + interval - loop.time()))

    async def change(self, now: float) -> None:
        """Let another hour begin where it is time, and other faults."""
        if now >= self._weather:
            self._weather += WEATHER
            self.settings.faults.clear()
            if self.random.random() < 0.6:
                self.settings.faults.add(self.random.choice(FAULTS))
        if int(now / HOUR) > self._hour:
            self._hour = int(now / HOUR)
            await self.begin(self._hour)

    async def begin(self, hour: int) -> None:
        """Change keys, workspaces and sources; now and then the new configuration is no good at first."""
        keys = renew_keys(self.settings, self.folder, hour)
        if hour % 3 == 2:
            self.exporter.write("sources: [{name: broken")
            assert await self.exporter.reload() == 400
            self.rejected += 1
        self.exporter.write(configuration(self.folder, hour, keys))
        assert await self.exporter.reload() == 200
        self.reloads += 1

    async def scrape(self, interval: float) -> int:
        """Scrape as two servers do and somebody who hangs up; return how many series there are."""
        http = self.exporter.http
        hasty = asyncio.create_task(http.get("/probe?target=pai", headers=TIMEOUT))
        text = asyncio.create_task(http.get("/metrics", headers=TIMEOUT))
        await asyncio.sleep(self.random.uniform(0.01, 0.3))
        hasty.cancel()
        response = await text
        assert response.status_code == 200
        await http.get(self.random.choice(PAGES), headers=TIMEOUT)
        await asyncio.sleep(interval / 3)
        assert (await http.get("/metrics", headers=OPENMETRICS)).status_code == 200
        self.scrapes += 2
        self.requests += sum(self.log.by_status.values())
        self.log.clear()
        return sum(not line.startswith("#") for line in response.text.splitlines())

    def sample(self, now: float, series: int) -> Sample:
        """Return what there is."""
        empty_caches()
        gc.collect()
        return Sample(
            hour=now / HOUR,
            memory=memory(),
            tasks=len(asyncio.all_tasks()),
            descriptors=len(os.listdir("/proc/self/fd")),
            threads=threading.active_count(),
            series=series,
            sources=sum(isinstance(one, Source) for one in gc.get_objects()),
        )

    def failures(self) -> int:
        """Return how many failures the exporter has counted."""
        families = self.exporter.instruments.about_sources(self.exporter.scraper.names)
        return int(
            sum(
                sample.value
                for family in families
                if family.name == "datajobs_api_request_failures"
                for sample in family.samples
            )
        )


def memory() -> float:
    """Return the memory (MB) that was asked for since the beginning by all but the simulated clouds."""
    theirs = [
        tracemalloc.Filter(False, pattern) for pattern in ("*/exporter/simulator/*", tracemalloc.__file__)
    ]
    traces = tracemalloc.take_snapshot().filter_traces(theirs)
    return sum(trace.size for trace in traces.traces) / 1e6


def empty_caches() -> None:
    """Empty the caches of a limited size: how full they are tells how long ago we began."""
    for name, module in list(sys.modules.items()):
        if name.startswith("exporter."):
            for kept in vars(module).values():
                if isinstance(kept, _lru_cache_wrapper) and kept.cache_info().maxsize is not None:
                    kept.cache_clear()


def renew_keys(settings: Settings, folder: Path, hour: int) -> Sequence[str]:
    """Let other keys be right from now on: one in a file, one that is returned, to be configured."""
    alibaba = f"SecretOfTheHour{hour:08}"
    huawei = DemoKey(id=f"HPUADEMOXHOURX{hour:06}", secret=f"SecretKeyOfTheHour{hour:022}")
    (folder / "alibaba-secret").write_text(alibaba, encoding="ascii")
    settings.alibaba_keys = (DemoKey(id=identities.DEMO_ALIBABA_KEY.id, secret=alibaba),)
    settings.huawei_keys = (huawei,)
    return huawei.id, huawei.secret


async def day(folder: Path, hours: float, interval: float, every: float, jobs: int) -> Soak:
    """Live so many hours, with a scrape of each of two servers in each interval."""
    loop, start, began = asyncio.get_running_loop(), float(int(time.time())), time.perf_counter()
    settings = Settings(
        clock=lambda: start + loop.time(), tolerance=float("inf"), latency=0.05, token_life=HOUR
    )
    clouds = build(changing_world(start, jobs, int(hours) + 1), settings)
    path = folder / "config.yaml"
    path.write_text(msgspec.yaml.encode(configuration(folder, 0, renew_keys(settings, folder, 0))).decode())
    async with exporter(path, clouds) as one:
        living = Day(exporter=one, settings=settings, log=request_log(clouds), folder=folder)
        await living.live(hours, interval, every)
        return Soak(
            samples=living.samples,
            interval=interval,
            scrapes=living.scrapes,
            failed=living.failures(),
            requests=living.requests,
            reloads=living.reloads,
            rejected=living.rejected,
            lines=sum(one.logged.values()),
            seconds=time.perf_counter() - began,
        )


def soak(folder: Path, *, hours: float, interval: float, every: float, jobs: int) -> Soak:
    """Run a day on a loop of its own. ``interval`` and ``every``, that of the samples, are in seconds."""
    tracemalloc.start()
    try:
        with asyncio.Runner(loop_factory=AcceleratedLoop) as runner:
            return runner.run(day(folder, hours, interval, every, jobs))
    finally:
        tracemalloc.stop()


def growth(values: Sequence[float]) -> float:
    """Return by what part the last third is above the first, by their medians."""
    third = max(1, len(values) // 3)
    return median(values[-third:]) / median(values[:third]) - 1


def settled(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples from the time on from which nothing may grow."""
    return [sample for sample in samples if sample.hour >= BEFORE]
