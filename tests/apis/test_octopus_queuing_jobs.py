from collections.abc import Sequence

import httpx
import pytest

from exporter.apis.octopus_queuing_jobs import API, Options
from exporter.apis.paging import Walk
from exporter.client import Request
from exporter.errors import Reason, SourceError
from exporter.groups import QueueGroup
from exporter.model import QueueEntry
from exporter.source import Snapshot
from tests.apis.cases import CASES, NOW, answer, sample, walks
from tests.fakes import a_source, dated, the_settings, within
from tests.turned import TURNED, Backend


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def the_walk(queue_type: str = "INTERNAL") -> Walk:
    [walk] = await walks("octopus_queuing_jobs", Options(project_id="p", queue_types=(queue_type,)))
    return walk


async def the_entry(**row: object) -> QueueEntry:
    """Return what one row becomes."""
    body = {"payload": {"list": [{"id": 1} | row], "page_info": {"total": 1}}}
    [entry] = (await the_walk()).decode(answer(body)).items
    assert isinstance(entry, QueueEntry)
    return entry


async def test_the_vendors_example_of_the_internal_queue_becomes_an_entry() -> None:
    page = (await the_walk()).decode(answer(sample("octopus_queuing_jobs.internal")))
    assert (page.total, page.now) == (1, 1641024509.0)  # 2022-01-01T08:08:29Z
    assert page.items == [
        QueueEntry(
            key=1,
            workspace="",
            queue_type="INTERNAL",
            cluster_type="",
            job_type="SCENARIO_AUTO_MINING",
            priority=0,
            created=1640966400.0,
        )
    ]


async def test_the_vendors_example_of_another_queue_becomes_an_entry() -> None:
    page = (await the_walk("PROCESSOR")).decode(answer(sample("octopus_queuing_jobs.processor")))
    assert (page.total, page.now) == (1, 1640966400.0)
    assert page.items == [
        QueueEntry(
            key=1,
            workspace="",
            queue_type="PROCESSOR",
            cluster_type="CCE",
            job_type="SCENARIO_AUTO_MINING",
            priority=0,
            created=1640966400.0,
        )
    ]


async def test_an_entry_is_of_the_queue_that_was_asked_for() -> None:
    entry = await the_entry(queue_type="ANOTHER", workspace_id="7")
    assert (entry.queue_type, entry.workspace, entry.unknown) == ("INTERNAL", "7", ())


async def test_a_row_may_leave_out_everything_but_its_id() -> None:
    entry = await the_entry()
    assert (entry.workspace, entry.cluster_type, entry.job_type) == ("", "", "")
    assert (entry.priority, entry.created) == (None, None)


@pytest.mark.parametrize("priority", [0, -1, 100])
async def test_any_priority_is_one(priority: int) -> None:
    assert (await the_entry(priority=priority)).priority == priority


async def test_a_request_asks_for_one_queue_by_records() -> None:
    assert (await the_walk("RESIM")).request(2, 200) == Request(
        path="/v1.0/p/data/queuing-jobs",
        params=(("queue_type", "RESIM"), ("limit", "200"), ("offset", "400")),
    )


async def test_there_is_a_walk_for_each_queue_the_usual_ones_by_default() -> None:
    found = await walks("octopus_queuing_jobs", Options(project_id="p"))
    assert [walk.name for walk in found] == ["queue PROCESSOR", "queue INTERNAL", "queue RESIM"]


def test_the_endpoint_is_that_of_the_region() -> None:
    assert API.endpoint("cn-south-1") == "https://octopus.cn-south-1.myhuaweicloud.com"


@pytest.mark.parametrize("reason", Reason)
async def test_only_a_bad_parameter_means_that_there_is_no_such_queue(reason: Reason) -> None:
    assert (await the_walk()).absent(SourceError(reason, "")) is (reason is Reason.BAD_REQUEST)


QUEUES = ("PROCESSOR", "INTERNAL", "RESIM", "DESENSITIZATION")


async def collected(known: Sequence[str], lengths: dict[str, int]) -> Snapshot:
    """Collect four queues from a deployment that knows some."""
    case = CASES["octopus_queuing_jobs"]

    async def handler(request: httpx.Request) -> httpx.Response:
        queue_type = request.url.params["queue_type"]
        if queue_type not in known:
            refusal = {"error_code": "octopus.400000", "error_msg": "queue_type is invalid"}
            return httpx.Response(400, json=refusal)
        first = 1000 * QUEUES.index(queue_type)
        rows = [case.row(first + number) for number in range(lengths[queue_type])]
        return httpx.Response(200, json=case.body(rows, len(rows)), headers=dated(NOW))

    options = Options(project_id="p", queue_types=QUEUES)
    return await a_source(the_settings(case.api, options), handler).collect(within(9))


async def test_a_queue_type_that_the_deployment_does_not_know_leaves_the_others_intact() -> None:
    snapshot = await collected(QUEUES[:3], {"PROCESSOR": 2, "INTERNAL": 5, "RESIM": 0})
    depths = {group: queued.entries for group, queued in snapshot.tally.queue.items()}
    assert depths == {
        QueueGroup("", "PROCESSOR", "", "", "0"): 2,
        QueueGroup("", "INTERNAL", "", "", "0"): 5,
        QueueGroup("", "RESIM"): 0,  # known, and nothing waits
    }
    assert (snapshot.complete, snapshot.listed) == (True, 7)


async def test_where_no_queue_type_is_known_the_request_is_wrong() -> None:
    with pytest.raises(SourceError) as caught:
        await collected((), {})
    assert caught.value.reason is Reason.BAD_REQUEST
    assert "queue_type is invalid" in caught.value.message
