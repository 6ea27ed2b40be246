"""List APIs that do not exist, with the kinds of options that real ones have, and an environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from exporter.config import Config, ConfigError, Duration, Identifier, Mistake, Problem, Several, load

HERE = Path(__file__).parent

ENVIRON = {
    "KEY_ID": "id-from-environment",
    "KEY_SECRET": "secret-from-environment",
    "PROJECT": "0987",
    "REQUESTS": "5",
    "HOSTILE": 'x", admin: {a: [b]} # \n- *c',
    "EMPTY": "",
}


class Vision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that refer to each other."""

    datasets: Literal["discover"] | Several[Identifier]
    workspace_id: Identifier | None = None
    discovery_interval: Duration = 600.0
    with_logs: bool = False

    def problems(self) -> Iterator[Problem]:
        """Yield what discovery lacks."""
        if self.datasets == "discover" and self.workspace_id is None:
            cure = "add the workspace whose datasets are to be found"
            yield Problem(option="workspace_id", problem="discovery needs it", cure=cure)


class Factory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of lists, with and without defaults."""

    project_id: Identifier
    workspaces: Several[Identifier] | None = None
    job_types: Several[Literal["BATCH", "REAL_TIME"]] = ("BATCH", "REAL_TIME")


@dataclass(frozen=True, slots=True)
class Kind:
    """What the configuration needs to know of an API."""

    cloud: str
    options: type[msgspec.Struct]


KINDS = {"vision_jobs": Kind("alibaba", Vision), "factory_jobs": Kind("huawei", Factory)}


def read(folder: Path, text: str | bytes, environ: Mapping[str, str] = ENVIRON) -> Config:
    """Load a text from a file in the folder."""
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path, KINDS, environ)


def mistakes(folder: Path, text: str | bytes, environ: Mapping[str, str] = ENVIRON) -> tuple[Mistake, ...]:
    """Return what is wrong with a text; none if it loads."""
    try:
        read(folder, text, environ)
    except ConfigError as error:
        return error.mistakes
    return ()


def one_source(**changes: str) -> str:
    """Return a configuration of one Huawei Cloud source, with options added or replaced by YAML texts."""
    options = {
        "name": "one",
        "api": "factory_jobs",
        "region": "cn-north-4",
        "credentials": "keys",
        "project_id": "p1",
    }
    lines = [f"    {key}: {value}" for key, value in {**options, **changes}.items()]
    keys = "credentials:\n  keys: {cloud: huawei, access_key: a, secret_key: s}\n"
    return f"{keys}sources:\n  -\n" + "\n".join(lines) + "\n"
