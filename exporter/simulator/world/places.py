"""The places of the demonstration, the same in every world: workspaces, datasets, instances."""

from exporter.simulator import identities
from exporter.simulator.world.dataarts import FactoryWorkspace, StudioInstance
from exporter.simulator.world.pai import Dataset, Workspace
from exporter.simulator.world.timeline import Timeline

DAY = 86_400


def pai_workspaces(start: float) -> tuple[Workspace, ...]:
    """Return PAI's workspaces, made some weeks before ``start``."""
    names = ("demo_perception", "demo_speech")
    return tuple(
        Workspace(
            id=workspace,
            name=name,
            timeline=Timeline(times=(_before(start, 90 - index),), states=("ENABLED",)),
            default=index == 0,
        )
        for index, (workspace, name) in enumerate(zip(identities.PAI_WORKSPACES, names, strict=True))
    )


def pai_datasets(start: float) -> tuple[Dataset, ...]:
    """Return PAI's datasets, made some weeks before ``start``."""
    return tuple(
        Dataset(
            id=dataset,
            name=name,
            workspace=workspace,
            edition=edition,
            timeline=Timeline(times=(_before(start, 60 - index),), states=("READY",)),
        )
        for index, (dataset, (workspace, edition, name)) in enumerate(identities.PAI_DATASETS.items())
    )


def factory_workspaces(start: float) -> tuple[FactoryWorkspace, ...]:
    """Return the workspaces of DataArts Studio, the first of which is the default one."""
    return tuple(
        FactoryWorkspace(
            id=workspace,
            name=("default", "finance")[index],
            instance=identities.DATAARTS_INSTANCE,
            project=identities.DATAARTS_PROJECT,
            created=_before(start, 80 - index),
            kind=1 if index == 0 else 0,
        )
        for index, workspace in enumerate(identities.DATAARTS_WORKSPACES)
    )


def studio_instances() -> tuple[StudioInstance, ...]:
    """Return the instances of DataArts Studio."""
    return (
        StudioInstance(
            id=identities.DATAARTS_INSTANCE, name="dataarts-demo", region=identities.DATAARTS_REGION
        ),
    )


def _before(start: float, days: int) -> float:
    """Return a moment ``days`` before ``start``, in whole milliseconds."""
    return round((start - days * DAY) * 1000) / 1000
