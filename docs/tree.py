"""Pages about the program itself: what is where, by the import contract; the keys of its log."""

import ast
import re
import tomllib
from collections.abc import Sequence

from docs.markdown import HERE, page, table
from exporter.commands.options import MOST_REQUESTS
from exporter.logs import BURST, FIRST_KEYS, KEYS, LAST_KEYS, REST
from exporter.standing import FIRST_WAIT, LONGEST_WAIT
from exporter.web import connection
from exporter.web.admission import RETRY_AFTER
from exporter.web.server import PATIENCE

ROOT = HERE.parent
PACKAGE = ROOT / "exporter"


def architecture_page() -> str:
    """Return architecture.md."""
    return page(
        "architecture.md",
        layers="\n".join(" ".join(layer) for layer in layers()),
        modules=modules(),
        first_wait=f"{FIRST_WAIT:g}",
        longest_wait=f"{LONGEST_WAIT / 60:g}",
    )


def operating_page() -> str:
    """Return operating.md."""
    return page(
        "operating.md",
        keys=log_keys(),
        burst=str(BURST),
        rest=f"{REST / 60:g}",
        patience=f"{PATIENCE:g}",
        most_requests=str(MOST_REQUESTS),
        retry_after=str(RETRY_AFTER),
        taken=f"{connection.PATIENCE:g}",
        most_waiting=str(connection.MOST_WAITING // 2**20),
    )


def log_keys() -> str:
    """Return the table of the keys of log lines."""
    always = [[f"`{key}`", "always", about] for key, about in FIRST_KEYS.items()]
    sometimes = [[f"`{key}`", "where it applies", about] for key, about in {**KEYS, **LAST_KEYS}.items()]
    return table(["key", "on a line", "what it tells"], [*always, *sometimes])


def layers() -> Sequence[Sequence[str]]:
    """Return the layers of the import contract, the highest first; ``|`` divides those beside each other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return [re.findall(r"\w+|\|", re.sub(r"\(\w+\)", "", layer).strip(" |")) for layer in contract["layers"]]


def modules() -> str:
    """Return the table of modules and packages in the order of the layers."""
    names = [name for layer in layers() for name in layer if name != "|"]
    return table(["where", "what it is"], [[f"`{place(name)}`", first_line(name)] for name in names])


def place(name: str) -> str:
    """Return the file of a module, or the folder of a package."""
    is_module = (PACKAGE / f"{name}.py").is_file()
    return f"exporter/{name}.py" if is_module else f"exporter/{name}/"


def first_line(name: str) -> str:
    """Return the first line of what a module or package says of itself."""
    path = ROOT / place(name)
    told = (path if path.is_file() else path / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(told)) or "").partition("\n")[0].replace("``", "`")
