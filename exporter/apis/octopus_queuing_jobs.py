"""Huawei Cloud Octopus, queues: ``GET /v1.0/{project_id}/data/queuing-jobs``, one list a queue type.

From the vendor's page "查询排队作业列表-QueryQueuedJobList" (Octopus API reference). A row has neither a
status nor a creation time: to be listed is to wait. ``rank_stamp`` is what the queue is sorted by, and the
nearest to an age that the API has; a change of position may rewrite it.
"""

from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.apis import octopus
from exporter.apis.api import Api, Plan, always
from exporter.apis.paging import Page, Walk
from exporter.apis.wire import Whole, clock, decoded, newest, seconds
from exporter.apis.words import Words
from exporter.client import Answer
from exporter.config import Identifier, Several
from exporter.config.mistakes import closest
from exporter.errors import Reason, SourceError
from exporter.model import CountedEntries, Item, QueueEntry
from exporter.rows import Columns, Rows

WORDS = Words(statuses={}, documented={})


QUEUES = ("PROCESSOR", "INTERNAL", "RESIM")
OLD_QUEUE = "DESENSITIZATION"
"""In an older edition of the page alone."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source of this API takes beside the common options."""

    project_id: Annotated[Identifier, Meta(description="The id of the region's project, from the console.")]
    queue_types: Annotated[
        Several[Identifier],
        Meta(
            description="The queues. One that the deployment does not know is passed over, unless it knows "
            "none of them."
        ),
    ] = QUEUES


class QueuingJob(msgspec.Struct, frozen=True, gc=False):
    """A row, only the fields that we read; ``cluster_type`` is in the page's example, not in its table."""

    id: int | str
    job_type: str | None = None
    rank_stamp: Whole | None = None
    priority: Whole | None = None
    workspace_id: str | None = None
    cluster_type: str | None = None


DECODER = msgspec.json.Decoder(octopus.Envelope[QueuingJob])


def plan(options: Options) -> Plan:
    """Return the walks of a source: one for each queue type."""
    path = f"/v1.0/{options.project_id}/data/queuing-jobs"
    return always([walk(path, queue_type) for queue_type in options.queue_types])


def walk(path: str, queue_type: str) -> Walk:
    """Return the list of one queue type."""
    return Walk(
        name=f"queue {queue_type}",
        page_size=octopus.PAGE_SIZE,
        request=partial(octopus.page_request, path, ("queue_type", queue_type)),
        decode=partial(page, path, queue_type),
        absent=is_unknown_queue,
        if_absent=instead_of(queue_type),
        queue_type=queue_type,
    )


def instead_of(queue_type: str) -> str:
    """Return what to do where the deployment does not know a queue type."""
    if queue_type == OLD_QUEUE:
        return "newer deployments have no such queue: leave it out of queue_types"
    if queue_type in QUEUES:
        return "a deployment need not have this queue: leave it out of queue_types"
    near = closest(queue_type, (*QUEUES, OLD_QUEUE))
    return f"did you mean {near}?" if near else f"check queue_types: there are {', '.join(QUEUES)}"


def is_unknown_queue(error: SourceError) -> bool:
    """Tell whether this deployment does not know the queue type: it answers 400 then."""
    return error.reason is Reason.BAD_REQUEST


def page(path: str, queue_type: str, answer: Answer) -> Page:
    """Translate an answer."""
    body = decoded(DECODER, answer, f"GET {path}")
    return Page(
        items=Rows(body.rows, COLUMNS, partial(entry, queue_type=queue_type)),
        total=body.payload.page_info.total,
        now=clock(answer, body.now),
    )


def entry(row: QueuingJob, queue_type: str) -> QueueEntry:
    """Turn a row into an entry of the queue that was asked for."""
    return QueueEntry(
        key=row.id,
        workspace=row.workspace_id or "",
        queue_type=queue_type,
        cluster_type=row.cluster_type or "",
        job_type=row.job_type or "",
        priority=row.priority,
        created=seconds(row.rank_stamp),
    )


def together(sample: Item, rows: Sequence[QueuingJob], _: float) -> CountedEntries:
    """Return what entries of one kind come to."""
    assert isinstance(sample, QueueEntry)  # noqa: S101 - of a queue
    stamps = filter(None, map(attrgetter("rank_stamp"), rows))
    oldest = min(filter((0).__lt__, stamps), default=None)  # as for seconds(), none is below zero
    return CountedEntries(entry=msgspec.structs.replace(sample, created=seconds(oldest)), entries=len(rows))


COLUMNS = Columns(
    key=attrgetter("id"),
    kind=attrgetter("workspace_id", "cluster_type", "job_type", "priority"),
    state=attrgetter("id", "priority", "rank_stamp"),
    created=attrgetter("rank_stamp"),
    newest=newest,
    newest_change=lambda _: None,  # nothing tells of one
    together=together,
)

CURES = {
    **octopus.cures("octopus:dataJobQueue:list"),
    Reason.BAD_REQUEST: "Check queue_types: the pages know PROCESSOR, INTERNAL and RESIM, an older one also "
    "DESENSITIZATION, and a deployment need not know them all.",
}

API = Api(
    name="octopus_queuing_jobs",
    cloud="huawei",
    options=Options,
    endpoint=octopus.endpoint,
    words=WORDS,
    plan=plan,
    cures=CURES,
)
