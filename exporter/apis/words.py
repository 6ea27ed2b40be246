"""How an API's words become ours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.model import FINISHED, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An API's vocabulary.

    ``statuses`` maps every status that any of its documents names to our phase. ``documented`` names, by
    job type, those that its jobs can have: after a complete list each is given, zero or not. ``runs`` does
    so for the last runs of jobs that run again and again.
    """

    statuses: Mapping[str, Phase]
    documented: Mapping[str, tuple[str, ...]]
    run_statuses: Mapping[str, Phase] = field(default_factory=dict)
    runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[tuple[str, str], tuple[Phase, tuple[str, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    standing: bool = False
    """Its jobs are definitions: they are scheduled and paused, and never finish."""

    def phase(self, status: str) -> Phase:
        """Return our word for a status; one that we do not know is no error."""
        return self.statuses.get(status, Phase.UNKNOWN)

    def unknown(self, job_type: str, status: str) -> tuple[str, ...]:
        """Name the fields whose value no document has."""
        fields: tuple[str, ...] = ()
        if status not in self.statuses:
            fields += ("status",)
        if job_type not in self.documented:
            fields += ("job_type",)
        return fields

    def read(self, job_type: str, status: str) -> tuple[Phase, tuple[str, ...]]:
        """Return phase and unknown fields of a job; what documents have is remembered, as lists are long."""
        known = self._known.get((job_type, status))
        if known is None:
            known = self.phase(status), self.unknown(job_type, status)
            if not known[1]:
                self._known[job_type, status] = known
        return known

    def statuses_of(self, job_type: str) -> Iterator[tuple[str, Phase]]:
        """Yield the statuses that a job of this type can have."""
        for status in self.documented.get(job_type, ()):
            yield status, self.phase(status)

    def ends_of(self, job_type: str) -> Iterator[tuple[str, Phase]]:
        """Yield the statuses in which a job of this type can end."""
        return ((status, phase) for status, phase in self.statuses_of(job_type) if phase in FINISHED)

    def runs_of(self, job_type: str) -> Iterator[tuple[str, Phase]]:
        """Yield the statuses that the last run of a job of this type can have."""
        for status in self.runs.get(job_type, ()):
            yield status, self.run_statuses.get(status, Phase.UNKNOWN)
