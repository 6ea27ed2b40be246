"""How soon the exporter answers."""

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from benchmarks import configs
from benchmarks.figures import Figure
from benchmarks.program import running
from benchmarks.size import Size

NOWHERE = "http://127.0.0.1:9"
IMPORTS = "import httpx, prometheus_client"


def measure(size: Size) -> Sequence[Figure]:
    """Return the time to the first answer of /-/ready, beside that of two imports."""
    ready, imports = [], []
    for number in range(size.rounds + 1):
        with running(NOWHERE, configs.text(["dataarts_jobs"])) as program:
            pass
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", IMPORTS], check=True)  # noqa: S603 - ourselves
        took = time.perf_counter() - began
        if number:  # the first reads the files into memory
            ready.append(program.ready)
            imports.append(took)
    return [
        Figure(
            what=f"start to the first answer / `{IMPORTS}`",
            value=median(mine / theirs for mine, theirs in zip(ready, imports, strict=True)),
            target=3,
        ),
        Figure(what="start to the first answer", value=median(ready), unit="s"),
    ]
