"""``python -m tests.reliability load|soak``: the trials in long, by hand; writes docs/reliability.md anew.

Load takes ten minutes, the soak about as long, less on a machine that has nothing else to do.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import msgspec

from docs.reliability import write
from tests.reliability.figures import keep, known, made_now
from tests.reliability.load import PHASES, trial
from tests.reliability.soak import soak

PATIENCE = 10.0
"""Prometheus' own scrape_timeout."""


def main() -> None:
    """Make the trials that are named, keep their figures, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("trials", nargs="+", choices=["load", "soak"])
    parser.add_argument("--minutes", type=float, default=10.0, help="of the trial under load")
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between scrapes in the soak")
    wanted = parser.parse_args()
    if "load" in wanted.trials:
        load = asyncio.run(trial(wanted.minutes * 60 / len(PHASES), PATIENCE))
        keep(msgspec.structs.replace(known(), load=load, load_made=made_now()))
    if "soak" in wanted.trials:
        with tempfile.TemporaryDirectory() as folder:
            lived = soak(Path(folder), hours=24, interval=wanted.interval, every=600, jobs=100)
        keep(msgspec.structs.replace(known(), soak=lived, soak_made=made_now()))
    write()


if __name__ == "__main__":
    main()
