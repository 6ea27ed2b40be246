"""What is true in the simulated clouds, at any moment that is asked about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporter.simulator.world.dataarts import FactoryJob, FactoryWorkspace, StudioInstance
from exporter.simulator.world.octopus import QueueEntry, SystemJob
from exporter.simulator.world.order import ListingOrder, ordered
from exporter.simulator.world.pai import Dataset, DatasetJob, Workspace
from exporter.simulator.world.population import Fixed, Population
from exporter.simulator.world.timeline import Listed, Row

NEWEST_FIRST = ListingOrder.CREATED_DESCENDING
EMPTY_WORKSPACES: Fixed[Workspace] = Fixed()
EMPTY_DATASETS: Fixed[Dataset] = Fixed()


@dataclass(frozen=True, slots=True)
class InternalQueue:
    """The internal queue: the places of all system jobs that wait."""

    jobs: tuple[Population[SystemJob], ...]

    def between(self, start: float, end: float) -> list[QueueEntry]:
        """Return the entries that are listed at any moment of [start, end]."""
        return [
            job.entry
            for population in self.jobs
            for job in population.between(start, end)
            if job.entry is not None and job.entry.timeline.within(start, end)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All timelines. Nothing here changes: the state of any moment, past or to come, can be asked for.

    The methods return whole lists of rows as they go over the wire, in the order the list would have. Of
    what a row holds only ``running_duration`` moves between two of ``moments``.
    """

    pai_workspaces: Population[Workspace] = EMPTY_WORKSPACES
    pai_datasets: Population[Dataset] = EMPTY_DATASETS
    pai_jobs: Mapping[str, Population[DatasetJob]] = field(default_factory=dict)
    """By dataset id."""
    octopus_jobs: Mapping[str, Population[SystemJob]] = field(default_factory=dict)
    """By workspace id."""
    octopus_queues: Mapping[str, Population[QueueEntry]] = field(default_factory=dict)
    """By queue type; the internal one is not here, it follows from the jobs."""
    factory_jobs: Mapping[tuple[str, str], Population[FactoryJob]] = field(default_factory=dict)
    """By workspace id and job type."""
    factory_workspaces: tuple[FactoryWorkspace, ...] = ()
    studio_instances: tuple[StudioInstance, ...] = ()

    def workspaces(self, t: float) -> list[Row]:
        """PAI's workspaces, the oldest first."""
        return _rows(self.pai_workspaces, t, ListingOrder.CREATED_ASCENDING)

    def datasets(self, workspace: str, t: float) -> list[Row]:
        """PAI's datasets of a workspace, the oldest first."""
        rows = _rows(self.pai_datasets, t, ListingOrder.CREATED_ASCENDING)
        return [row for row in rows if row["WorkspaceId"] == workspace]

    def dataset_jobs(self, dataset_id: str, t: float, order: ListingOrder = NEWEST_FIRST) -> list[Row]:
        """PAI's jobs of a dataset, without logs."""
        return _rows(self.pai_jobs.get(dataset_id, Fixed()), t, order)

    def system_jobs(self, workspace: str, t: float, order: ListingOrder = NEWEST_FIRST) -> list[Row]:
        """Octopus' internal jobs of a workspace."""
        return _rows(self.octopus_jobs.get(workspace, Fixed()), t, order)

    def queue(self, queue_type: str, t: float, order: ListingOrder = NEWEST_FIRST) -> list[Row]:
        """One of Octopus' queues, all workspaces together."""
        return _rows(self.queue_population(queue_type), t, order)

    def dataarts_jobs(
        self, workspace: str, job_type: str, t: float, order: ListingOrder = NEWEST_FIRST
    ) -> list[Row]:
        """DataArts Factory's jobs of a workspace and type."""
        return _rows(self.factory_jobs.get((workspace, job_type), Fixed()), t, order)

    def queue_population(self, queue_type: str) -> Population[QueueEntry]:
        """Return the crowd behind one of Octopus' queues."""
        if queue_type == "INTERNAL":
            return InternalQueue(tuple(self.octopus_jobs.values()))
        return self.octopus_queues.get(queue_type, Fixed())

    def moments(self, start: float, end: float) -> list[float]:
        """Return the times in (start, end] at which any list changes, ascending, each once."""
        return sorted({moment for one in self._everything(start, end) for moment in one.moments(start, end)})

    def _everything(self, start: float, end: float) -> Iterable[Listed]:
        """Return all that is listed at any moment of [start, end], and what vanishes at its end."""
        populations: tuple[Population[Listed], ...] = (
            self.pai_workspaces,
            self.pai_datasets,
            *self.pai_jobs.values(),
            *self.octopus_jobs.values(),
            InternalQueue(tuple(self.octopus_jobs.values())),
            *self.octopus_queues.values(),
            *self.factory_jobs.values(),
        )
        return (one for population in populations for one in population.between(start, end))


def _rows(population: Population[Listed], t: float, order: ListingOrder) -> list[Row]:
    """Return the rows of all that is listed at ``t``, in ``order``."""
    return [one.row(t) for one in ordered(population.between(t, t), order, t)]
