"""Queries that could be wrong in a way that no parser sees, asked of series whose answer is known."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.apis.octopus_system_jobs import STATUSES
from exporter.model import Phase
from grafana import dataarts, octopus, pai_datasets, pai_files
from grafana.expressions import RUNNING
from grafana.single_jobs import moving
from tests.grafana.reading import ALL, BOARDS, TARGETS, resolved
from tests.programs import program

PAI = 'job="j",instance="i",api="pai_dataset_jobs",source="p",workspace="w"'
FACTORY = 'job="j",instance="i",api="dataarts_jobs",source="d",workspace="w"'
QUEUE = 'job="j",instance="i",api="octopus_queuing_jobs",source="q",workspace="w"'
SINGLE = ["job_id", "dataset", "job_type", "status"]
MINUTES = 40


def complaint(folder: Path, query: str, series: Mapping[str, str], expected: Mapping[str, float]) -> str:
    """Return what promtool says where a query does not give what is ``expected``, else nothing."""
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": resolved(query, ALL), "eval_time": f"{MINUTES}m", "exp_samples": samples}
        ],
    }
    path = folder / "case.yaml"
    path.write_text(json.dumps({"evaluation_interval": "1m", "tests": [case]}), encoding="utf-8")
    done = subprocess.run(
        [program("promtool", package="prometheus"), "test", "rules", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_a_wrong_answer_is_found(tmp_path: Path) -> None:
    assert "got" in complaint(tmp_path, "datajobs_jobs", {"datajobs_jobs": "1x60"}, {"datajobs_jobs": 2})


def test_files_whose_completion_nobody_tells_do_not_make_the_others_look_behind(tmp_path: Path) -> None:
    both, one = (f'{{{PAI},dataset="a",job_type="{name}",phase="running"}}' for name in ("Both", "One"))
    series = {
        f"datajobs_files_expected{both}": "100x60",
        f"datajobs_file_completion_ratio{both}": "0.5x60",
        f"datajobs_files_expected{one}": "900x60",
    }
    assert complaint(tmp_path, pai_files.completion(RUNNING), series, {"{}": 0.5}) == ""


def test_what_two_exporters_tell_of_the_same_source_counts_once(tmp_path: Path) -> None:
    (query,) = (target.expr for target in TARGETS if target.place.startswith("overview / Failed lately /"))
    labels = f'{PAI},dataset="a",job_type="t",status="Failed",phase="failed"'
    copies = [labels.replace('instance="i"', f'instance="{name}",pod="{name}"') for name in "ab"]
    series = {f"datajobs_recently_finished_jobs{{{copy}}}": "7x60" for copy in copies}
    assert complaint(tmp_path, query, series, {"{}": 7}) == ""


def test_larger_groups_weigh_more_in_the_completion_of_files(tmp_path: Path) -> None:
    series = {}
    for name, expected, ratio in (("a", 100, 1.0), ("b", 300, 0.2)):
        labels = f'{{{PAI},dataset="{name}",job_type="t",phase="running"}}'
        series[f"datajobs_files_expected{labels}"] = f"{expected}x60"
        series[f"datajobs_file_completion_ratio{labels}"] = f"{ratio}x60"
    assert complaint(tmp_path, pai_files.completion(RUNNING), series, {"{}": 0.4}) == ""
    by_dataset = {'{dataset="a"}': 1.0, '{dataset="b"}': 0.2}
    assert complaint(tmp_path, pai_files.completion(RUNNING, "dataset"), series, by_dataset) == ""


def test_files_still_to_do_are_neither_completed_nor_failed(tmp_path: Path) -> None:
    labels = f'{{{PAI},dataset="a",job_type="t",phase="running"}}'
    numbers = {"expected": 100, "completed": 60, "failed": 10}
    series = {f"datajobs_files_{name}{labels}": f"{value}x60" for name, value in numbers.items()}
    assert complaint(tmp_path, pai_files.to_do(), series, {"{}": 30}) == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param("0.5x60", 0, id="the same for long: stands still"),
        pytest.param("0+0.01x60", 1, id="grows: moves"),
        pytest.param("0+0.01x20 0.21x60", 0, id="grew until twenty minutes ago: stands still"),
        pytest.param("_x30 0.5x60", None, id="ten minutes old: nothing is said"),
    ],
)
def test_a_job_stands_still_when_it_has_not_moved_for_a_quarter_of_an_hour(
    tmp_path: Path, values: str, expected: float | None
) -> None:
    series = {
        f'datajobs_job_file_completion_ratio{{{PAI},dataset="a",job_id="1"}}': values,
        f'datajobs_job_info{{{PAI},dataset="a",job_id="1",job_type="t",status="s",phase="running"}}': "1x60",
    }
    query = moving(pai_files.SCOPE, "datajobs_job_file_completion_ratio", SINGLE, pai_datasets.WHILE)
    labels = '{dataset="a",job_id="1",job_type="t",status="s"}'
    wanted = {} if expected is None else {labels: expected}
    assert complaint(tmp_path, query, series, wanted) == ""


def test_a_stream_in_exception_is_worse_than_a_failed_run(tmp_path: Path) -> None:
    ways = {
        "stream": ('phase="failed"', 2),
        "failed": ('phase="scheduled",last_run_phase="failed"', 1),
        "fine": ('phase="scheduled",last_run_phase="succeeded"', 0),
    }
    series = {
        f'datajobs_job_info{{{FACTORY},job_name="{name}",{how}}}': "1x60" for name, (how, _) in ways.items()
    }
    wanted = {f'{{job_name="{name}"}}': value for name, (_, value) in ways.items()}
    assert complaint(tmp_path, dataarts.trouble(["job_name"]), series, wanted) == ""


def test_entries_of_queues_are_named_by_what_they_tell(tmp_path: Path) -> None:
    series = {
        f'datajobs_queue_depth{{{QUEUE},queue_type="INTERNAL",job_type="X",priority="1"}}': "3x60",
        f'datajobs_queue_depth{{{QUEUE},queue_type="RESIM",cluster_type="CCE",priority="0"}}': "2x60",
        f'datajobs_queue_depth{{{QUEUE},queue_type="RESIM",cluster_type="CCE",priority="1"}}': "2x60",
        f'datajobs_queue_depth{{{QUEUE},queue_type="PROCESSOR"}}': "0x60",
    }
    wanted = {'{kind="X",queue_type="INTERNAL"}': 3, '{kind="on CCE",queue_type="RESIM"}': 4}
    assert complaint(tmp_path, query_of("octopus", "Entries, by type"), series, wanted) == ""


def query_of(board: str, title: str) -> str:
    """Return the first query of a panel."""
    [found] = [one for one in BOARDS if one.name == board]
    [panel] = [panel for panel in found.panels if panel["title"] == title]
    expr: str = panel["targets"][0]["expr"]
    return expr


def test_every_status_of_failure_of_octopus_has_a_red_of_its_own() -> None:
    failures = {status for status, phase in STATUSES.items() if phase is Phase.FAILED}
    assert set(octopus.STATUSES_OF_FAILURE) == failures
    assert all("red" in colour for colour in octopus.STATUSES_OF_FAILURE.values())
    assert len(set(octopus.STATUSES_OF_FAILURE.values())) == len(failures)
