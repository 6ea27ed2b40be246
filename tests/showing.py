"""Results that show jobs, and the text that becomes of them."""

import re
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
from prometheus_client import Metric

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.errors import Reason, SourceError
from exporter.groups import Queued, QueueGroup
from exporter.metrics import CATALOGUE, About
from exporter.model import Item, Job, LastRun, Phase, Place
from exporter.rendering import Body, Renderer
from exporter.scrape import Result
from exporter.source import Snapshot
from exporter.tally import Tally
from exporter.writer import OPENMETRICS, TEXT, Form
from tests.fakes import a_source, answers, the_settings
from tests.scraped import read_openmetrics

NOW = 1_700_000_000.0


OPTIONS: dict[str, msgspec.Struct] = {
    "pai_dataset_jobs": pai_dataset_jobs.Options(datasets=("d-1",)),
    "octopus_system_jobs": octopus_system_jobs.Options(project_id="p"),
    "octopus_queuing_jobs": octopus_queuing_jobs.Options(project_id="p"),
    "dataarts_jobs": dataarts_jobs.Options(project_id="p"),
}


def shown(
    api: str,
    items: Sequence[Item],
    *,
    complete: bool = True,
    error: SourceError | None = None,
    seen: Sequence[tuple[Place, str]] = (),
    queue: Sequence[QueueGroup] = (),
    last_success: float | None = NOW,
    duration: float | None = 0.5,
    most: int = 2000,
) -> Result:
    """Return a result that shows these jobs."""
    source = a_source(the_settings(api, OPTIONS[api], name="one"), answers(httpx.Response(200)))
    words = source.words
    tally = Tally(lookback=3600.0, standing=words.standing, most=most, documented=words.documented)
    tally.take(items, NOW)
    tally.whole_types.update(seen)
    tally.queue.update((group, Queued()) for group in queue)
    snapshot = Snapshot(
        tally=tally,
        complete=complete,
        listed=len(items),
        reported=len(items) + (not complete),
        as_of=NOW,
        began=0.0,
        requests=1,
    )
    return Result(source=source, error=error, snapshot=snapshot, last_success=last_success, duration=duration)


def nothing(api: str = "octopus_system_jobs") -> Result:
    """Return a result that has nothing to show."""
    source = a_source(the_settings(api, OPTIONS[api], name="one"), answers(httpx.Response(200)))
    error = SourceError(Reason.SERVER, "broken")
    return Result(source=source, error=error, snapshot=None, last_success=None, duration=None)


def scrape(results: Sequence[Result], form: Form) -> str:
    """Return what a scrape shows of these sources."""
    # It waits for nothing but its next turn, so it needs no event loop: whoever asks may be in one.
    writing = Renderer().render(results, [], form)
    while True:
        try:
            writing.send(None)
        except StopIteration as ended:
            body: Body = ended.value
            return body.whole().decode()


def families(results: Sequence[Result]) -> list[Metric]:
    """Return the families that a scrape shows of these sources, as a strict parser reads them."""
    return read_openmetrics(scrape(results, OPENMETRICS))


def text(results: Sequence[Result], *names: str) -> str:
    """Return the samples of families as Prometheus reads them, less the labels and prefix that all have."""
    wanted = tuple(f"datajobs_{name}" for name in names)
    suffixes = "(_bucket|_gcount|_gsum)?"
    mine = re.compile(rf"({'|'.join(wanted)}){suffixes}{{")
    return "\n".join(_short(line) for line in scrape(results, TEXT).splitlines() if mine.match(line))


def _short(line: str) -> str:
    assert re.search(r'[{,]api="\w+"', line)
    assert ',source="one"' in line
    line = re.sub(r'api="\w+",?|,?source="one"', "", line.removeprefix("datajobs_"))
    return line.replace("{,", "{").replace("{}", "")


def expected(block: str) -> str:
    """Return a block of text without its indentation."""
    return "\n".join(line.strip() for line in block.strip().splitlines())


def system_job(status: str, **changes: Any) -> Job:
    known: dict[str, Any] = {
        "key": 1,
        "workspace": "0",
        "job_type": "FRAME_EXTRACT",
        "status": status,
        "phase": octopus_system_jobs.STATUSES.get(status, Phase.UNKNOWN),
    }
    return Job(**(known | changes))


def factory_job(status: str, run: LastRun | None = None, **changes: Any) -> Job:
    known: dict[str, Any] = {
        "key": status,
        "workspace": "w",
        "job_type": "BATCH",
        "status": status,
        "phase": dataarts_jobs.BATCH[status],
        "last_run": run,
    }
    return Job(**(known | changes))


ABOUT_JOBS = {family.name for family in CATALOGUE if family.about is About.JOBS}
