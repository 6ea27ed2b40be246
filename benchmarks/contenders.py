"""Those that list, each in a process of its own: told to go, it lists once and tells what that took.

``python -m benchmarks.contenders TASK`` lists with every line of standard input, until that ends.
"""

import gc
import resource
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import msgspec

Counts = dict[str, int]
"""How many jobs there are, by status."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to list what: ``api`` is one of the exporter's, ``page`` the rows of a page where it is free.

    The exporter may have several ``sources`` of so many ``lists`` each, from the list ``first`` on.
    """

    name: str
    url: str
    api: str = "dataarts_jobs"
    in_flight: int = 16
    page: int = 100
    sources: int = 1
    lists: int = 1
    first: int = 0


class Lap(msgspec.Struct, frozen=True, kw_only=True):
    """What listing once took, in seconds, what was listed, and the most memory there ever was, in MB."""

    wall: float
    cpu: float
    counts: Counts
    requests: int
    peak: float = 0.0

    @property
    def listed(self) -> int:
        """How many jobs."""
        return sum(self.counts.values())


class Contender(ABC):
    """Lists again and again, with the connections of the first time."""

    @abstractmethod
    def list(self) -> tuple[Counts, int]:
        """Return the jobs by status, and how many requests that took."""

    def close(self) -> None:  # noqa: B027 - most leave that to the end of their process
        """Close what is open."""


def exporter(task: Task) -> Contender:
    """Return the exporter, from its configuration to the snapshot of a scrape."""
    from benchmarks.ours import Exporter

    return Exporter(task)


def floor(task: Task) -> Contender:
    """Return sockets and msgspec, with nothing between."""
    from benchmarks.peers.floor import Floor

    return Floor(task)


def huawei_sdk(task: Task) -> Contender:
    """Return a loop over the official SDK."""
    from benchmarks.peers.huawei_sdk import HuaweiSdk

    return HuaweiSdk(task)


def alibaba_sdk(task: Task) -> Contender:
    """Return a loop over the official SDK."""
    from benchmarks.peers.alibaba_sdk import AlibabaSdk

    return AlibabaSdk(task)


def requests_json(task: Task) -> Contender:
    """Return a loop over requests, with its own json."""
    from benchmarks.peers.requests_json import RequestsJson

    return RequestsJson(task)


CONTENDERS: Mapping[str, Callable[[Task], Contender]] = {
    one.__name__: one for one in (exporter, floor, huawei_sdk, alibaba_sdk, requests_json)
}


def lap(contender: Contender) -> Lap:
    """List once; what the last time left to be collected is not counted."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    counts, requests = contender.list()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Lap(wall=wall, cpu=cpu, counts=counts, requests=requests, peak=peak)


def main() -> None:
    """Be the contender that the command line names."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    contender = CONTENDERS[task.name](task)
    for _ in sys.stdin:
        print(msgspec.json.encode(lap(contender)).decode(), flush=True)  # noqa: T201 - for who started us
    contender.close()


if __name__ == "__main__":
    main()
