"""Tables of single jobs: there only for sources that are configured with ``per_job``."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import table

from exporter.model import ACTIVE, Phase
from grafana.colours import PHASES
from grafana.panels import WHOLE
from grafana.parts import Size
from grafana.scope import Scope
from grafana.tables import Column, rows

INFO = "datajobs_job_info"
NEEDS_PER_JOB = (
    "Needs per_job in the configuration of the source, which gives series to that many jobs; else it is "
    "empty. "
)
WIDTHS = {"Job": 240, "Job type": 210, "Action": 180, "Dataset": 240, "Phase": 110}
AT_WORK = [phase for phase in Phase if phase in ACTIVE]
STATES: Mapping[float, tuple[str, str]] = {
    number: (phase.value, PHASES[phase]) for number, phase in enumerate(AT_WORK, start=1)
}
"""Phases as the values of a column, so that they have their colours."""


def beside(scope: Scope, family: str, by: Sequence[str]) -> str:
    """Return a family of single jobs with labels that only ``datajobs_job_info`` has."""
    return described(scope.of(family), scope.of(INFO), by)


def described(value: str, info: str, by: Sequence[str]) -> str:
    """Return values of single jobs under the labels ``by`` of their ``info``."""
    identity = "job, source, workspace" + (", job_name" if "job_name" in by else ", job_id")
    missing = [name for name in by if name not in {"workspace", "dataset", "job_id", "job_name"}]
    return f"max by ({', '.join(by)}) ({value} * on ({identity}) group_left ({', '.join(missing)}) {info})"


def moving(scope: Scope, family: str, by: Sequence[str], span: str) -> str:
    """Return 1 for each job whose value has changed within the time ``span``, 0 for one that has not.

    Nothing for a job that had none before: it is too young to tell.
    """
    moved = f"(changes({scope.each(family)}[{span}]) > bool 0) and {scope.each(family)} offset {span}"
    return described(f"({moved})", scope.of(INFO), by)


def state(scope: Scope, by: Sequence[str]) -> str:
    """Return each job's phase as a number of STATES."""
    phases = {number: f'phase="{phase}"' for number, phase in enumerate(AT_WORK, start=1)}
    coded = [f"{number} * {scope.of(INFO, phase)}" for number, phase in phases.items()]
    return f"max by ({', '.join(by)}) ({' or '.join(coded)})"


def single_jobs(
    title: str,
    description: str,
    *,
    scope: Scope,
    keys: Mapping[str, str],
    columns: Sequence[Column],
    sort: str,
    descending: bool = True,
    size: Size = WHOLE,
) -> table.Panel:
    """Return a line for each job that has series of its own: its state, then ``columns``."""
    phase = Column(title="Phase", expr=state(scope, list(keys)), unit="none", meanings=STATES)
    return rows(
        title,
        NEEDS_PER_JOB + description,
        keys=keys,
        columns=[phase, *columns],
        sort=sort,
        descending=descending,
        widths={heading: WIDTHS[heading] for heading in (*keys.values(), "Phase") if heading in WIDTHS},
        size=size,
    )
