import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from exporter import __version__
from exporter.cli import main
from tests.cli.running import COMMAND, NAMES, WRONG_SECRET, config_file, environment, invoke, run
from tests.conftest import Compare

COMMANDS = ("", "check", "once", "simulate", "demo", "dashboards", "rules")
MISTAKES = f"""\
credentials:
  huawei-prod: {{cloud: huawei, access_key: AK, secret_key: {WRONG_SECRET}}}
sources:
  - {{name: octopus, api: octopus_system_job, region: cn-north-11, credentials: huawei-prod, project_id: p}}
  - {{name: queue, api: octopus_queuing_jobs, region: cn-north-11, credentials: huawei-prod, timeout: 10}}
  - {{name: arts, api: dataarts_jobs, credentials: huawei-prd, project_id: p}}
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_as_it_should_be(command: str, golden: Compare) -> None:
    shown = CliRunner().invoke(
        main, [*command.split(), "--help"], prog_name="datajobs-exporter", terminal_width=80
    )
    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= 80
    golden(f"help/{command or 'datajobs-exporter'}.txt", shown.output)


def test_each_command_has_a_golden_help() -> None:
    assert set(main.commands) | {""} == set(COMMANDS)


def test_the_module_is_the_same_program() -> None:
    told = [
        subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30, check=True)
        for command in ([COMMAND, "--version"], [sys.executable, "-m", "exporter", "--version"])
    ]
    assert [ended.stdout for ended in told] == [f"datajobs-exporter, version {__version__}\n"] * 2
    assert [ended.stderr for ended in told] == ["", ""]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("serve", "No such command 'serve'"),
        ("--web.listen-adress :1", "Did you mean '--web.listen-address'?"),
        ("--log.level loud", "'loud' is not one of 'debug', 'info', 'warning', 'error'"),
        ("--log.format xml", "'xml' is not one of 'logfmt', 'json'"),
        ("check extra", "unexpected extra argument"),
        ("once --output {folder}", "is a directory"),
        ("once --source", "'--source' requires an argument"),
        ("demo --jobs -1", "-1 is not in the range x>=0"),
        ("simulate --latency soon", "'soon' is not a valid float"),
        (
            "simulate --fault http-5000",
            "'http-5000': no API or fault is called 'http-5000'; faults: http-500",
        ),
        ("demo --fault throttle:2", "'throttle:2': a rate is between 0 and 1"),
        ("--web.listen-address :1 demo", "--web.listen-address stands before demo: write it after demo"),
        ("--log.format json demo", "--log.format stands before demo: write it after demo"),
        ("--config.file x.yaml demo", "--config.file stands before demo: demo does not take it"),
        ("--log.level debug check", "--log.level stands before check: check does not take it"),
        ("--web.telemetry-path /m once", "--web.telemetry-path stands before once: once does not take it"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(arguments: str, words: str, tmp_path: Path) -> None:
    ended = invoke(*arguments.format(folder=tmp_path).split())
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert words in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    "path",
    ["metrics", "/", "", "/probe", "/sd", "/config", "/-/healthy", "/a b", "//a", "/{a}", "/a/", "/a?b"],
)
def test_metrics_take_no_path_of_another_page(path: str, config: Path) -> None:
    ended = invoke("--config.file", config, "--web.telemetry-path", path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"--web.telemetry-path {path!r} will not do: write one like /metrics" in ended.stderr


def test_a_real_process_ends_with_2_too(tmp_path: Path) -> None:
    ended = run("--config.file", config_file(tmp_path, MISTAKES))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 6


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "--offline"], ["once"]])
def test_every_mistake_of_a_configuration_is_told(arguments: list[str], tmp_path: Path) -> None:
    path = config_file(tmp_path, MISTAKES)
    ended = invoke("--config.file", path, *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    told = ended.stderr.splitlines()
    assert told[0] == f"{path}: {len(told) - 1} mistakes"
    assert [line.partition(": ")[0] for line in told[1:]] == [
        "  line 4, sources[0].api (octopus)",
        "  line 5, sources[1].project_id (queue)",
        "  line 5, sources[1].timeout (queue)",
        "  line 6, sources[2].region (arts)",
        "  line 6, sources[2].credentials (arts)",
    ]
    assert "did you mean octopus_system_jobs?" in told[1]


@pytest.mark.parametrize("arguments", [[], ["check"], ["once"]])
def test_a_configuration_that_is_not_there_is_told_in_a_line(arguments: list[str], tmp_path: Path) -> None:
    ended = invoke("--config.file", tmp_path / "none.yaml", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"{tmp_path / 'none.yaml'}: 1 mistake\n" in ended.stderr
    assert "No such file or directory" in ended.stderr


def test_the_configuration_may_be_named_before_or_after_the_command(config: Path) -> None:
    before = invoke("--config.file", config, "check", "--offline")
    after = invoke("--config.file", "other.yaml", "check", "--offline", "--config.file", config)
    assert (before.exit_code, after.exit_code) == (0, 0)
    assert before.stdout == after.stdout == f"the configuration is good: {len(NAMES)} sources\n"
    assert before.stderr == after.stderr == ""
