"""DataArts Studio: the jobs of DataArts Factory, and the instances and workspaces above them."""

from typing import Any

from exporter.simulator.call import Call
from exporter.simulator.refusal import Refusal
from exporter.simulator.settings import OffsetMeaning
from exporter.simulator.world.dataarts import JOB_TYPES, FactoryJob
from exporter.simulator.world.population import Fixed

Answer = dict[str, Any]
DEFAULT_LIMIT = 10
PLACE_LIMIT = 20


def list_jobs(call: Call) -> Answer:
    """Answer "Viewing a Job List": one workspace (a header) and one job type, else BATCH."""
    query = call.parameters
    workspace, job_type, first, limit = scope(call)
    name, tags = query.text("jobName"), query.text("tags")
    population = call.world.factory_jobs.get((workspace, job_type), Fixed())

    def wanted(job: FactoryJob) -> bool:
        return tags is None and (name is None or name in job.name)  # no job of ours has a tag

    jobs = call.sort(call.narrow(population.between(call.now, call.now), wanted), None)
    rows, total = call.cut(jobs, first, limit, lambda job: job.row(call.now))
    return {"total": total, "jobs": rows}


def scope(call: Call) -> tuple[str, str, int, int]:
    """Return workspace, job type, first row and most rows of the page that is asked for."""
    query, workspace = call.parameters, _workspace(call)
    job_type = query.choice("jobType", JOB_TYPES, "BATCH") or "BATCH"
    offset = query.number("offset", 0, low=0)
    limit = query.number("limit", DEFAULT_LIMIT, low=1, high=call.settings.dataarts_most_limit)
    first = offset * limit if call.settings.dataarts_offset is OffsetMeaning.PAGES else offset
    return workspace, job_type, first, limit


def list_instances(call: Call) -> Answer:
    """Answer the list of DataArts Studio instances; ``offset`` counts records."""
    rows, total = call.cut(call.world.studio_instances, *_place_window(call), lambda one: one.row())
    return {"count": total, "commodity_orders": rows}


def list_workspaces(call: Call) -> Answer:
    """Answer the list of an instance's workspaces; ``offset`` counts records."""
    instance = call.request.path["instance_id"]
    if all(one.id != instance for one in call.world.studio_instances):
        raise Refusal(400, "DLS.6036", "The instance does not exist.")
    spaces = [one for one in call.world.factory_workspaces if one.instance == instance]
    first, limit = _place_window(call)
    rows, total = call.cut(spaces, first, limit, lambda one: one.row())
    return {"count": total, "total_page": -(-total // limit), "data": rows}


def _workspace(call: Call) -> str:
    """Return the workspace that the request is about: the named one, or the default one.

    Callers with a signature must tell X-Project-Id: without it the vendor's FAQ has the workspace not found,
    a text that comes without a code there.
    """
    spaces = call.world.factory_workspaces
    named = call.request.header("workspace") or next((one.id for one in spaces if one.kind == 1), None)
    told = call.request.header("x-project-id")
    lost = told != call.request.path["project_id"] if call.signed else False
    if lost or all(one.id != named for one in spaces) or named is None:
        raise Refusal(400, "DLF.3051", "Workspace does not exists")
    return named


def _place_window(call: Call) -> tuple[int, int]:
    """Return offset and limit of the lists of places."""
    query = call.parameters
    return query.number("offset", 0, low=0), query.number("limit", PLACE_LIMIT, low=1, high=100)
