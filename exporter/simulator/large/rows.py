"""One row of a large list: what the living world's own classes make of a place in a crowd."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from exporter.simulator import identities
from exporter.simulator.large.crowd import Crowd
from exporter.simulator.world import dataarts, octopus, pai
from exporter.simulator.world.timeline import NEVER, Row, Timeline

KEPT_ROWS = 300_000
APART = 100_000_000
"""Ids of one list begin so far from those of the one before it."""

WAITED = 4
"""A job waits for one part in so many of its life."""

Render = Callable[[int], Row]


class Rendered:
    """The rows of one list, as they go over the wire; those that were listed last are kept."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def row(self, place: int) -> bytes:
        """Return one row."""
        row = self._kept.get(place)
        if row is None:
            row = self._kept[place] = msgspec.json.encode(self._render(place))
            if len(self._kept) > KEPT_ROWS:
                self._kept.popitem(last=False)
        return row


def system_job(crowd: Crowd, workspace: str, number: int, at: float) -> Render:
    """Return what renders an internal job of Octopus as it is at ``at``."""

    def render(place: int) -> Row:
        status = crowd.status(place)
        created, changed = crowd.created[place], crowd.changed[place]
        ended = changed if status in octopus.ENDED else NEVER
        waits = status in {"QUEUING", "LAUNCHING", "SUBMIT_FAILED"}
        started = NEVER if waits else created + (changed - created) // WAITED
        states = ("QUEUING", status) if waits else ("QUEUING", "RUNNING", status)
        times = (created, changed) if waits else (created, started, changed)
        job = octopus.SystemJob(
            id=number * APART + place,
            job_type=crowd.job_type(place),
            data_id=f"DPK{place:07d}",
            project=identities.OCTOPUS_PROJECT,
            workspace=workspace,
            timeline=Timeline(times=times, states=states),
            started=started,
            ended=NEVER if status == "SUBMIT_FAILED" else ended,
            msg_code=203,
            msg_error="bad package type",
        )
        return job.row(at)

    return render


def dataset_job(crowd: Crowd, workspace: str, number: int, at: float, *, logs: int | None = None) -> Render:
    """Return what renders a dataset job of PAI; ``logs`` is how many characters of logs it comes with."""

    def render(place: int) -> Row:
        status = crowd.status(place)
        created, changed = crowd.created[place], crowd.changed[place]
        waits = status in {"Pending", "Starting"}
        files = 1000 + place % 9000
        job = pai.DatasetJob(
            id=f"dsjob-demo{number * APART + place:010d}",
            action=crowd.job_type(place),
            mode="Full",
            workspace=workspace,
            version="v1",
            timeline=Timeline(times=(created, changed), states=("Pending", status)),
            description="A job of the large world",
            spec='{"modelId": "xxx"}',
            started=NEVER if waits else created,
            finished=changed if status in pai.FINISHED else NEVER,
            files=files,
            processed=files - place % 700,
            failed=place % 7 if status in {"PartialFailed", "Failed"} else 0,
            steps=(changed,),
        )
        row = job.row(at, with_logs=logs is not None)
        return row if logs is None else row | {"Logs": log_lines(row["Logs"][0], logs)}

    return render


def log_lines(line: str, characters: int) -> list[str]:
    """Return about so many characters of logs, in lines as long as the given one."""
    return [line] * (characters // len(line))


def queue_entry(crowd: Crowd, queue_type: str, number: int, at: float) -> Render:
    """Return what renders a place in one of Octopus' queues."""

    def render(place: int) -> Row:
        ranked = crowd.changed[place]
        entry = octopus.QueueEntry(
            id=number * APART + place,
            job_id=(10 + number) * APART + place,
            queue_type=queue_type,
            timeline=Timeline(times=(ranked,), states=("WAITING",)),
            data_id=f"DPK{place:07d}",
            project=identities.OCTOPUS_PROJECT,
            workspace=identities.OCTOPUS_WORKSPACES[0],
            priority=place % 4,
            job_type=crowd.job_type(place),
        )
        return entry.row(at)

    return render


def factory_job(crowd: Crowd, workspace: str, job_type: str, at: float) -> Render:
    """Return what renders a job definition of DataArts Factory; a BATCH job's last run is its kind's type."""

    def render(place: int) -> Row:
        created, changed = crowd.created[place], crowd.changed[place]
        outcome, runs = crowd.job_type(place), None
        if job_type == "BATCH":
            span = (changed - created) * 1000
            going_on = outcome == "running"
            runs = dataarts.Runs(
                first=round(at * 1000) - span if going_on else changed * 1000 - span // WAITED,
                period=10**12,
                duration=10**11 if going_on else span // WAITED,
                outcomes=(outcome,),
            )
        job = dataarts.FactoryJob(
            name=f"job_of_the_large_world_{place:07d}",
            job_type=job_type,
            workspace=workspace,
            user="demo_user",
            timeline=Timeline(times=(created,), states=(crowd.status(place),)),
            scheduled=float(created),
            runs=runs,
        )
        return job.row(at)

    return render
