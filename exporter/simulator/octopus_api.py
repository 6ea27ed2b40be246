"""Octopus: the lists of internal jobs (system-jobs) and of queued jobs (queuing-jobs)."""

from collections.abc import Callable
from typing import Any

from exporter.simulator.call import Call
from exporter.simulator.parameters import Parameters, narrowed
from exporter.simulator.refusal import Cloud, bad_parameter
from exporter.simulator.settings import CurrentTime
from exporter.simulator.world.octopus import QUEUE_TYPES, QueueEntry, SystemJob
from exporter.simulator.world.order import ListingOrder
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.timeline import Row, iso_seconds, milliseconds

Answer = dict[str, Any]
SORTS = {
    "CREATE_ASC": ListingOrder.CREATED_ASCENDING,
    "CREATE_DESC": ListingOrder.CREATED_DESCENDING,
    "UPDATE_ASC": ListingOrder.UPDATED_ASCENDING,
    "UPDATE_DESC": ListingOrder.UPDATED_DESCENDING,
}
EARLIEST, LATEST = 1_000_000_000_000, 2_000_000_000_000
"""The range of the time filters, in milliseconds."""

MOST_VALUES = 20
DEFAULT_LIMIT = 10


def list_system_jobs(call: Call) -> Answer:
    """Answer a workspace's internal jobs. ``start_time`` is about creation, ``end_time`` about update."""
    query = call.parameters
    workspace = query.text("workspace_id") or "0"
    sort = query.choice("sort", tuple(SORTS))
    population = call.world.octopus_jobs.get(workspace, Fixed())
    jobs = call.narrow(population.between(call.now, call.now), _job_filter(call))
    return _page(call, call.sort(jobs, SORTS[sort] if sort else None), lambda job: job.row(call.now))


def list_queuing_jobs(call: Call) -> Answer:
    """Answer the list of one queue, all workspaces together. The queue type is mandatory."""
    query = call.parameters
    queue_type = queue_type_of(query)
    if query.text("cluster_type") == "MODELARTS" and query.text("cluster_id") is None:
        raise bad_parameter(Cloud.OCTOPUS, "cluster_id: must not be null where cluster_type is MODELARTS")
    population = call.world.queue_population(queue_type)
    entries = call.narrow(population.between(call.now, call.now), _entry_filter(call))
    return _page(call, call.sort(entries, None), lambda entry: entry.row(call.now))


def queue_type_of(query: Parameters) -> str:
    """Return the queue that is asked for."""
    queue_type = query.choice("queue_type", QUEUE_TYPES)
    if queue_type is None:
        raise bad_parameter(Cloud.OCTOPUS, "queue_type: must not be null")
    return queue_type


def _job_filter(call: Call) -> Callable[[SystemJob], bool]:
    """Return what the request's filters say about an internal job."""
    query, now = call.parameters, call.now
    number, data_id = query.optional_number("id"), query.text("data_id")
    types, statuses = query.texts("job_types", most=MOST_VALUES), query.texts("statuses", most=MOST_VALUES)
    start, end = times(query)

    def wanted(job: SystemJob) -> bool:
        return (
            number in (None, job.id)
            and data_id in (None, job.data_id)
            and narrowed(types, job.job_type)
            and narrowed(statuses, job.timeline.state(now))
            and (start is None or milliseconds(job.timeline.born) >= start)
            and (end is None or milliseconds(job.timeline.since(now)) <= end)
        )

    return wanted


def times(query: Parameters) -> tuple[int | None, int | None]:
    """Return the lower bound of creation and the upper one of the last change, in milliseconds."""
    return (
        query.optional_number("start_time", low=EARLIEST, high=LATEST),
        query.optional_number("end_time", low=EARLIEST, high=LATEST),
    )


def _entry_filter(call: Call) -> Callable[[QueueEntry], bool]:
    """Return what the request's filters say about a place in a queue."""
    query = call.parameters
    job_id = query.optional_number("job_id")
    names = ("output_type", "job_type", "data_id", "processor_name", "cluster_type", "cluster_id")
    wanted = {name: value for name in names if (value := query.text(name)) is not None}

    def passes(entry: QueueEntry) -> bool:
        return job_id in (None, entry.job_id) and all(
            getattr(entry, name) == value for name, value in wanted.items()
        )

    return passes


def _page(call: Call, items: list[Any], row: Callable[[Any], Row]) -> Answer:
    """Cut the page that offset (in records) and limit ask for, in the envelope of Octopus."""
    offset, limit = window(call)
    rows, total = call.cut(items, offset, limit, row)
    return envelope(call, rows, total)


def window(call: Call) -> tuple[int, int]:
    """Return offset and limit, both in records."""
    query = call.parameters
    return (
        query.number("offset", 0, low=0),
        query.number("limit", DEFAULT_LIMIT, low=1, high=call.settings.octopus_most_limit),
    )


def envelope(call: Call, rows: object, total: int) -> Answer:
    """Return the body around the rows of a page."""
    offset, limit = window(call)
    page_info = {"offset": offset, "limit": limit, "total": total}
    return {"meta_info": _meta_info(call), "payload": {"list": rows, "page_info": page_info}}


def _meta_info(call: Call) -> Answer:
    """Return the time of the request in one of the forms that were seen."""
    forms: dict[CurrentTime, Answer] = {
        CurrentTime.ISO: {"current_time": iso_seconds(call.now)},
        CurrentTime.NUMBER: {"current_time": milliseconds(call.now)},
        CurrentTime.NUMERIC_STRING: {"current_time": str(milliseconds(call.now))},
        CurrentTime.ABSENT: {},
    }
    return forms[call.settings.current_time]
