"""The clouds that are listed: large worlds in a process of their own, whose cost is not counted as ours."""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from exporter.simulator import identities
from exporter.simulator.large.crowd import Size
from exporter.simulator.large.serving import at_a_distance
from exporter.simulator.large.world import LargeWorld
from exporter.simulator.settings import Settings

DATASETS = tuple(f"d-large{number}" for number in range(4))
WORKSPACES = ("0", "1", "2", "3")
FACTORY = identities.DATAARTS_WORKSPACES[0]


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs each list has, finished and active; ``round_trip`` in seconds.

    ``octopus`` and ``pai`` are lists for each of ``WORKSPACES`` and ``DATASETS``, from the first on;
    ``factory`` is the batch jobs of one workspace, ``queue`` the internal queue.
    """

    round_trip: float = 0.0
    octopus: tuple[tuple[int, int], ...] = ()
    pai: tuple[tuple[int, int], ...] = ()
    factory: int = 0
    queue: int = 0

    def world(self, at: int) -> LargeWorld:
        """Return the world that is meant, at a moment in whole seconds."""
        return LargeWorld(
            at=at,
            octopus=dict(zip(WORKSPACES, map(_size, self.octopus), strict=False)),
            pai=dict(zip(DATASETS, map(_size, self.pai), strict=False)),
            factory={(FACTORY, "BATCH"): Size(finished=self.factory)},
            queues={"INTERNAL": Size(active=self.queue)},
        )


def _size(numbers: tuple[int, int]) -> Size:
    return Size(finished=numbers[0], active=numbers[1])


@contextmanager
def clouds(spec: Spec) -> Iterator[str]:
    """Run clouds for as long as the context lasts; give their address."""
    command = [sys.executable, "-m", "benchmarks.clouds", msgspec.json.encode(spec).decode()]
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("the clouds did not start")
            yield url
        finally:
            process.stdin.close()  # which ends it
            process.wait(timeout=30)


async def serve(spec: Spec) -> None:
    """Serve until standard input is closed."""
    world = spec.world(int(time.time()))
    async with at_a_distance(world, Settings(), spec.round_trip) as url:
        gc.collect()
        gc.freeze()  # what there is now stays: to look through it again and again is no work of a cloud
        print(url, flush=True)  # noqa: T201 - for who started us
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(sys.argv[1], type=Spec)))
