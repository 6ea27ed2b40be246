"""What the exporter is configured with: no limit but the places, as a pace would be all that is measured."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.clouds import DATASETS, FACTORY, WORKSPACES
from exporter.apis import APIS
from exporter.config import Config, load
from exporter.simulator import identities

COMMON = "credentials: {credentials}, region: {region}, endpoint: ${{CLOUDS}}"
HUAWEI = COMMON.format(credentials="huawei", region=identities.OCTOPUS_REGION)
ALIBABA = COMMON.format(credentials="alibaba", region=identities.PAI_REGION)
OPTIONS: Mapping[str, str] = {
    "dataarts_jobs": f'{HUAWEI}, project_id: "{identities.DATAARTS_PROJECT}", workspaces: ["{FACTORY}"], '
    "job_types: [BATCH]",
    "octopus_system_jobs": f'{HUAWEI}, project_id: "{identities.OCTOPUS_PROJECT}", workspaces: {{lists}}',
    "octopus_queuing_jobs": f'{HUAWEI}, project_id: "{identities.OCTOPUS_PROJECT}", queue_types: [INTERNAL]',
    "pai_dataset_jobs": f"{ALIBABA}, datasets: {{lists}}",
}
LISTS = {"octopus_system_jobs": WORKSPACES, "pai_dataset_jobs": DATASETS}


def text(apis: Sequence[str], *, concurrency: int = 16, lists: int = 1, first: int = 0) -> str:
    """Return a configuration with a source for each of ``apis``, each of which reads so many lists."""
    key, huawei = identities.DEMO_ALIBABA_KEY, identities.DEMO_HUAWEI_KEY
    lines = [
        f"defaults: {{timeout: 10m, concurrency: {concurrency}, requests_per_second: 100000}}",
        "credentials:",
        f"  alibaba: {{cloud: alibaba, access_key_id: {key.id}, access_key_secret: {key.secret}}}",
        f"  huawei: {{cloud: huawei, access_key: {huawei.id}, secret_key: {huawei.secret}}}",
        "sources:",
    ]
    for number, api in enumerate(apis):
        names = ", ".join(f'"{name}"' for name in LISTS.get(api, ())[first : first + lists])
        options = OPTIONS[api].replace("{lists}", f"[{names}]")
        lines.append(f"  - {{name: {api}-{number}, api: {api}, {options}}}")
    return "\n".join(lines) + "\n"


def config(clouds: str, content: str) -> Config:
    """Return a configuration as the exporter reads it; ``clouds`` is the address that it names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(content, encoding="utf-8")
        return load(path, APIS, {"CLOUDS": clouds})
