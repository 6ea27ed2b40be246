"""What the tests of the list APIs share: a list of each in the vendor's words, and sources over them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from exporter.apis import APIS, dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.apis.paging import Walk
from exporter.client import Answer, Request
from exporter.errors import SourceError
from tests.fakes import dated

PAGES = Path(__file__).parent / "pages"
NOW = 1_700_000_000.0
"""The clock of the cloud in these tests."""

Row = dict[str, Any]


def sample(name: str) -> bytes:
    """Return a sample page."""
    return (PAGES / f"{name}.json").read_bytes()


def answer(body: object, date: float | None = NOW) -> Answer:
    """Return an answer with a body, given as bytes or as what is to be JSON."""
    return Answer(body=body if isinstance(body, bytes) else json.dumps(body).encode(), date=date)


@dataclass
class Cloud:
    """Answers what a plan and its walks ask for, and remembers it."""

    reply: Callable[[Request], Answer | SourceError]
    asked: list[Request] = field(default_factory=list)

    async def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        found = self.reply(request)
        if isinstance(found, SourceError):
            raise found
        return found


async def walks(api: str, options: msgspec.Struct, cloud: Cloud | None = None) -> Sequence[Walk]:
    """Return the walks that an API plans."""

    def nothing(request: Request) -> Answer:
        raise AssertionError(f"{request.what}: nobody was to be asked")

    return await APIS[api].plan(options)((cloud or Cloud(nothing)).fetch)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A source of one list, and how its vendor writes it down.

    ``window`` tells which rows a request asks for: the first and how many.
    """

    api: str
    options: msgspec.Struct
    size: int
    row: Callable[[int], Row]
    status: str
    """The name of the field of a row that holds its status; empty where it has none."""
    body: Callable[[Sequence[Row], object], object]
    window: Callable[[Mapping[str, str]], tuple[int, int]]
    probes: int = 0
    """Requests beyond those for pages in a list of several."""


def _records(query: Mapping[str, str]) -> tuple[int, int]:
    return int(query["offset"]), int(query["limit"])


def _indexed(query: Mapping[str, str]) -> tuple[int, int]:
    return int(query["offset"]) * int(query["limit"]), int(query["limit"])


def _numbered(query: Mapping[str, str]) -> tuple[int, int]:
    return (int(query["PageNumber"]) - 1) * int(query["PageSize"]), int(query["PageSize"])


def _envelope(rows: Sequence[Row], total: object) -> object:
    meta = {"current_time": round(NOW * 1000)}
    return {"meta_info": meta, "payload": {"list": rows, "page_info": {"total": total}}}


CASES = {
    case.api: case
    for case in (
        Case(
            api="pai_dataset_jobs",
            options=pai_dataset_jobs.Options(datasets=("d-1",), workspace_id="145883"),
            size=50,
            row=lambda number: {
                "DatasetJobId": f"dsjob-{number}",
                "JobAction": "SemanticIndex",
                "Status": "Succeeded",
                "CreateTime": "2023-06-20T04:05:59Z",
                "FinishTime": "2023-06-20T06:03:48Z",
            },
            status="Status",
            body=lambda rows, total: {"TotalCount": total, "DatasetJobs": rows},
            window=_numbered,
        ),
        Case(
            api="octopus_system_jobs",
            options=octopus_system_jobs.Options(project_id="p"),
            size=200,
            row=lambda number: {
                "id": number,
                "job_type": "FRAME_EXTRACT",
                "status": "FINISHED",
                "create_at": 1_640_966_400_000,
                "update_at": 1_640_966_500_000,
                "end_at": 1_640_966_500_000,
            },
            status="status",
            body=_envelope,
            window=_records,
        ),
        Case(
            api="octopus_queuing_jobs",
            options=octopus_queuing_jobs.Options(project_id="p", queue_types=("INTERNAL",)),
            size=200,
            row=lambda number: {"id": number, "priority": 0, "rank_stamp": 1_640_966_400_000},
            status="",
            body=_envelope,
            window=_records,
        ),
        Case(
            api="dataarts_jobs",
            options=dataarts_jobs.Options(project_id="p", workspaces=("w",), job_types=("BATCH",)),
            size=100,
            row=lambda number: {
                "name": f"job_{number}",
                "jobType": "BATCH",
                "status": "SCHEDULING",
                "createTime": 1_640_966_400_000,
            },
            status="status",
            body=lambda rows, total: {"total": total, "jobs": rows},
            window=_indexed,
            probes=1,
        ),
    )
}
"""One for each API."""


@dataclass
class List:
    """A list of a case behind HTTP; ``most`` is the largest page that its cloud gives."""

    case: Case
    rows: Sequence[Row]
    total: object = None
    most: int = 1000
    window: Callable[[Mapping[str, str]], tuple[int, int]] | None = None
    asked: list[httpx.Request] = field(default_factory=list)

    def page(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request)
        query = dict(request.url.params)
        first, size = (self.window or self.case.window)(self._allowed(query))
        total = len(self.rows) if self.total is None else self.total
        body = self.case.body(self.rows[first : first + size], total)
        return httpx.Response(200, json=body, headers=dated(NOW))

    def _allowed(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """Bring the size of the page down to what the cloud gives."""
        name = "PageSize" if "PageSize" in query else "limit"
        return {**query, name: str(min(int(query[name]), self.most))}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        return self.page(request)


def listed(case: Case, number: int, **changes: Any) -> List:
    """Return a list of so many rows."""
    return List(case, [case.row(index) for index in range(number)], **changes)
