"""What there is in a large world: lists of any size, by the same names as in the living one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from exporter.simulator import identities
from exporter.simulator.large.crowd import Crowd, Kinds, Size, Wanted
from exporter.simulator.large.rows import (
    Render,
    Rendered,
    dataset_job,
    factory_job,
    queue_entry,
    system_job,
)
from exporter.simulator.world import octopus, pai, places
from exporter.simulator.world.population import Fixed
from exporter.simulator.world.world import World

OCTOPUS_KINDS = Kinds(
    ended=(*("FINISHED",) * 20, "RUN_FAILED", "STOPPED", "UPLOAD_FAILED", "SUBMIT_FAILED"),
    active=(*("RUNNING",) * 6, "QUEUING", "QUEUING", "LAUNCHING", "UPLOADING"),
    types=octopus.JOB_TYPES,
)
PAI_KINDS = Kinds(
    ended=(*("Succeeded",) * 20, "Failed", "PartialFailed", "ManuallyStop"),
    active=(*("Running",) * 6, "Pending", "Pending", "Starting", "Deleting"),
    types=pai.ACTIONS,
)
QUEUE_KINDS = Kinds(ended=("WAITING",), active=("WAITING",), types=octopus.JOB_TYPES)
FACTORY_KINDS = {
    "BATCH": Kinds(
        ended=(*("SCHEDULING",) * 8, "STOPPED", "PAUSED"),
        active=("SCHEDULING",),
        types=(*("success",) * 8, "fail", "running"),
    ),
    "REAL_TIME": Kinds(ended=(*("NORMAL",) * 8, "EXCEPTION", "STOPPED"), active=("NORMAL",), types=("",)),
}


class Lists:
    """A crowd and its rows, also with logs where they are asked for."""

    def __init__(self, crowd: Crowd, render: Render, render_logs: Render | None = None) -> None:
        self.crowd = crowd
        self._rows = Rendered(render)
        self._logged = self._rows if render_logs is None else Rendered(render_logs)

    def page(self, wanted: Wanted, first: int, size: int, *, logs: bool = False) -> tuple[msgspec.Raw, int]:
        """Return the rows of a page, as an array of JSON, and the total of what is wanted."""
        selected = self.crowd.select(wanted)
        rendered = self._logged if logs else self._rows
        rows = b",".join([rendered.row(place) for place in selected[first : first + size]])
        return msgspec.Raw(b"[%b]" % rows), len(selected)


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeWorld:
    """The lists at ``at`` (whole seconds): by workspace, dataset, queue type, or workspace and job type.

    What they do not name is empty. ``places`` are the workspaces and datasets around them, for the lists of
    these. ``logs`` is how many characters of logs a job of PAI has.
    """

    at: int
    octopus: Mapping[str, Size] = field(default_factory=dict)
    pai: Mapping[str, Size] = field(default_factory=dict)
    queues: Mapping[str, Size] = field(default_factory=dict)
    factory: Mapping[tuple[str, str], Size] = field(default_factory=dict)
    logs: int = 14_000

    def places(self) -> World:
        """Return the places, without jobs."""
        workspace = identities.PAI_WORKSPACES[0]
        template = places.pai_datasets(self.at)[0]
        return World(
            pai_workspaces=Fixed(places.pai_workspaces(self.at)),
            pai_datasets=Fixed(
                tuple(
                    pai.Dataset(id=name, name=name, workspace=workspace, timeline=template.timeline)
                    for name in self.pai
                )
            ),
            factory_workspaces=places.factory_workspaces(self.at),
            studio_instances=places.studio_instances(),
        )

    def octopus_lists(self) -> dict[str, Lists]:
        """Return the internal jobs by workspace."""
        return {
            name: self._lists(OCTOPUS_KINDS, size, partial(system_job, workspace=name, number=number))
            for number, (name, size) in enumerate(self.octopus.items(), 1)
        }

    def queue_lists(self) -> dict[str, Lists]:
        """Return the queues by type."""
        return {
            name: self._lists(QUEUE_KINDS, size, partial(queue_entry, queue_type=name, number=number))
            for number, (name, size) in enumerate(self.queues.items(), 1)
        }

    def factory_lists(self) -> dict[tuple[str, str], Lists]:
        """Return the definitions of DataArts by workspace and job type."""
        return {
            (name, kind): self._lists(
                FACTORY_KINDS[kind], size, partial(factory_job, workspace=name, job_type=kind)
            )
            for (name, kind), size in self.factory.items()
        }

    def pai_lists(self) -> dict[str, Lists]:
        """Return the dataset jobs by dataset."""
        workspace, lists = identities.PAI_WORKSPACES[0], {}
        for number, (name, size) in enumerate(self.pai.items(), 1):
            crowd = Crowd(PAI_KINDS, size, self.at)
            plain = dataset_job(crowd, workspace, number, self.at)
            lists[name] = Lists(crowd, plain, dataset_job(crowd, workspace, number, self.at, logs=self.logs))
        return lists

    def _lists(self, kinds: Kinds, size: Size, render: Callable[..., Render]) -> Lists:
        crowd = Crowd(kinds, size, self.at)
        return Lists(crowd, render(crowd, at=self.at))
