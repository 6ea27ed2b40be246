"""Runs one target under atheris: `python -m tests.fuzz.guided TARGET [options of libFuzzer]`.

atheris is no part of the tests: it is not there for every Python and system. `make fuzz` installs it.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["exporter"]):
    from tests.fuzz.targets import TARGETS


def main(arguments: Sequence[str]) -> None:
    """Fuzz until an input breaks a promise, or for as long as the options say."""
    if len(arguments) < 1 or arguments[0] not in TARGETS:
        raise SystemExit(f"name one of {', '.join(TARGETS)}")
    target = TARGETS[arguments[0]]
    corpus = Path(tempfile.mkdtemp(prefix=f"datajobs-corpus-{arguments[0]}-"))
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), *arguments[1:]], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
