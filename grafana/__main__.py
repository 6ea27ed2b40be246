"""Writes the dashboards' JSON; ``--check`` fails where a file is out of date."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.catalogue import DASHBOARDS
from grafana.pages import built

FOLDER = Path(__file__).parent / "dashboards"
CURE = "python -m grafana"


def written() -> Mapping[str, str]:
    """Return the text of each dashboard by the name of its file."""
    pages = [make() for make in DASHBOARDS]
    texts = {}
    for page in pages:
        others = [other for other in pages if other.uid != page.uid]
        text = json.dumps(built(page, others), cls=JSONEncoder, indent=1, ensure_ascii=False)
        texts[f"{page.uid.removeprefix('datajobs-')}.json"] = f"{text}\n"
    return texts


def outdated(texts: Mapping[str, str], folder: Path) -> list[str]:
    """Return the files that are not as they would be written, those that nothing writes included."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in {*there, *texts} if there.get(name) != texts.get(name))


def main(arguments: Sequence[str], folder: Path = FOLDER) -> int:
    """Write the dashboards, or with ``--check`` compare them; return the exit status."""
    texts = written()
    old = outdated(texts, folder)
    if "--check" in arguments:
        if old:
            sys.stderr.write(f"out of date in grafana/dashboards: {', '.join(old)}; run: {CURE}\n")
        return 1 if old else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in old:
        if name in texts:
            (folder / name).write_text(texts[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
