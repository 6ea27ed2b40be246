"""What a source tells of a collection: what was sent, why it was late, and which lists are not there."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from exporter.apis import APIS, octopus_queuing_jobs, octopus_system_jobs
from exporter.client import Meter
from exporter.errors import Reason, SourceError
from exporter.lateness import late
from exporter.source import Source
from tests.fakes import a_client, a_source, answers, the_settings, within
from tests.test_source import page
from tests.turned import TURNED, Backend


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


@pytest.mark.parametrize(
    ("sent", "why", "lever"),
    [
        (Meter(requests=3, seconds=10.0), "the cloud took 3.3 s for an answer on average", ""),
        (
            Meter(requests=8, seconds=38.0),
            "the cloud took 4.8 s for an answer on average, and concurrency (4) allowed no more at once",
            "concurrency, or ",
        ),
        (
            Meter(requests=45, seconds=5.0),
            "requests_per_second (5) allowed no more",
            "requests_per_second, or ",
        ),
    ],
)
def test_what_held_a_collection_back_is_told_by_what_was_sent(sent: Meter, why: str, lever: str) -> None:
    options = octopus_system_jobs.Options(project_id="p")
    changes: dict[str, Any] = {"timeout": 10.0, "requests_per_second": 5.0, "concurrency": 4}
    settings = the_settings("octopus_system_jobs", options, **changes)
    error = late(settings, 10.0, answers=2, sent=sent)
    assert error.reason is Reason.TIMEOUT
    assert error.fact == f"2 pages were read within 10 s (its timeout), not all: {why}"
    assert error.cures == (f"Raise {lever}timeout and Prometheus' scrape_timeout, or split the source.",)


async def test_what_is_sent_again_is_counted_for_its_list() -> None:
    options = octopus_system_jobs.Options(project_id="p", workspaces=("0",))
    handler = answers(httpx.Response(500), httpx.Response(500), page([]))
    source = a_source(the_settings("octopus_system_jobs", options), handler)
    snapshot = await source.collect(within(60))
    assert snapshot.requests == 3
    assert [walk.requests for walk in snapshot.walks] == [3]


async def test_what_is_not_sent_is_not_counted_for_its_list() -> None:
    class Keyless(httpx.Auth):
        expires_at: float | None = None
        identity = ""

        async def async_auth_flow(
            self, request: httpx.Request
        ) -> AsyncGenerator[httpx.Request, httpx.Response]:
            if request.url:
                raise SourceError(Reason.CREDENTIALS, "no key")
            yield request

        async def fingerprint(self) -> int:
            return 1

    settings = the_settings("octopus_system_jobs", octopus_system_jobs.Options(project_id="p"))
    keyless = Keyless()
    source = Source(settings, APIS[settings.api], a_client(answers(page([])), auth=keyless), keyless)
    with pytest.raises(SourceError, match="no key"):
        await source.collect(within(60))
    assert source.requests == 0
    assert [walk.requests for walk in source.course.walks.values()] == [0]


async def test_queues_that_are_not_there_are_all_named_with_what_was_probably_meant() -> None:
    options = octopus_queuing_jobs.Options(project_id="p", queue_types=("PROCESOR", "INTERNL"))
    refusal = httpx.Response(400, json={"error_code": "octopus.400001x", "error_msg": "bad queue_type"})
    source = a_source(the_settings("octopus_queuing_jobs", options), answers(refusal))
    with pytest.raises(SourceError) as caught:
        await source.collect(within(60))
    assert caught.value.reason is Reason.BAD_REQUEST
    assert caught.value.walk == "queue PROCESOR, queue INTERNL"
    assert source.advice(caught.value) == (
        "Queue PROCESOR: did you mean PROCESSOR?",
        "Queue INTERNL: did you mean INTERNAL?",
        octopus_queuing_jobs.CURES[Reason.BAD_REQUEST],
    )


@pytest.mark.parametrize(
    ("queue_type", "advice"),
    [
        ("PROCESOR", "did you mean PROCESSOR?"),
        ("RESIM", "a deployment need not have this queue: leave it out of queue_types"),
        ("DESENSITIZATION", "newer deployments have no such queue: leave it out of queue_types"),
        ("XYZ", "check queue_types: there are PROCESSOR, INTERNAL, RESIM"),
    ],
)
def test_a_queue_that_is_not_there_has_its_cure(queue_type: str, advice: str) -> None:
    assert octopus_queuing_jobs.instead_of(queue_type) == advice
