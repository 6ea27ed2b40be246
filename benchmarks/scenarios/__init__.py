"""The benchmarks: each takes its measure and returns figures."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.figures import Figure
from benchmarks.scenarios import (
    decoding,
    distance,
    history,
    listing,
    memory,
    rendering,
    serving,
    startup,
    width,
)
from benchmarks.size import Size

SCENARIOS: Mapping[str, Callable[[Size], Sequence[Figure]]] = {
    "history": history.measure,
    "listing": listing.measure,
    "decoding": decoding.measure,
    "distance": distance.measure,
    "memory": memory.measure,
    "serving": serving.measure,
    "width": width.measure,
    "rendering": rendering.measure,
    "startup": startup.measure,
}
"""By name, in the order of the page that tells the figures."""
