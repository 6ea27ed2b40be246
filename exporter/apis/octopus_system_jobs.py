"""Huawei Cloud Octopus, internal jobs: ``GET /v1.0/{project_id}/data/system-jobs``, one list a workspace.

From the vendor's page "查询内部作业列表" (Octopus API reference, updated 2025-06-18). Times and durations
are in milliseconds; a field that does not apply is left out. A change of a job moves its ``update_at``.
"""

import math
from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.apis import octopus
from exporter.apis.api import Api, Plan, always
from exporter.apis.by_update import ByUpdate
from exporter.apis.paging import Page, Walk
from exporter.apis.parts import Countable, Order, Part
from exporter.apis.wire import Whole, clock, decoded, duration, newest, seconds
from exporter.apis.words import Words
from exporter.client import Answer, Request
from exporter.config import Identifier, Several
from exporter.model import FINISHED, Job, Phase
from exporter.rows import Columns, Rows, ended_before

STATUSES = {
    "QUEUING": Phase.QUEUED,
    "LAUNCHING": Phase.STARTING,
    "RUNNING": Phase.RUNNING,
    "UPLOADING": Phase.RUNNING,  # of its results
    "FINISHED": Phase.SUCCEEDED,
    "SUBMIT_FAILED": Phase.FAILED,
    "RUN_FAILED": Phase.FAILED,
    "UPLOAD_FAILED": Phase.FAILED,
    "STOPPED": Phase.STOPPED,
}
JOB_TYPES = (
    "PACKAGE_IMPORT",
    "PACKAGE_DELETE",
    "SCENARIO_AUTO_MINING",
    "SCENARIO_TO_SIM",
    "FRAME_EXTRACT",
    "SCENARIO_EXTRACT",
)
WORDS = Words(statuses=STATUSES, documented={job_type: tuple(STATUSES) for job_type in JOB_TYPES})


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source of this API takes beside the common options."""

    project_id: Annotated[Identifier, Meta(description="The id of the region's project, from the console.")]
    workspaces: Annotated[
        Several[Identifier], Meta(description="The ids of the workspaces. 0 is the default workspace.")
    ] = ("0",)


class SystemJob(msgspec.Struct, frozen=True, gc=False):
    """A row, only the fields that we read."""

    id: int | str
    job_type: str | None = None
    status: str | None = None
    create_at: Whole | None = None
    update_at: Whole | None = None
    end_at: Whole | None = None
    submitting_duration: Whole | None = None
    running_duration: Whole | None = None


DECODER = msgspec.json.Decoder(octopus.Envelope[SystemJob])


def plan(options: Options) -> Plan:
    """Return the walks of a source: one for each workspace."""
    path = f"/v1.0/{options.project_id}/data/system-jobs"
    return always([walk(path, workspace) for workspace in options.workspaces])


def walk(path: str, workspace: str) -> Walk:
    """Return the list of one workspace."""
    counting = Countable(
        workspace=workspace,
        page_size=octopus.PAGE_SIZE,
        ask=partial(part_request, path, workspace),
        decode=partial(page, path, workspace),
        words=WORDS,
        method=ByUpdate,
        overhead=7,  # a page three times, and one for each active status
    )
    return Walk(
        name=f"workspace {workspace}",
        page_size=octopus.PAGE_SIZE,
        request=partial(octopus.page_request, path, ("workspace_id", workspace)),
        decode=counting.noting,
        counting=counting,
    )


SORTS = {Order.NEWEST_CHANGE: "UPDATE_DESC", Order.OLDEST_CHANGE: "UPDATE_ASC"}
"""The values of ``sort``, from the page of the sibling list of operator jobs; this one's only names it."""


def part_request(path: str, workspace: str, part: Part) -> Request:
    """Return the request for some rows of a part.

    ``end_time`` bounds the last change, ``start_time`` the creation; both are included.
    """
    wanted = {
        "workspace_id": workspace,
        "job_types": part.job_type,
        "statuses": part.status,
        "start_time": None if part.since is None else str(part.since * 1000),
        "end_time": None if part.before is None else str(part.before * 1000 - 1),
        "sort": None if part.order is None else SORTS[part.order],
        "limit": str(part.size),
        "offset": str(part.first),
    }
    return Request(
        path=path, params=tuple((name, value) for name, value in wanted.items() if value is not None)
    )


def page(path: str, workspace: str, answer: Answer) -> Page:
    """Translate an answer."""
    body = decoded(DECODER, answer, f"GET {path}")
    return Page(
        items=Rows(body.rows, COLUMNS, partial(job, workspace=workspace)),
        total=body.payload.page_info.total,
        now=clock(answer, body.now),
    )


def job(row: SystemJob, workspace: str) -> Job:
    """Turn a row into a job of the workspace that was asked for: a row may leave out its own."""
    status, job_type = row.status or "", row.job_type or ""
    phase, unknown = WORDS.read(job_type, status)
    changed = seconds(row.update_at)
    return Job(
        key=row.id,
        workspace=workspace,
        job_type=job_type,
        status=status,
        phase=phase,
        created=seconds(row.create_at),
        # A job whose submission failed never ran and has no end of its own; it ended with its last change.
        ended=(seconds(row.end_at) or changed) if phase in FINISHED else None,
        changed=changed,
        settled=changed is not None,
        submitting=duration(row.submitting_duration),
        running=duration(row.running_duration),
        unknown=unknown,
    )


def newest_change(rows: Sequence[SystemJob]) -> float | None:
    """Return when one of these changed last; infinite where one does not tell."""
    changes = list(map(attrgetter("update_at"), rows))
    return newest(changes) if all(changes) and min(changes) > 0 else math.inf


def newest_end(rows: Sequence[SystemJob]) -> float | None:
    """Return when one of these ended last, as of each job."""
    return newest(row.end_at if row.end_at and row.end_at > 0 else row.update_at for row in rows)


COLUMNS = Columns(
    key=attrgetter("id"),
    kind=attrgetter("job_type", "status"),
    state=attrgetter("id", "status", "update_at"),
    created=attrgetter("create_at"),
    newest=newest,
    newest_change=newest_change,
    together=partial(ended_before, newest_end),
)

API = Api(
    name="octopus_system_jobs",
    cloud="huawei",
    options=Options,
    endpoint=octopus.endpoint,
    words=WORDS,
    plan=plan,
    cures=octopus.cures("octopus:dataJob:list"),
)
