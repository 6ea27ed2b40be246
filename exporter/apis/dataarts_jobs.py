"""Huawei Cloud DataArts Factory, jobs: ``GET /v1/{project_id}/jobs``, one list a workspace and job type.

From the vendor's page "Viewing a Job List" (DataArts Studio API reference). What is listed are definitions,
not runs: ``status`` tells whether a job is scheduled, and the newest run stands in ``lastInstanceStatus``.
``endTime`` may be the configured end of the schedule, in the future: no duration is made of it. Names are
unique in a workspace. A limit of 100 is what every edition of the page allows.

Pages are read as of one moment as far as the API tells of changes (the end of the last run, the last
update): a run that *starts* while later pages are being read leaves no trace, and counts as what it was
when its page was read.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.apis.api import Api, Plan, RateLimit, always
from exporter.apis.paging import Fetch, Page, Walk
from exporter.apis.wire import Count, Whole, clock, decoded, newest, seconds
from exporter.apis.words import Words
from exporter.client import Answer, Request
from exporter.config import Identifier, Several
from exporter.errors import Reason
from exporter.model import Counted, Item, Job, LastRun, Phase, Place, later
from exporter.rows import Columns, Rows, counted

PAGE_SIZE = 100
DEFAULT_WORKSPACE = "default"
"""The workspace that is read where no header names one, by the vendor's name for it."""

BATCH = {"SCHEDULING": Phase.SCHEDULED, "STOPPED": Phase.STOPPED, "PAUSED": Phase.PAUSED}
REAL_TIME = {
    "STARTING": Phase.STARTING,
    "NORMAL": Phase.RUNNING,
    "EXCEPTION": Phase.FAILED,
    "STOPPING": Phase.STOPPING,
    "STOPPED": Phase.STOPPED,
}
ELSEWHERE = {
    # Of real-time jobs too, but only in the pages of the V2 list and of the call for a single job.
    "PAUSE": Phase.PAUSED,
    "ABNORMAL": Phase.FAILED,
    "DISABLE": Phase.STOPPED,
    "OVERLOAD": Phase.RUNNING,
    "INIT": Phase.STARTING,
}
RUNS = {
    "waiting": Phase.QUEUED,
    "running": Phase.RUNNING,
    "success": Phase.SUCCEEDED,
    "fail": Phase.FAILED,
    "running-exception": Phase.FAILED,
    "pause": Phase.PAUSED,
    "manual-stop": Phase.STOPPED,
}
NEWER_RUNS = {
    "forceSuccess": Phase.SUCCEEDED,
    "ignoreSuccess": Phase.SUCCEEDED,
    "freeze": Phase.PAUSED,
    "skip-by-depend": Phase.STOPPED,
    "waiting-confirm": Phase.QUEUED,
}
WORDS = Words(
    statuses=BATCH | REAL_TIME | ELSEWHERE,
    documented={"BATCH": tuple(BATCH), "REAL_TIME": tuple(REAL_TIME)},
    run_statuses=RUNS | NEWER_RUNS,
    runs={"BATCH": tuple(RUNS)},
    standing=True,
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source of this API takes beside the common options."""

    project_id: Annotated[Identifier, Meta(description="The id of the region's project, from the console.")]
    workspaces: Annotated[
        Several[Identifier] | None,
        Meta(description="The ids of the workspaces. Without it, the default workspace alone."),
    ] = None
    job_types: Annotated[
        Several[Literal["BATCH", "REAL_TIME"]],
        Meta(description="The types of jobs; each is a list of its own."),
    ] = ("BATCH", "REAL_TIME")


class FactoryJob(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row, only the fields that we read; ``lastUpdateTime`` is in the newer editions of the page only."""

    name: str
    job_type: str | None = None
    status: str | None = None
    create_time: Whole | None = None
    last_instance_status: str | None = None
    last_instance_end_time: Whole | None = None
    last_update_time: Whole | None = None


class JobList(msgspec.Struct, frozen=True):
    """The body of the list."""

    total: Count
    jobs: list[FactoryJob]


DECODER = msgspec.json.Decoder(JobList)


class Offsets:
    """What ``offset`` counts at this endpoint: pages, as all pages of the reference say, or records.

    The vendor's own Terraform provider counts records. So it is found out, and remembered until a walk
    does not add up.
    """

    def __init__(self) -> None:
        self.counts_records: bool | None = None

    def of(self, index: int, size: int) -> int:
        """Return the offset of page ``index``."""
        return index * size if self.counts_records else index

    def forget(self) -> None:
        """Find it out again at the next chance."""
        self.counts_records = None

    async def learn(self, look: Callable[[int], Awaitable[Page]], first: Page) -> None:
        """Look at offset 1: the next row if records are counted, else rows that page 0 does not have."""
        if self.counts_records is not None:
            return
        known = {item.key for item in first.items}
        second = await look(1)
        common = sum(item.key in known for item in second.items)
        if second.items:
            self.counts_records = 2 * common > len(second.items)


class Factory:
    """The lists of one source: they share what was learnt of the endpoint."""

    def __init__(self, project_id: str) -> None:
        self._path = f"/v1/{project_id}/jobs"
        self._offsets = Offsets()

    def walk(self, workspace: str | None, job_type: str) -> Walk:
        """Return the list of the jobs of one type in one workspace (None: the default one)."""
        place = Place(workspace or DEFAULT_WORKSPACE)
        ask = partial(self._request, {} if workspace is None else {"workspace": workspace}, job_type)
        decode = partial(page, f"GET {self._path}", place.workspace, job_type)

        async def learn(first: Page, fetch: Fetch) -> None:
            async def look(offset: int) -> Page:
                return decode(await fetch(ask(offset)))

            await self._offsets.learn(look, first)

        return Walk(
            name=f"workspace {place.workspace}, {job_type}",
            page_size=PAGE_SIZE,
            request=lambda index, size: ask(self._offsets.of(index, size)),
            decode=decode,
            learn=learn,
            forget=self._offsets.forget,
            zeros=((place, job_type),),
        )

    def _request(self, headers: dict[str, str], job_type: str, offset: int) -> Request:
        params = (("jobType", job_type), ("limit", str(PAGE_SIZE)), ("offset", str(offset)))
        return Request(path=self._path, params=params, headers=headers)


def endpoint(region: str) -> str:
    """Return the address of a region's DataArts Factory, V1."""
    if region == "cn-east-4":  # the vendor's SDK has no host of its own for V1 there
        return "https://dayu.cn-east-4.myhuaweicloud.com"
    return f"https://dayu-dlf.{region}.myhuaweicloud.com"


def plan(options: Options) -> Plan:
    """Return the walks of a source: one for each workspace and job type."""
    factory = Factory(options.project_id)
    workspaces = options.workspaces or (None,)
    return always([factory.walk(workspace, kind) for workspace in workspaces for kind in options.job_types])


def page(what: str, workspace: str, job_type: str, answer: Answer) -> Page:
    """Translate an answer."""
    body = decoded(DECODER, answer, what)
    items = Rows(body.jobs, COLUMNS, partial(job, workspace=workspace, asked=job_type), f"{workspace}/")
    return Page(items=items, total=body.total, now=clock(answer))


def job(row: FactoryJob, workspace: str, asked: str) -> Job:
    """Turn a row into a job; ``asked`` is the job type that the list was asked for."""
    status, job_type = row.status or "", row.job_type or asked
    last_run = run(row)
    phase, unknown = WORDS.read(job_type, status)
    if last_run is not None and last_run.phase is Phase.UNKNOWN:
        unknown += ("lastInstanceStatus",)
    return Job(
        key=f"{workspace}/{row.name}",
        workspace=workspace,
        job_type=job_type,
        status=status,
        phase=phase,
        created=seconds(row.create_time),
        changed=later(last_run.ended if last_run else None, seconds(row.last_update_time)),
        last_run=last_run,
        name=row.name,
        unknown=unknown,
    )


def run(row: FactoryJob) -> LastRun | None:
    """Return the newest run of a job, None where it never ran or is of a type that has no runs."""
    status = row.last_instance_status
    if not status:
        return None
    phase = WORDS.run_statuses.get(status, Phase.UNKNOWN)
    return LastRun(status=status, phase=phase, ended=seconds(row.last_instance_end_time))


def newest_change(rows: Sequence[FactoryJob]) -> float | None:
    """Return when one of these was changed, or ran, last."""
    ended = newest(map(attrgetter("last_instance_end_time"), rows))
    return later(ended, newest(map(attrgetter("last_update_time"), rows)))


def together(sample: Item, rows: Sequence[FactoryJob], _: float) -> Counted:
    """Return what jobs of one kind come to: none of them ends, so that all may be counted."""
    ended = newest(map(attrgetter("last_instance_end_time"), rows))
    return counted(sample, len(rows), last_run_ended=ended)


COLUMNS = Columns(
    key=attrgetter("name"),
    kind=attrgetter("job_type", "status", "last_instance_status"),
    state=attrgetter("name", "status", "last_instance_status", "last_instance_end_time", "last_update_time"),
    created=attrgetter("create_time"),
    newest=newest,
    newest_change=newest_change,
    together=together,
)

RATE_LIMIT = RateLimit(per_user=30, per_api=300, page="DataArts Studio API reference, Chinese, January 2026")
CURES = {
    Reason.PERMISSION: "Give the IAM user the system role DAYU User (where identity policies are used: "
    "DataArtsStudioReadOnlyPolicy) and, in each workspace of the source, the workspace role Viewer.",
    Reason.NOT_FOUND: "Check project_id (sent as X-Project-Id) and workspaces (the header workspace): the "
    "ids stand in the console's address bar.",
    Reason.BAD_REQUEST: "Name the workspaces of the source: an account with several instances of DataArts "
    "Studio must send the header workspace.",
    Reason.CONNECTION: "Check region: the host is dayu-dlf.REGION.myhuaweicloud.com; elsewhere (Europe, "
    "partner clouds) set endpoint. Check DNS, proxies and firewalls on the way to it.",
}

API = Api(
    name="dataarts_jobs",
    cloud="huawei",
    options=Options,
    endpoint=endpoint,
    words=WORDS,
    plan=plan,
    rate_limit=RATE_LIMIT,
    cures=CURES,
)
