"""DataArts Factory's jobs in the living world: most last, some come and go."""

from random import Random

from exporter.simulator.world.dataarts import FactoryJob, Runs
from exporter.simulator.world.drawing import lasting, thousandth
from exporter.simulator.world.timeline import Timeline

DAY = 86_400.0
USERS = ("demo_user", "demo_robot", "demo_analyst")
SUBJECTS = ("orders", "customers", "vehicles", "trips", "invoices", "sensors")
STEPS = {"BATCH": ("load", "clean", "join", "report"), "REAL_TIME": ("ingest", "enrich", "alert")}
OUTCOMES, OUTCOME_WEIGHTS = ("success", "fail", "running-exception", "manual-stop"), (94, 4, 1, 1)
PERIODS = (5, 15, 30, 60, 120, 360)
"""Minutes between two instances."""


def lasting_jobs(seed: int, workspace: str, kind: str, number: int, start: float) -> tuple[FactoryJob, ...]:
    """Return jobs that were made in the weeks before ``start`` and stay."""
    random = Random(f"{seed} lasting {workspace} {kind}")  # noqa: S311 - a world to look at, not a secret
    return tuple(_lasting_job(random, workspace, kind, index, start) for index in range(number))


def _lasting_job(random: Random, workspace: str, kind: str, index: int, start: float) -> FactoryJob:
    """Draw one that stays; a few are paused or stopped, a few have a configured end far ahead."""
    born = thousandth(start - random.uniform(2, 50) * DAY)
    scheduled = thousandth(born + random.uniform(60, DAY))
    rest = thousandth(start - random.uniform(0, DAY))
    resting = {"BATCH": ("PAUSED", "STOPPED"), "REAL_TIME": ("EXCEPTION", "STOPPED")}[kind]
    active = {"BATCH": "SCHEDULING", "REAL_TIME": "NORMAL"}[kind]
    rests = random.choices((True, False), (12, 88))[0]
    states = ("STOPPED", active, random.choice(resting))
    length = 3 if rests else 2
    return FactoryJob(
        name=f"{random.choice(STEPS[kind])}_{random.choice(SUBJECTS)}_{index:04d}",
        job_type=kind,
        workspace=workspace,
        user=random.choice(USERS),
        timeline=Timeline(times=(born, scheduled, rest)[:length], states=states[:length]),
        scheduled=scheduled,
        schedule_end=random.choices((None, thousandth(start + 365 * DAY)), (4, 1))[0],
        runs=_runs(random, scheduled, rest if rests else None) if kind == "BATCH" else None,
    )


def passing_job(random: Random, workspace: str, kind: str, born: float, name: str) -> FactoryJob:
    """Draw one that is made at ``born``, runs for some hours and is deleted."""
    scheduled = thousandth(born + lasting(random, 60))
    stopping = thousandth(scheduled + lasting(random, 2 * 3600))
    stopped = thousandth(stopping + lasting(random, 60))
    active = {"BATCH": "SCHEDULING", "REAL_TIME": "NORMAL"}[kind]
    first, last = {"BATCH": ("STOPPED", "PAUSED"), "REAL_TIME": ("STARTING", "STOPPING")}[kind]
    return FactoryJob(
        name=name,
        job_type=kind,
        workspace=workspace,
        user=random.choice(USERS),
        timeline=Timeline(
            times=(born, scheduled, stopping, stopped),
            states=(first, active, last, "STOPPED"),
            gone=thousandth(stopped + lasting(random, 1.5 * 3600)),
        ),
        scheduled=scheduled,
        runs=_runs(random, scheduled, stopping) if kind == "BATCH" else None,
    )


def _runs(random: Random, scheduled: float, until: float | None) -> Runs:
    """Draw instances that come at a steady pace and take a fair part of it."""
    period = random.choice(PERIODS) * 60_000
    return Runs(
        first=round(scheduled * 1000) + random.randrange(period),
        period=period,
        duration=int(period * random.uniform(0.05, 0.7)),
        outcomes=tuple(random.choices(OUTCOMES, OUTCOME_WEIGHTS, k=37)),
        until=float("inf") if until is None else until,
    )
