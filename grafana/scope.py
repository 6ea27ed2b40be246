"""What a dashboard looks at: its template variables, and the selectors that they narrow."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from exporter.metrics import CATALOGUE, About, Family, Kind

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
SOURCES = "datajobs_source_success"
"""The family that tells which sources there are, also where their clouds do not answer."""
TARGETS = (SOURCES, "datajobs_exporter_build_info")
"""Where each source is a target of its own, the exporter itself is of another scrape job."""

TITLES = {
    "job": "Scrape job",
    "source": "Source",
    "workspace": "Workspace",
    "dataset": "Dataset",
    "job_type": "Job type",
    "queue_type": "Queue type",
}
"""Each variable by its label, in the order of the page: each narrows those after it."""

FAMILIES = {family.name: family for family in CATALOGUE}
ENDINGS = ("_bucket", "_gcount", "_gsum", "_count", "_sum")
COPIES = "instance, pod"
"""What tells one exporter from another with the same sources."""
OF_THE_TARGET = ("up", "scrape_", "process_")
"""Families that Prometheus or the process's own library give: of the target, not of a source."""


def family_of(name: str) -> Family:
    """Return the family of a name or of a histogram's series; raises KeyError for any other name."""
    if name in FAMILIES:
        return FAMILIES[name]
    return FAMILIES[next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)]


def labels_of(name: str) -> tuple[str, ...]:
    """Return our labels of a family or of a histogram's series; raises KeyError for any other name."""
    return () if name.startswith(OF_THE_TARGET) else family_of(name).labels


def is_of_the_clouds(name: str) -> bool:
    """Tell whether every exporter that asks the same clouds gives the same numbers."""
    if name.startswith(OF_THE_TARGET):
        return False
    family = family_of(name)
    return family.about is not About.EXPORTER and family.kind in {Kind.GAUGE, Kind.GAUGEHISTOGRAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of the world that a dashboard shows.

    ``apis`` are those whose sources it knows (none: all). ``by`` names the labels that one may choose by,
    beside the scrape job and the source; ``families`` are those whose series tell which values there are.
    """

    apis: Sequence[str] = ()
    by: Sequence[str] = ()
    families: Sequence[str] = field(default=("datajobs_jobs",))

    def of(self, family: str, *matchers: str) -> str:
        """Return the numbers of a family, narrowed by every variable that it has a label for.

        Two exporters with the same sources, or one that is scraped twice, tell of every source twice: what a
        family tells of the clouds counts once.
        """
        told = self.each(family, *matchers)
        return f"max without ({COPIES}) ({told})" if is_of_the_clouds(family) else told

    def each(self, family: str, *matchers: str) -> str:
        """Return the family's series as they are, one of each exporter."""
        known = labels_of(family)
        return self._selector(
            family, [name for name in self.names if name == "job" or name in known], matchers
        )

    @property
    def names(self) -> list[str]:
        """The variables, beside the data source, in their order."""
        return [name for name in TITLES if name in {"job", "source", *self.by}]

    def variables(self) -> list[builders.QueryVariable | builders.DatasourceVariable]:
        """Return the template variables; those before one narrow its choice."""
        datasource = builders.DatasourceVariable("datasource").label("Data Source").type("prometheus")
        return [datasource, *(self._variable(name) for name in self.names)]

    def _variable(self, name: str) -> builders.QueryVariable:
        before = self.names[: self.names.index(name)]
        variable = (
            builders.QueryVariable(name)
            .label(TITLES[name])
            .datasource(DATASOURCE)
            .query({"query": f"label_values({self._choices(name, before)}, {name})", "refId": name})
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
        )
        # All is every value there is and none: a queue that is empty has no workspace and no job type. All
        # scrape jobs, though, are only those that have sources, or `up` would be that of all the world.
        return variable if name == "job" else variable.all_value(".*")

    def _choices(self, name: str, before: Sequence[str]) -> str:
        own = {"job": TARGETS, "source": (SOURCES,)}
        families = own.get(name, self.families)
        if len(families) == 1:
            return self._selector(families[0], before, ())
        return self._selector("", before, (f'__name__=~"{"|".join(families)}"',))

    def _selector(self, family: str, names: Sequence[str], matchers: Sequence[str]) -> str:
        chosen = [f'{name}=~"${name}"' for name in names]
        return f"{family}{{{','.join([*chosen, *self._apis(), *matchers])}}}"

    def _apis(self) -> list[str]:
        if not self.apis:
            return []
        return [f'api="{self.apis[0]}"' if len(self.apis) == 1 else f'api=~"{"|".join(self.apis)}"']
