from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from exporter.commands.simulate import CONFIG, Weather, clouds
from tests.cli.running import config_file, running
from tests.e2e.watching import Watcher, eventually, prometheus, with_defaults

TROUBLES = (
    "jobs-fail=FRAME_EXTRACT@30m",
    "jobs-fail=SemanticIndex:0.5@30m",
    "queue-stuck@2m",
    "files-fail@30m",
    "runs-fail:0.5@30m",
    "streams-break:0.5@30m",
    "pai_dataset_jobs:throttle=50:0.3",
    "octopus_system_jobs:unknown-status:0.5",
)
"""What makes the clouds give series of every kind."""
SCRAPES = 4
"""As many make a rate, and a change of one."""


@pytest.fixture(scope="package")
def watcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    """Prometheus, after some scrapes of the exporter on simulated clouds that are in trouble."""
    weather = Weather(seed=3, jobs=300, faults=TROUBLES)
    folder = tmp_path_factory.mktemp("dashboards")
    options = with_defaults(CONFIG, per_job=500, requests_per_second=10_000)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(clouds(weather, "127.0.0.1", 0)) as simulator,
        running(
            "--config.file",
            config_file(folder, options),
            "--web.listen-address=127.0.0.1:0",
            SIMULATED=simulator.url,
        ) as command,
    ):
        address = command.err.wait_for("listens on").split("http://")[1].removesuffix('/metrics"')
        job = {"job_name": "datajobs", "scrape_interval": "2s", "scrape_timeout": "2s"}
        with prometheus(folder, [{**job, "static_configs": [{"targets": [address]}]}]) as found:
            eventually(lambda: scrapes(found), lambda number: number >= SCRAPES)
            yield found
        assert command.end() == 0


def scrapes(watcher: Watcher) -> float:
    """Return how many scrapes have found every source well enough to show its numbers."""
    every = "min by (job) (count_over_time(datajobs_source_last_success_timestamp_seconds[5m]))"
    return min((value for _, value in watcher.query(every)), default=0.0)
