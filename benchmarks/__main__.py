"""``python -m benchmarks [NAME…] [--quick]``: measures, and writes docs/performance.md anew."""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.figures import Section
from benchmarks.scenarios import SCENARIOS
from benchmarks.size import QUICK, Size
from docs.performance import FIGURES, shown, write

Sections = dict[str, Section]


def main() -> None:
    """Measure what the command line names, else everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENARIOS))
    parser.add_argument(
        "--quick", action="store_true", help="small, once, and write nothing: shows that it runs"
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(SCENARIOS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    for name in wanted.names or SCENARIOS:
        section = measured(name, QUICK if wanted.quick else Size())
        print(f"{name}, {section.seconds:.0f} s\n{shown(section)}\n", flush=True)  # noqa: T201 - what was asked for
        if not wanted.quick:
            keep(section)
            write()


def measured(name: str, size: Size) -> Section:
    """Run one benchmark."""
    began = time.perf_counter()
    figures = SCENARIOS[name](size)
    return Section(
        name=name,
        figures=figures,
        rounds=size.rounds,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        seconds=time.perf_counter() - began,
        load=os.getloadavg()[0],
    )


def machine() -> str:
    """Say what the figures were measured on."""
    model = next(
        (
            line.partition(": ")[2]
            for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}"


def keep(section: Section) -> None:
    """Put figures in the place of those that were measured before."""
    sections = {one.name: one for one in known()} | {section.name: section}
    ordered = [sections[name] for name in SCENARIOS if name in sections]
    FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n")


def known() -> Sequence[Section]:
    """Return the figures that were measured before."""
    return msgspec.json.decode(FIGURES.read_bytes(), type=list[Section]) if FIGURES.exists() else []


if __name__ == "__main__":
    main()
