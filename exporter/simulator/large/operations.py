"""The lists of a large world, asked for and answered as the living world's are.

A filter that a large list does not know is refused, where an overlooked one would make a number wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.simulator import dataarts_api, identities, octopus_api, pai_api
from exporter.simulator.call import Call
from exporter.simulator.faults import Api, Kind
from exporter.simulator.large.crowd import Crowd, Kinds, Size, Wanted
from exporter.simulator.large.rows import queue_entry
from exporter.simulator.large.world import LargeWorld, Lists
from exporter.simulator.refusal import bad_parameter
from exporter.simulator.simulation import OPERATIONS, Handler, Operation
from exporter.simulator.world.order import ListingOrder

Answer = dict[str, Any]
WORKSPACE = identities.PAI_WORKSPACES[0]
NOBODY = Kinds(ended=("",), active=("",), types=("",))


def operations(world: LargeWorld) -> tuple[Operation, ...]:
    """Return all that can be called, the lists of jobs answered by ``world``."""
    empty = Crowd(NOBODY, Size(), world.at)
    handlers = LargeLists(world, Lists(empty, queue_entry(empty, "", 0, world.at))).handlers()
    return tuple(replace(one, handler=handlers.get(one.api, one.handler)) for one in OPERATIONS)


class LargeLists:
    """The four lists."""

    def __init__(self, world: LargeWorld, empty: Lists) -> None:
        self._empty = empty
        self._octopus = world.octopus_lists()
        self._pai = world.pai_lists()
        self._queues = world.queue_lists()
        self._factory = world.factory_lists()

    def handlers(self) -> Mapping[Api, Handler]:
        """Return who answers for which list."""
        return {
            Api.OCTOPUS_SYSTEM_JOBS: self.system_jobs,
            Api.OCTOPUS_QUEUING_JOBS: self.queuing_jobs,
            Api.PAI_DATASET_JOBS: self.dataset_jobs,
            Api.DATAARTS_JOBS: self.factory_jobs,
        }

    def system_jobs(self, call: Call) -> Answer:
        """Answer a workspace's internal jobs."""
        query = call.parameters
        _refuse(call, "id", "data_id")
        sort = query.choice("sort", tuple(octopus_api.SORTS))
        start, end = octopus_api.times(query)
        wanted = Wanted(
            types=query.texts("job_types", most=octopus_api.MOST_VALUES),
            statuses=query.texts("statuses", most=octopus_api.MOST_VALUES),
            since=None if start is None else start / 1000,
            until=None if end is None else end / 1000,
        )
        lists = self._octopus.get(query.text("workspace_id") or "0", self._empty)
        return _octopus_page(call, lists, _heeded(call, wanted, octopus_api.SORTS[sort] if sort else None))

    def queuing_jobs(self, call: Call) -> Answer:
        """Answer the list of one queue."""
        _refuse(call, "job_id", "output_type", "data_id", "processor_name", "cluster_type", "cluster_id")
        queue_type = octopus_api.queue_type_of(call.parameters)
        job_type = call.parameters.text("job_type")
        lists = self._queues.get(queue_type, self._empty)
        wanted = Wanted(types=frozenset([job_type] if job_type else []))
        return _octopus_page(call, lists, _heeded(call, wanted, None))

    def dataset_jobs(self, call: Call) -> Answer:
        """Answer the jobs of a dataset."""
        query = call.parameters
        _refuse(call, "DatasetVersion")
        pai_api.demand_dataset(call, dataset_id := call.request.path["dataset_id"])
        elsewhere = query.text("WorkspaceId") not in (None, WORKSPACE)
        lists = self._empty if elsewhere else self._pai.get(dataset_id, self._empty)
        status, action = query.text("Status"), query.text("JobAction")
        wanted = Wanted(
            statuses=frozenset([status] if status else []), types=frozenset([action] if action else [])
        )
        first, size = pai_api.window(call)
        order = pai_api.chronological(call)
        rows, total = lists.page(_heeded(call, wanted, order), first, size, logs=pai_api.logs_wanted(call))
        return {"TotalCount": call.told(total), "DatasetJobs": rows}

    def factory_jobs(self, call: Call) -> Answer:
        """Answer the definitions of one workspace and job type."""
        _refuse(call, "jobName", "tags")
        workspace, job_type, first, limit = dataarts_api.scope(call)
        lists = self._factory.get((workspace, job_type), self._empty)
        rows, total = lists.page(_heeded(call, Wanted(), None), first, limit)
        return {"total": call.told(total), "jobs": rows}


def _refuse(call: Call, *names: str) -> None:
    """Refuse filters that a large list cannot apply."""
    for name in names:
        if call.parameters.text(name) is not None:
            raise bad_parameter(call.parameters.cloud, f"{name}: no filter of a large list")


def _heeded(call: Call, wanted: Wanted, order: ListingOrder | None) -> Wanted:
    """Return what is wanted, less what the faults overlook, in the order asked for or the usual one."""
    if Kind.IGNORE_FILTERS in call.faults:
        wanted = Wanted()
    if order is None or Kind.IGNORE_SORT in call.faults:
        order = call.settings.order
    return replace(wanted, order=order)


def _octopus_page(call: Call, lists: Lists, wanted: Wanted) -> Answer:
    """Answer a page in the envelope of Octopus."""
    rows, total = lists.page(wanted, *octopus_api.window(call))
    return octopus_api.envelope(call, rows, call.told(total))
