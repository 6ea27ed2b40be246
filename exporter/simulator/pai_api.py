"""PAI AIWorkSpace 2021-02-04: ListDatasetJobs, ListDatasets, ListWorkspaces."""

from collections.abc import Callable
from typing import Any

from exporter.simulator.call import Call
from exporter.simulator.faults import Kind
from exporter.simulator.parameters import Parameters, narrowed
from exporter.simulator.refusal import Cloud, Refusal, bad_parameter
from exporter.simulator.world.order import ListingOrder
from exporter.simulator.world.pai import FINISHED, Dataset, DatasetJob, Workspace

Answer = dict[str, Any]
ORDERS = ("ASC", "DESC")
JOB_SORTS = ("Status", "JobAction", "FinishTime", "CreateTime")
PLACE_SORTS = ("GmtCreateTime", "GmtModifiedTime")


def list_dataset_jobs(call: Call) -> Answer:
    """Answer ListDatasetJobs. An unknown dataset is refused, which its page does not say.

    The page size is brought down to the settings' maximum without a word; the documents name no maximum.
    """
    dataset_id = call.request.path["dataset_id"]
    demand_dataset(call, dataset_id)
    population = call.world.pai_jobs.get(dataset_id)
    jobs = list(population.between(call.now, call.now)) if population else []
    jobs = _sorted_jobs(call, list(call.narrow(jobs, _job_filter(call))))
    logged = logs_wanted(call)
    return _page(call, "DatasetJobs", jobs, lambda job: job.row(call.now, with_logs=logged))


def list_datasets(call: Call) -> Answer:
    """Answer ListDatasets: those of one workspace, the default one if none is named."""
    query = call.parameters
    workspace = query.text("WorkspaceId") or _default_workspace(call)
    datasets = [
        one for one in call.world.pai_datasets.between(call.now, call.now) if one.workspace == workspace
    ]
    kept = call.narrow(datasets, _dataset_filter(query))
    order = _place_order(query)
    return _page(call, "Datasets", call.sort(kept, order), lambda one: one.row(call.now))


def list_workspaces(call: Call) -> Answer:
    """Answer ListWorkspaces."""
    query = call.parameters
    ids, name, status = query.commas("WorkspaceIds"), query.text("WorkspaceName"), query.text("Status")

    def wanted(one: Workspace) -> bool:
        named = name is None or name in one.name
        return named and narrowed(ids, one.id) and status in (None, one.timeline.state(call.now))

    workspaces = call.narrow(call.world.pai_workspaces.between(call.now, call.now), wanted)
    order = _place_order(query)
    return _page(
        call, "Workspaces", call.sort(workspaces, order), lambda one: one.row(call.now), default_size=20
    )


def _page(
    call: Call,
    name: str,
    items: list[Any],
    row: Callable[[Any], dict[str, Any]],
    *,
    default_size: int | None = None,
) -> Answer:
    """Cut the page that PageNumber (from 1) and PageSize ask for."""
    rows, total = call.cut(items, *window(call, default_size), row)
    return {"TotalCount": total, name: rows}


def window(call: Call, default_size: int | None = None) -> tuple[int, int]:
    """Return the first row of the page and how many rows it has at most."""
    query = call.parameters
    number = query.number("PageNumber", 1, low=1)
    size = query.number("PageSize", default_size or call.settings.pai_default_page_size, low=1)
    size = min(size, call.settings.pai_most_page_size)
    return (number - 1) * size, size


def logs_wanted(call: Call) -> bool:
    """Tell whether rows are to come with their logs."""
    with_logs = call.parameters.choice("WithLogs", ("true", "false", "True", "False"), "false")
    return str(with_logs).lower() == "true"


def demand_dataset(call: Call, dataset_id: str) -> None:
    """Refuse a dataset that does not exist at the moment."""
    datasets = call.world.pai_datasets.between(call.now, call.now)
    if dataset_id not in call.world.pai_jobs and all(one.id != dataset_id for one in datasets):
        raise Refusal(404, "ResourceNotFound", f"The dataset {dataset_id} does not exist.")


def _job_filter(call: Call) -> Callable[[DatasetJob], bool]:
    """Return what the request's filters say about a job."""
    query = call.parameters
    status, action = query.text("Status"), query.text("JobAction")
    workspace, version = query.text("WorkspaceId"), query.text("DatasetVersion")

    def wanted(job: DatasetJob) -> bool:
        return (
            status in (None, job.timeline.state(call.now))
            and action in (None, job.action)
            and workspace in (None, job.workspace)
            and version in (None, job.version)
        )

    return wanted


def _sorted_jobs(call: Call, jobs: list[DatasetJob]) -> list[DatasetJob]:
    """Sort by SortBy and Order, else by creation, newest first. No FinishTime counts as the latest."""
    sort_by = call.parameters.choice("SortBy", JOB_SORTS)
    order = call.parameters.choice("Order", ORDERS)
    if (sort_by is None and order is None) or Kind.IGNORE_SORT in call.faults:
        return call.sort(jobs, None)
    jobs = call.sort(jobs, ListingOrder.CREATED_ASCENDING)
    keys: dict[str, Callable[[DatasetJob], Any]] = {
        "Status": lambda job: job.timeline.state(call.now),
        "JobAction": lambda job: job.action,
        "FinishTime": lambda job: job.finish_time(call.now) or float("inf"),
        "CreateTime": lambda job: (job.timeline.born, job.key),
    }
    return sorted(jobs, key=keys[sort_by or "CreateTime"], reverse=order != "ASC")


def chronological(call: Call) -> ListingOrder | None:
    """Return the order in time that a request for jobs names; None where it names none.

    A job's end is its last change: where a request asks for one status that is over, that is the order of
    ends. Raises Refusal: for an order by anything else, which a large list does not have.
    """
    sort_by = call.parameters.choice("SortBy", JOB_SORTS)
    order = call.parameters.choice("Order", ORDERS)
    if sort_by == "FinishTime" and call.parameters.text("Status") in FINISHED | {"Deleted"}:
        return ListingOrder.UPDATED_ASCENDING if order == "ASC" else ListingOrder.UPDATED_DESCENDING
    if sort_by not in (None, "CreateTime"):
        raise bad_parameter(Cloud.ALIBABA, f"SortBy: {sort_by} is no order of a large list")
    if sort_by is None and order is None:
        return None
    return ListingOrder.CREATED_ASCENDING if order == "ASC" else ListingOrder.CREATED_DESCENDING


def _dataset_filter(query: Parameters) -> Callable[[Dataset], bool]:
    """Return what the request's filters say about a dataset."""
    sets: list[tuple[frozenset[str], Callable[[Dataset], str]]] = [
        (query.commas("DatasetIds"), lambda one: one.id),
        (query.commas("Edition"), lambda one: one.edition),
        (query.commas("DataTypes"), lambda one: one.data_type),
        (query.commas("DataSourceTypes"), lambda one: one.storage),
        (query.commas("SourceTypes"), lambda one: one.source_type),
        (query.commas("Accessibility"), lambda one: one.accessibility),
    ]
    name = query.text("Name")
    return lambda one: (
        (name is None or name in one.name) and all(narrowed(wanted, get(one)) for wanted, get in sets)
    )


def _place_order(query: Parameters) -> ListingOrder:
    """Return the order of workspaces and datasets: by creation, the oldest first, if not told otherwise."""
    modified = query.choice("SortBy", PLACE_SORTS) == "GmtModifiedTime"
    if query.choice("Order", ORDERS) == "DESC":
        return ListingOrder.UPDATED_DESCENDING if modified else ListingOrder.CREATED_DESCENDING
    return ListingOrder.UPDATED_ASCENDING if modified else ListingOrder.CREATED_ASCENDING


def _default_workspace(call: Call) -> str:
    """Return the id of the caller's default workspace."""
    for one in call.world.pai_workspaces.between(call.now, call.now):
        if one.default:
            return one.id
    raise Refusal(400, "InvalidParameter", "WorkspaceId is required: there is no default workspace.")
