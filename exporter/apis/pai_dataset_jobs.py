"""Alibaba Cloud PAI, dataset jobs: ``GET /api/v1/datasets/{DatasetId}/datasetjobs``, one list a dataset.

From the vendor's page "ListDatasetJobs" (AIWorkSpace 2021-02-04). Pages count from 1; no page size is
documented but the example's 50. Times are in whole seconds. ``FinishTime`` may stand on a job that is
still running, so only the status tells that a job has ended. Logs come only when asked for, and are not.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.apis.api import Api, Plan, always
from exporter.apis.by_status import ByStatus
from exporter.apis.paging import Fetch, Page, Walk
from exporter.apis.parts import Countable, Order, Part
from exporter.apis.wire import Count, Whole, clock, decoded, iso_seconds, newest_iso
from exporter.apis.words import Words
from exporter.client import Answer, Request
from exporter.config import Duration, Identifier, Problem, Several
from exporter.errors import Reason, SourceError
from exporter.model import FINISHED, FileCounts, Job, Phase
from exporter.rows import Columns, Rows, ended_before
from exporter.standing import loop_time

PAGE_SIZE = 50
VERSION = "2021-02-04"
DATASETS_PATH = "/api/v1/datasets"

STATUSES = {
    "Pending": Phase.QUEUED,
    "Starting": Phase.STARTING,
    "Running": Phase.RUNNING,
    "Deleting": Phase.STOPPING,
    "Succeeded": Phase.SUCCEEDED,
    "PartialFailed": Phase.PARTIALLY_FAILED,
    "Failed": Phase.FAILED,
    "ManuallyStop": Phase.STOPPED,
    "Deleted": Phase.DELETED,
}
ACTIONS = (
    "SemanticIndex",
    "IntelligentTag",
    "IntelligentTagRevert",
    "FileMetaExport",
    "FileMetaBuild",
    "FileMetaImport",
)
WORDS = Words(statuses=STATUSES, documented={action: tuple(STATUSES) for action in ACTIONS})


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source of this API takes beside the common options."""

    datasets: Annotated[
        Literal["discover"] | Several[Identifier],
        Meta(description="The ids of the datasets, or discover for all of the workspace that can have jobs."),
    ]
    workspace_id: Annotated[
        Identifier | None,
        Meta(
            description="The id of the workspace. Required with datasets: discover; else it narrows what is "
            "listed to the jobs of that workspace."
        ),
    ] = None
    editions: Annotated[
        Several[Literal["BASIC", "ADVANCED", "LOGICAL"]],
        Meta(
            description="Of which editions datasets are discovered. Only the two of the default manage "
            "files, so only those have jobs."
        ),
    ] = ("ADVANCED", "LOGICAL")
    discovery_interval: Annotated[Duration, Meta(description="How often new datasets are looked for.")] = (
        600.0
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together."""
        if self.datasets == "discover" and self.workspace_id is None:
            cure = "name the workspace whose datasets are to be discovered, or list the datasets"
            yield Problem(option="workspace_id", problem="is missing", cure=cure)


class DatasetJob(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row, only the fields that we read; any of them may be missing."""

    dataset_job_id: str
    job_action: str | None = None
    status: str | None = None
    create_time: str | None = None
    finish_time: str | None = None
    workspace_id: str | None = None
    total_file_count: Whole | None = None
    completed_file_count: Whole | None = None
    failed_file_count: Whole | None = None


class JobList(msgspec.Struct, frozen=True, rename="pascal"):
    """The body of ListDatasetJobs."""

    total_count: Count
    dataset_jobs: list[DatasetJob] | None = None


class Dataset(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of ListDatasets, only what we read."""

    dataset_id: Identifier


class DatasetList(msgspec.Struct, frozen=True, rename="pascal"):
    """The body of ListDatasets.

    ``total_count`` is described as the entries returned: be they those of the page or of the list, there are
    not fewer.
    """

    total_count: Count = 0
    datasets: list[Dataset] | None = None


JOBS = msgspec.json.Decoder(JobList)
DATASETS = msgspec.json.Decoder(DatasetList)


def endpoint(region: str) -> str:
    """Return the address of a region's AIWorkSpace."""
    return f"https://aiworkspace.{region}.aliyuncs.com"


def call(action: str, path: str, params: Sequence[tuple[str, str]], workspace: str | None) -> Request:
    """Return the request of an operation."""
    scope = () if workspace is None else (("WorkspaceId", workspace),)
    headers = {"x-acs-action": action, "x-acs-version": VERSION}
    return Request(path=path, params=(*params, *scope), headers=headers)


def fails(_: SourceError) -> bool:
    """Say that an error is one."""
    return False


def walk(dataset: str, workspace: str | None, *, discovered: bool = False) -> Walk:
    """Return the list of one dataset; one that was discovered may be gone by the time it is listed."""
    path = f"/api/v1/datasets/{dataset}/datasetjobs"
    # Newest first, so that what is still changing is on the first page.
    order = (("SortBy", "CreateTime"), ("Order", "DESC"), ("PageSize", str(PAGE_SIZE)))

    def request(index: int, _: int) -> Request:
        return call("ListDatasetJobs", path, (*order, ("PageNumber", str(index + 1))), workspace)

    counting = Countable(
        workspace=workspace or "",
        dataset=dataset,
        page_size=PAGE_SIZE,
        ask=partial(part_request, path, workspace),
        decode=partial(page, f"GET {path}", dataset, workspace),
        words=WORDS,
        method=ByStatus,
        overhead=20,  # a page twice, and each status twice
    )
    return Walk(
        name=f"dataset {dataset}",
        page_size=PAGE_SIZE,
        request=request,
        decode=counting.noting,
        absent=is_gone if discovered else fails,
        counting=counting,
    )


SORTS = {Order.NEWEST_CREATION: "CreateTime", Order.NEWEST_END: "FinishTime"}


def part_request(path: str, workspace: str | None, part: Part) -> Request:
    """Return the request for some rows of a part: whole pages, ``first`` is a multiple of ``size``."""
    wanted = {
        "JobAction": part.job_type,
        "Status": part.status,
        "SortBy": None if part.order is None else SORTS[part.order],
        "Order": None if part.order is None else "DESC",
        "PageSize": str(part.size),
        "PageNumber": str(part.first // part.size + 1),
    }
    params = [(name, value) for name, value in wanted.items() if value is not None]
    return call("ListDatasetJobs", path, params, workspace or part.workspace)


def is_gone(error: SourceError) -> bool:
    """Tell whether the dataset is not there any more."""
    return error.reason is Reason.NOT_FOUND


def page(what: str, dataset: str, workspace: str | None, answer: Answer) -> Page:
    """Translate an answer."""
    body = decoded(JOBS, answer, what)
    return Page(
        items=Rows(body.dataset_jobs or (), COLUMNS, partial(job, dataset=dataset, workspace=workspace)),
        total=body.total_count,
        now=clock(answer),
    )


def job(row: DatasetJob, dataset: str, workspace: str | None) -> Job:
    """Turn a row into a job of the dataset that was asked for: a row does not name it."""
    status, job_type = row.status or "", row.job_action or ""
    phase, unknown = WORDS.read(job_type, status)
    ended = iso_seconds(row.finish_time) if phase in FINISHED else None
    return Job(
        key=row.dataset_job_id,
        workspace=workspace or row.workspace_id or "",
        dataset=dataset,
        job_type=job_type,
        status=status,
        phase=phase,
        created=iso_seconds(row.create_time),
        ended=ended,
        changed=ended,
        # A job that has ended can still be deleted, and that leaves no time behind.
        settled=ended is not None and phase is not Phase.DELETED,
        files=files(row),
        unknown=unknown,
    )


def newest_change(rows: Sequence[DatasetJob]) -> float | None:
    """Return when one of these ended last; infinite where one may change untold."""
    if not SETTLED.issuperset(map(attrgetter("status"), rows)):
        return math.inf
    ends = list(map(attrgetter("finish_time"), rows))
    return math.inf if None in map(iso_seconds, ends) else newest_iso(ends)


def newest_end(rows: Sequence[DatasetJob]) -> float | None:
    """Return when one of these ended last."""
    return newest_iso(map(attrgetter("finish_time"), rows))


SETTLED = {status for status, phase in STATUSES.items() if phase in FINISHED - {Phase.DELETED}}
COLUMNS = Columns(
    key=attrgetter("dataset_job_id"),
    kind=attrgetter("workspace_id", "job_action", "status"),
    state=attrgetter(
        *("dataset_job_id", "status", "finish_time"),
        *("total_file_count", "completed_file_count", "failed_file_count"),
    ),
    created=attrgetter("create_time"),
    newest=newest_iso,
    newest_change=newest_change,
    together=partial(ended_before, newest_end),
)


def files(row: DatasetJob) -> FileCounts:
    """Return the file counters that a row tells; one below zero tells nothing."""
    return FileCounts(
        expected=told(row.total_file_count),
        completed=told(row.completed_file_count),
        failed=told(row.failed_file_count),
    )


def told(count: int | None) -> int | None:
    """Return a counter that tells something."""
    return None if count is None or count < 0 else count


class Discovery:
    """The datasets of a workspace, asked for again when they are older than ``interval`` seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = loop_time) -> None:
        self._options = options
        self._clock = clock
        self._known: list[Walk] = []
        self._until = float("-inf")

    async def walks(self, fetch: Fetch) -> Sequence[Walk]:
        """Return a walk for each dataset; raises SourceError, also where not all could be found."""
        if self._clock() >= self._until:
            found: dict[str, None] = {}
            for edition in self._options.editions:
                found.update(dict.fromkeys(await self._all(fetch, edition)))
            known = {one.name: one for one in self._known}
            new = [walk(name, self._options.workspace_id, discovered=True) for name in found]
            # One that was known remembers what it has learnt.
            self._known = [known.get(one.name, one) for one in new]
            self._until = self._clock() + self._options.discovery_interval
        return self._known

    async def _all(self, fetch: Fetch, edition: str) -> Sequence[str]:
        """Read the list, and once more where it names fewer datasets than it reports."""
        for _ in range(2):
            names, reported = await self._list(fetch, edition)
            if len(names) >= reported:
                return names
        # The jobs of a dataset that was not found would be missing without a sign.
        raise SourceError(
            Reason.BAD_RESPONSE,
            f"GET {DATASETS_PATH}: {len(names)} of {reported} {edition} datasets were listed, twice",
        )

    async def _list(self, fetch: Fetch, edition: str) -> tuple[Sequence[str], int]:
        """Read pages until one brings nothing new, as pages may be small; return the total as well."""
        names: dict[str, None] = {}
        reported = 0
        for number in itertools.count(1):
            # Oldest first: a dataset that is made meanwhile pushes no other to a page already read.
            order = (("SortBy", "GmtCreateTime"), ("Order", "ASC"))
            which = (("Edition", edition), ("PageSize", str(PAGE_SIZE)), ("PageNumber", str(number)))
            answer = await fetch(
                call("ListDatasets", DATASETS_PATH, (*order, *which), self._options.workspace_id)
            )
            body = decoded(DATASETS, answer, f"GET {DATASETS_PATH}")
            known, reported = len(names), max(reported, body.total_count)
            names.update((row.dataset_id, None) for row in body.datasets or ())
            if len(names) == known:
                break
        return list(names), reported


def plan(options: Options) -> Plan:
    """Return the walks of a source: one for each dataset that is named or discovered."""
    if options.datasets == "discover":
        return Discovery(options).walks
    return always([walk(dataset, options.workspace_id) for dataset in options.datasets])


CURES = {
    Reason.PERMISSION: "Grant the RAM user or role the action paidataset:ListDatasetJobs and, where datasets "
    "are discovered, paidataset:ListDatasets.",
    Reason.NOT_FOUND: "Check that the datasets are in the region of the source, and workspace_id if given.",
    Reason.CONNECTION: "Check region: the host is aiworkspace.REGION.aliyuncs.com, and not every region has "
    "one. Inside a VPC set endpoint to https://aiworkspace-vpc.REGION.aliyuncs.com. Check DNS, proxies and "
    "firewalls on the way to it.",
}

API = Api(
    name="pai_dataset_jobs",
    cloud="alibaba",
    options=Options,
    endpoint=endpoint,
    words=WORDS,
    plan=plan,
    planned_for=lambda options: float(options.discovery_interval),
    cures=CURES,
)
