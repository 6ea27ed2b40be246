"""The dashboards and the rules that come with the exporter, written to a folder of the user's."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from exporter.commands.files import replace, target_of

KINDS: Mapping[str, tuple[str, str]] = {
    "dashboards": ("grafana/dashboards", "*.json"),
    "rules": ("prometheus/rules", "*.yaml"),
}
"""Where the files are in the project, and their names; an installed package has a copy of them."""


class ShippedError(Exception):
    """Why files were not written, with what to do; the message is for the user."""


def place(kind: str, folder: Path, *, force: bool, kept: Sequence[str]) -> Iterator[str]:
    """Write the files of a kind to a folder and yield what became of each.

    Each is replaced whole. Raises ShippedError: before anything is written where a file differs and neither
    ``force`` nor its name in ``kept`` says what to do, and where a file cannot be written.
    """
    texts = shipped(kind)
    if strangers := sorted(set(kept) - texts.keys()):
        raise ShippedError(f"--keep {strangers[0]}: these {kind} have {', '.join(texts)}")
    try:
        found = {name: present(folder / name) for name in texts}
        states = {name: state(texts[name], there, keep=name in kept) for name, there in found.items()}
        refuse_to_overwrite(folder, [] if force else [name for name in states if states[name] == "replaced"])
        folder.mkdir(parents=True, exist_ok=True)
        for name, became in states.items():
            if became in {"written", "replaced"}:
                replace(target_of(folder / name) or folder / name, texts[name])
            yield f"{became:9} {folder / name}"
    except OSError as exc:
        where = exc.filename if isinstance(exc.filename, str) else folder
        raise ShippedError(f"cannot write the {kind}: {where}: {exc.strerror}") from exc


def shipped(kind: str) -> Mapping[str, bytes]:
    """Return the files of a kind by name: those of the installed package, or else those of the project."""
    folder, pattern = KINDS[kind]
    package = Path(str(resources.files("exporter")))
    for place in (package / "shipped" / kind, package.parent / folder):
        if paths := sorted(place.glob(pattern)):
            return {path.name: path.read_bytes() for path in paths}
    raise ShippedError(
        f"this installation came without the {kind}: install the wheel, or take {folder} itself"
    )


def present(path: Path) -> bytes | None:
    """Return what is in a file, or None where there is none."""
    target = target_of(path)
    try:
        return None if target is None else target.read_bytes()
    except FileNotFoundError:
        return None


def state(text: bytes, there: bytes | None, *, keep: bool) -> str:
    """Return what becomes of a file."""
    if there is None:
        return "written"
    if there == text:
        return "unchanged"
    return "kept" if keep else "replaced"


def refuse_to_overwrite(folder: Path, differing: Sequence[str]) -> None:
    """Raise where there are files that differ."""
    if differing:
        names = ", ".join(differing)
        raise ShippedError(
            f"files in {folder} are not ours and were not overwritten: {names}. Nothing was written: "
            f"--force overwrites, --keep {differing[0]} leaves that file as it is"
        )
