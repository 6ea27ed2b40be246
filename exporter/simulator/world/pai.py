"""PAI's workspaces, datasets and dataset jobs (pages ListWorkspaces, ListDatasets, ListDatasetJobs)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from exporter.simulator.world.timeline import (
    NEVER,
    Row,
    Timeline,
    between,
    iso_milliseconds,
    iso_seconds,
)

ACTIONS = (
    "SemanticIndex",
    "IntelligentTag",
    "FileMetaExport",
    "FileMetaBuild",
    "IntelligentTagRevert",
    "FileMetaImport",
)
FINISHED = frozenset({"Succeeded", "PartialFailed", "Failed", "ManuallyStop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetJob:
    """A job on a dataset's files; its times are whole seconds.

    Files are counted from ``started`` on and go on at each of ``steps``, until ``processed`` of
    ``files`` are done, ``failed`` of them badly. ``finished`` is when it came to its end, NEVER if not.
    Half of the files of ``bad_steps``, some of these, fail as well. Nothing is done after ``finished``.
    ``finish_told_early`` gives it a FinishTime while it runs, as the example of ListDatasetJobs has.
    """

    id: str
    action: str
    mode: str
    workspace: str
    version: str
    timeline: Timeline
    description: str = ""
    spec: str = ""
    started: float = NEVER
    finished: float = NEVER
    files: int = 0
    processed: int = 0
    failed: int = 0
    steps: tuple[float, ...] = ()
    bad_steps: tuple[float, ...] = ()
    finish_told_early: bool = False

    @property
    def key(self) -> str:
        """The job's id."""
        return self.id

    def row(self, t: float, *, with_logs: bool = False) -> Row:
        """Return one DatasetJob; what is not known yet is left out, and logs come only where asked for."""
        status = self.timeline.state(t)
        row: Row = {
            "DatasetJobId": self.id,
            "JobAction": self.action,
            "CreateTime": iso_seconds(self.timeline.born),
            "Status": status,
            "Description": self.description,
            "JobMode": self.mode,
            "JobSpec": self.spec,
            "DatasetVersion": self.version,
            "WorkspaceId": self.workspace,
        }
        finish = self.finish_time(t)
        if finish is not None:
            row["FinishTime"] = iso_seconds(finish)
        if t >= self.started:
            row |= self._counts(t)
        if with_logs:
            row["Logs"] = self._logs(t)
        return row

    def finish_time(self, t: float) -> float | None:
        """Return the FinishTime told at ``t``, if any."""
        if t >= self.finished:
            return self.finished
        if self.finish_told_early and t >= self.started:
            return self.timeline.since(t)
        return None

    def moments(self, start: float, end: float) -> Iterable[float]:
        """Return changes of state and steps of progress in (start, end]."""
        alive = (step for step in self.steps if step < self.timeline.gone and step <= self.finished)
        return chain(self.timeline.moments(start, end), between(start, end, alive))

    def _counts(self, t: float) -> Row:
        """Return the file counters; completed and failed together never exceed the total."""
        until, steps = min(t, self.finished), len(self.steps) or 1
        done, bad = bisect_right(self.steps, until), bisect_right(self.bad_steps, until)
        failed = self.failed * done // steps + (self.processed - self.failed) * bad // (2 * steps)
        return {
            "TotalFileCount": self.files,
            "CompletedFileCount": self.processed * done // steps - failed,
            "FailedFileCount": failed,
        }

    def _logs(self, t: float) -> list[str]:
        """Return a line for each state so far."""
        return [
            f"{iso_milliseconds(moment).replace('T', ' ').rstrip('Z')} INFO: Job {self.id} is {state}."
            for moment, state in zip(self.timeline.times, self.timeline.states, strict=True)
            if moment <= t
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset; only ADVANCED and LOGICAL ones manage the metadata of their files, and so have jobs."""

    id: str
    name: str
    workspace: str
    timeline: Timeline
    edition: str = "ADVANCED"
    data_type: str = "PIC"
    source_type: str = "USER"
    storage: str = "OSS"
    accessibility: str = "PRIVATE"

    @property
    def key(self) -> str:
        """The dataset's id."""
        return self.id

    def row(self, t: float) -> Row:
        """Return one Dataset of ListDatasets."""
        return {
            "DatasetId": self.id,
            "Name": self.name,
            "WorkspaceId": self.workspace,
            "Edition": self.edition,
            "DataType": self.data_type,
            "DataSourceType": self.storage,
            "Property": "DIRECTORY",
            "SourceType": self.source_type,
            "Uri": f"oss://demo-bucket.oss-cn-hangzhou-internal.aliyuncs.com/{self.name}/",
            "Accessibility": self.accessibility,
            "IsShared": False,
            "Labels": [{"Key": "team", "Value": "perception"}],
            "LatestVersion": {"VersionName": "v1", "DataCount": 1000, "DataSize": 1_048_576},
            "OwnerId": "1000000000000001",
            "UserId": "2000000000000001",
            "GmtCreateTime": iso_milliseconds(self.timeline.born),
            "GmtModifiedTime": iso_milliseconds(self.timeline.since(t)),
        }

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return changes of state in (start, end]."""
        return self.timeline.moments(start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace of PAI; its states are ENABLED and so on."""

    id: str
    name: str
    timeline: Timeline
    default: bool = False

    @property
    def key(self) -> str:
        """The workspace's id."""
        return self.id

    def row(self, t: float) -> Row:
        """Return one Workspace of ListWorkspaces."""
        return {
            "WorkspaceId": self.id,
            "WorkspaceName": self.name,
            "DisplayName": self.name.replace("_", " ").title(),
            "Description": "A workspace of the demonstration",
            "Status": self.timeline.state(t),
            "IsDefault": self.default,
            "Creator": "1000000000000001",
            "AdminNames": ["demo-admin"],
            "EnvTypes": ["prod"],
            "ExtraInfos": {"TenantId": "4000000000000001"},
            "GmtCreateTime": iso_milliseconds(self.timeline.born),
            "GmtModifiedTime": iso_milliseconds(self.timeline.since(t)),
        }

    def moments(self, start: float, end: float) -> Iterator[float]:
        """Return changes of state in (start, end]."""
        return self.timeline.moments(start, end)
