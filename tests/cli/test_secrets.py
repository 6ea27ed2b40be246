"""No output of the program in a process of its own shows a secret: pages, logs, tables, tracebacks."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from exporter.simulator.serve import Simulator
from tests.cli.running import PATIENCE, environment, running
from tests.planting import (
    BROKEN,
    CHAINS,
    ENVIRONMENT,
    HASH,
    OF_CHAINS,
    PAGES,
    PATHS,
    PROXY,
    SECRETS,
    echoing,
    found,
    planted,
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """The address of a cloud that sends secrets back."""
    simulator = Simulator(echoing())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(simulator):
        yield simulator.url


def ended(*arguments: str | Path, code: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run the program to its end in a process, perhaps with a bug that ``code`` plants."""
    program = f"import sys\n{code}\nfrom exporter.cli import main\nsys.argv[0] = 'datajobs-exporter'\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment(**ENVIRONMENT, **changes),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "--output", "json"], ["check", "--offline"], ["once"]],
    ids=" ".join,
)
def test_no_command_shows_a_secret(tmp_path: Path, cloud: str, arguments: list[str]) -> None:
    path = planted(tmp_path)
    for _ in range(2):
        process = ended(*arguments, "--config.file", path, SIMULATED=cloud)
        assert process.returncode == (0 if "--offline" in arguments else 1)
        assert found(process.stdout, process.stderr) == []


@pytest.mark.parametrize("command", ["check", "once"])
async def test_no_command_shows_a_secret_that_a_library_of_a_vendor_has_found(
    tmp_path: Path, command: str
) -> None:
    kinds = [kind for kind, secret in SECRETS.items() if secret in OF_CHAINS.values()]
    async with Simulator(echoing(kinds)) as listening:
        for _ in range(2):
            arguments = (command, "--config.file", planted(tmp_path, CHAINS))
            process = await asyncio.to_thread(ended, *arguments, SIMULATED=listening.url, **OF_CHAINS)
            assert process.returncode == 1
            assert found(process.stdout, process.stderr) == []


@pytest.mark.parametrize("command", ["check", "once", ""])
def test_no_command_shows_a_secret_of_a_broken_file(tmp_path: Path, command: str) -> None:
    process = ended(*command.split(), "--config.file", planted(tmp_path, BROKEN))
    assert process.returncode == 2
    assert "acess_key" in process.stderr
    assert found(process.stdout, process.stderr) == []


def test_a_login_to_a_proxy_shows_nowhere(tmp_path: Path) -> None:
    proxy = f"http://user:{PROXY}@127.0.0.1:1"
    process = ended(
        "check", "--config.file", planted(tmp_path), SIMULATED="http://cloud.invalid", http_proxy=proxy
    )
    assert process.returncode == 1
    assert "4 of 4 sources failed" in process.stdout
    assert found(process.stdout, process.stderr) == []


BUG = """
import exporter.credentials, exporter.{module} as module
def bug(*_, **__):
    raise ValueError("a planted bug: " + " ".join(exporter.credentials.Secret.living()))
module.{name} = bug
"""


def test_a_bug_that_ends_a_command_shows_no_secret(tmp_path: Path, cloud: str) -> None:
    code = BUG.format(module="commands.once", name="Renderer")
    process = ended("once", "--config.file", planted(tmp_path), code=code, SIMULATED=cloud)
    assert process.returncode == 1
    assert "a planted bug: " in process.stderr
    assert "<secret>" in process.stderr
    assert found(process.stdout, process.stderr) == []


@pytest.mark.parametrize(("module", "name"), [("collector", "about_sources"), ("source", "merged")])
async def test_a_bug_that_strikes_a_scrape_shows_no_secret(
    tmp_path: Path, cloud: str, module: str, name: str
) -> None:
    code = f"import sys\n{BUG.format(module=module, name=name)}\nfrom exporter.cli import main\nmain()"
    if module == "source":
        code = code.replace("module.merged = bug", "module.Source._read_all = bug")
    arguments = ["--config.file", str(planted(tmp_path)), "--web.listen-address", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments),
        env=environment(**ENVIRONMENT, SIMULATED=cloud),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    pages, url = [], line.split("listens on ")[1].split("/metrics")[0]
    for path in ("/metrics", "/", "/metrics"):
        async with httpx.AsyncClient(base_url=url) as http:  # a bug may end the connection
            pages.append((await http.get(path)).text)
    process.terminate()
    told = line + (await process.stderr.read()).decode()
    await process.wait()
    assert "a planted bug: " in told
    assert found(told, *pages) == []


def test_the_exporter_itself_shows_no_secret_of_its_clouds_nor_of_its_own_pages(
    tmp_path: Path, cloud: str
) -> None:
    web = tmp_path / "web.yaml"
    web.write_text(json.dumps({"basic_auth_users": {"prometheus": HASH}}))
    arguments: list[str | Path] = ["--config.file", planted(tmp_path), "--web.config.file", web]
    arguments.append("--web.enable-lifecycle")
    options = [*arguments, "--web.listen-address=127.0.0.1:0", "--log.level=debug", "--log.format=json"]
    seen = []
    with running(*options, **ENVIRONMENT, SIMULATED=cloud) as command:
        line = command.err.wait_for("listens on")
        url = json.loads(line)["msg"].split("listens on ")[1].removesuffix("/metrics")
        with httpx.Client(base_url=url) as http:
            for auth in (None, ("prometheus", PAGES[:-1]), ("prometheus", PAGES)):
                for path in PATHS:
                    response = http.get(path, auth=auth)
                    assert (response.status_code == 401) is (auth != ("prometheus", PAGES))
                    seen.append(f"{response.headers} {response.text}")
            planted(tmp_path, BROKEN)
            refused = http.post("/-/reload", auth=("prometheus", PAGES))
            assert refused.status_code == 400
            web.write_text(json.dumps({"basic_auth_users": {"prometheus": PAGES}}))
            seen += [refused.text, http.get("/", auth=("prometheus", PAGES)).text]
        assert command.end() == 0
    assert found(*seen, *command.out.lines, *command.err.lines) == []
