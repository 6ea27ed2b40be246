"""The real command with keys of a chain: found, used, told; and what it says where it cannot."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.credentials import LIBRARIES
from exporter.simulator import identities
from exporter.simulator.identities import DemoKey
from tests.cli.running import config_file, invoke, run, running
from tests.credentials import places as at
from tests.credentials.places import Issuer, Places

CONFIG = """\
credentials:
  node: {cloud: CLOUD, chain: CHAIN}
sources:
  - name: one
    api: API
    region: nowhere
    endpoint: ${SIMULATED}
    credentials: node
    OPTIONS
  - name: another
    api: API
    region: nowhere
    endpoint: ${SIMULATED}
    credentials: node
    OPTIONS
"""
ALIBABA = {
    "CLOUD": "alibaba",
    "API": "pai_dataset_jobs",
    "OPTIONS": f'{{datasets: discover, workspace_id: "{identities.PAI_WORKSPACES[0]}"}}',
}
HUAWEI = {
    "CLOUD": "huawei",
    "API": "octopus_system_jobs",
    "OPTIONS": f"{{project_id: {identities.OCTOPUS_PROJECT}}}",
}


def configuration(folder: Path, words: dict[str, str], chain: str, **options: str) -> Path:
    text = CONFIG.replace("CHAIN", chain)
    for word, value in words.items():
        text = text.replace(word, f"<<: {value}" if word == "OPTIONS" else value)
    defaults = "".join(f"  {name}: {value}\n" for name, value in options.items())
    return config_file(folder, f"defaults:\n{defaults}{text}" if defaults else text)


@pytest.fixture(scope="module")
def clouds() -> Iterator[str]:
    """The address of simulated clouds."""
    with running("simulate", "--listen", "127.0.0.1:0", "--jobs", "50") as simulated:
        yield simulated.out.wait_for("simulated clouds on ").split()[3]


def temporary(key: DemoKey) -> DemoKey:
    return replace(key, expires=float(int(time.time()) + 3600))


def values(text: str, name: str) -> set[float]:
    families = text_string_to_metric_families(text)
    return {sample.value for family in families for sample in family.samples if sample.name == name}


@pytest.mark.parametrize("chain", ["default", "metadata"])
def test_the_command_signs_with_the_role_of_its_machine(
    chain: str, tmp_path: Path, clouds: str, places: Places
) -> None:
    key = temporary(identities.DEMO_ALIBABA_TEMPORARY_KEY)
    issuer = Issuer(key)
    places.replies |= at.alibaba_metadata(issuer)
    config = configuration(tmp_path, ALIBABA, chain)
    ended = run("once", "--config.file", config, SIMULATED=clouds, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert values(ended.stdout, "datajobs_source_success") == {1}
    assert values(ended.stdout, "datajobs_source_credentials_expiry_timestamp_seconds") == {key.expires}
    assert issuer.given == 1
    assert (key.security_token or "?") not in ended.stdout


def test_the_command_signs_with_the_identity_of_its_pod(tmp_path: Path, clouds: str, places: Places) -> None:
    key = temporary(identities.DEMO_HUAWEI_TEMPORARY_KEY)
    issuer = Issuer(key)
    places.replies |= at.huawei_pod(issuer, lambda: "the-pods-token")
    (tmp_path / "token").write_text("the-pods-token\n")
    ended = run(
        "once",
        "--config.file",
        configuration(tmp_path, HUAWEI, "default"),
        SIMULATED=clouds,
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
        HC_CONTAINER_CREDENTIALS_FULL_URI="http://pod.example/v1/credentials",
        HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "token"),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert values(ended.stdout, "datajobs_source_credentials_expiry_timestamp_seconds") == {key.expires}
    assert issuer.given == 1


def test_a_place_that_hangs_holds_up_neither_the_answer_nor_the_end(tmp_path: Path, places: Places) -> None:
    """The library itself would wait ten seconds for it."""
    places.replies["GET keys.example/alibaba"] = lambda _: (200, str(places.closed.wait()))
    began = time.monotonic()
    ended = run(
        "once",
        "--config.file",
        configuration(tmp_path, ALIBABA, "uri", timeout="1s"),
        ALIBABA_CLOUD_CREDENTIALS_URI="http://keys.example/alibaba",
    )
    assert ended.returncode == 1
    assert time.monotonic() - began < 8
    assert places.paths() == ["GET keys.example/alibaba"]


def test_what_is_not_there_is_told_once_and_the_library_prints_nothing(
    tmp_path: Path, places: Places
) -> None:
    ended = run("once", "--config.file", configuration(tmp_path, HUAWEI, "metadata"))
    assert ended.returncode == 1
    told = "credentials: huawei, chain metadata: no key: metadata: ClientRequestException: 404 nothing here"
    failures = [line for line in ended.stderr.splitlines() if not line.startswith("  to do: ")]
    assert len(failures) == 2, ended.stderr
    for line, name in zip(failures, ("one", "another"), strict=True):
        assert line.startswith(f"source {name}")
        assert line.endswith(told)


@pytest.mark.parametrize("words", [ALIBABA, HUAWEI], ids=LIBRARIES)
def test_without_the_extra_one_sentence_names_it(
    words: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = words["CLOUD"]
    monkeypatch.setitem(sys.modules, LIBRARIES[cloud], None)  # as Python finds it where it is not installed
    ended = invoke("--config.file", configuration(tmp_path, words, "default"), SIMULATED="http://127.0.0.1:1")
    assert ended.exit_code == 2
    assert ended.stderr.splitlines()[1:] == [
        f"  line 2, credentials.node.chain: a chain of {cloud} needs the vendor's library, which is not "
        f"installed; pip install 'datajobs-exporter[{cloud}]', or remove these credentials"
    ]


def test_reading_a_configuration_does_not_load_the_libraries(tmp_path: Path) -> None:
    config = configuration(tmp_path, ALIBABA, "default")
    lines = [
        "import sys",
        "from pathlib import Path",
        "from exporter.apis import APIS",
        "from exporter.assembly import assemble",
        "from exporter.config import load",
        "from exporter.instruments import Instruments",
        f"config = load(Path({str(config)!r}), APIS, {{'SIMULATED': 'http://127.0.0.1:1'}})",
        "assemble(config, Instruments())",
        f"sys.exit(any(name in sys.modules for name in {list(LIBRARIES.values())}))",
    ]
    code = "\n".join(lines)
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
