import shutil
import subprocess
from pathlib import Path

import pytest

from tests.alerting.rules import PROMETHEUS, RULE_FILES, TEST_FILES
from tests.programs import program


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run promtool to its end."""
    command = [program("promtool", package="prometheus"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_promtool_accepts_the_rules(path: Path) -> None:
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


GUARDS = {
    "success": "and on (job, instance, source) (datajobs_source_success == 1)",
    "completeness": "and on (job, instance, source) (datajobs_source_list_complete == 1)",
    "freshness": "< on (source) group_left () datajobs:threshold:data_stale_seconds",
}


@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_the_tests_fail(guard: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(PROMETHEUS / "rules", rules)
    before = (rules / "recording.yaml").read_text(encoding="utf-8")
    assert before.count(GUARDS[guard]) == 1
    (rules / "recording.yaml").write_text(before.replace(GUARDS[guard], ""), encoding="utf-8")
    assert promtool("check", "rules", rules / "recording.yaml").returncode == 0
    done = promtool("test", "rules", rules / "tests" / "DatajobsFilesFailing.yaml")
    assert done.returncode == 1
    assert "cannot be trusted" in done.stdout + done.stderr


def test_a_source_can_have_a_threshold_of_its_own(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    settings = (PROMETHEUS / "rules" / "settings.yaml").read_text(encoding="utf-8")
    [example] = settings.split("#     expr: |\n")[1:]
    lines = [line.removeprefix("#").strip() for line in example.split("\n#\n")[0].splitlines()]
    rule = {"record": "datajobs:threshold:job_waiting_seconds", "expr": "|"}
    shown = "\n".join(f"              {line}" for line in lines)
    present = "source:datajobs_source_success:present"
    (rules / "settings.yaml").write_text(
        f"""groups:
      - name: settings
        rules:
          - record: {present}
            expr: group by (source) (present_over_time(datajobs_source_success[10m]))
          - record: {rule["record"]}
            expr: |
{shown}
"""
    )
    (rules / "test.yaml").write_text(
        f"""rule_files: [settings.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'datajobs_source_success{{source="octopus-queue"}}', values: 1+0x9}}
      - {{series: 'datajobs_source_success{{source="pai-vision"}}', values: 0+0x9}}
      - {{series: 'datajobs_source_success{{source="octopus"}}', values: 1+0x9}}
    promql_expr_test:
      - expr: {rule["record"]}
        eval_time: 5m
        exp_samples:
          - {{labels: '{rule["record"]}{{source="octopus-queue"}}', value: 7200}}
          - {{labels: '{rule["record"]}{{source="pai-vision"}}', value: 1800}}
          - {{labels: '{rule["record"]}{{source="octopus"}}', value: 3600}}
"""
    )
    done = promtool("test", "rules", rules / "test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
