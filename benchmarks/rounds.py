"""Contenders take turns, round after round; what counts is the median."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

import msgspec

from benchmarks.contenders import Lap, Task

Laps = Mapping[str, Sequence[Lap]]


def take_turns(tasks: Mapping[str, Task], rounds: int, *, same: bool = True) -> Laps:
    """Return the laps of each, by name; one lap before them is for warming up.

    Raises RuntimeError where contenders that list the ``same`` do not find the same.
    """
    with ExitStack() as stack:
        started = {name: stack.enter_context(contender(task)) for name, task in tasks.items()}
        laps: dict[str, list[Lap]] = {name: [] for name in tasks}
        for number in range(rounds + 1):
            for name, process in started.items():
                lap = go(process)
                if number:
                    laps[name].append(lap)
    if same:
        demand_same({name: tasks[name].api for name in tasks}, laps)
    return laps


@contextmanager
def contender(task: Task) -> Iterator["subprocess.Popen[str]"]:
    """Run a contender for as long as the context lasts."""
    command = [sys.executable, "-m", "benchmarks.contenders", msgspec.json.encode(task).decode()]
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # a pipe; its end ends the process
            process.wait(timeout=30)


def go(process: "subprocess.Popen[str]") -> Lap:
    """Let a contender list once."""
    process.stdin.write("go\n")  # type: ignore[union-attr]  # a pipe
    process.stdin.flush()  # type: ignore[union-attr]
    line = process.stdout.readline()  # type: ignore[union-attr]
    if not line:
        raise RuntimeError("a contender has failed; its reason is above")
    return msgspec.json.decode(line, type=Lap)


def demand_same(apis: Mapping[str, str], laps: Laps) -> None:
    """Refuse figures of contenders that list the same API and find other jobs."""
    for api in set(apis.values()):
        found = {
            msgspec.json.encode(lap.counts, order="sorted")
            for name in laps
            if apis[name] == api
            for lap in laps[name]
        }
        if len(found) > 1:
            raise RuntimeError(f"{api}: not all have listed the same jobs: {sorted(found)}")


def cpu_per_job(laps: Sequence[Lap]) -> float:
    """Return the median of the CPU for one job, in microseconds."""
    return median(lap.cpu / lap.listed for lap in laps) * 1e6


def wall(laps: Sequence[Lap]) -> float:
    """Return the median of the time that a listing took, in seconds."""
    return median(lap.wall for lap in laps)


def cpu(lap: Lap) -> float:
    """Return the CPU of a lap for one job, in seconds."""
    return lap.cpu / lap.listed


def ratio(ours: Sequence[Lap], theirs: Sequence[Lap], of: Callable[[Lap], float]) -> float:
    """Return the median of the ratios, each within one round: what slows the machine slows both."""
    return median(of(mine) / of(other) for mine, other in zip(ours, theirs, strict=True))
