"""Files that a command writes: where they are, and how one takes the place of another."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
}


def target_of(output: Path | None) -> Path | None:
    """Return the regular file, there or not, that ``output`` leads to; None stands for standard output.

    Raises OSError for what is there and is no regular file: to put a file in its place would break it.
    """
    if output is None or str(output) in STANDARD_OUTPUT:
        return None
    try:
        target = output.resolve()
        mode = target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return target
    except RuntimeError as exc:  # Python 3.11 and 3.12, of links that lead in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from exc
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"{KINDS.get(stat.S_IFMT(mode), 'a special file')}, not a regular file")
    return target


def replace(path: Path, content: bytes) -> None:
    """Put the content in the file's place; a reader sees the old one or the new one, never a part."""
    # In the same folder: a rename is atomic within one file system only. node_exporter reads only *.prom.
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
