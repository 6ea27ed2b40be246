"""The benchmarks run, and those who are compared list the same jobs. No figure of theirs is looked at."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.clouds import Spec, clouds
from benchmarks.contenders import CONTENDERS, Lap, Task
from benchmarks.figures import Figure
from benchmarks.rounds import demand_same, take_turns
from benchmarks.scenarios import SCENARIOS
from benchmarks.size import QUICK
from docs import performance

ROOT = Path(__file__).parent.parent
JOBS = 230


def test_all_contenders_list_every_job_there_is() -> None:
    with clouds(Spec(factory=JOBS, pai=((200, 30),))) as url:
        tasks = {
            name: Task(
                name=name, url=url, api="pai_dataset_jobs" if name == "alibaba_sdk" else "dataarts_jobs"
            )
            for name in CONTENDERS
        }
        tasks["exporter, PAI"] = Task(name="exporter", url=url, api="pai_dataset_jobs")
        laps = take_turns(tasks, 1)
    assert {name: [lap.listed for lap in mine] for name, mine in laps.items()} == {
        key: [JOBS] for key in tasks
    }
    assert all(lap.cpu > 0 and lap.wall > 0 and lap.requests > 1 for mine in laps.values() for lap in mine)


def test_contenders_that_find_other_jobs_are_not_compared() -> None:
    lap = Lap(wall=1.0, cpu=1.0, counts={"STOPPED": 2}, requests=1)
    other = msgspec.structs.replace(lap, counts={"STOPPED": 1, "PAUSED": 1})
    demand_same({"a": "x", "b": "y"}, {"a": [lap], "b": [other]})
    with pytest.raises(RuntimeError, match="not all have listed the same"):
        demand_same({"a": "x", "b": "x"}, {"a": [lap], "b": [other]})


@pytest.mark.parametrize("name", ["history", "decoding", "rendering", "width"])
def test_a_benchmark_runs_and_tells_figures(name: str) -> None:
    quick = replace(QUICK, history=(100, 400), decoded=100, series=50, sources=2)
    figures = SCENARIOS[name](quick)
    assert any(figure.target is not None for figure in figures)
    assert all(figure.value >= 0 for figure in figures)
    assert len({figure.what for figure in figures}) == len(figures)


def test_the_command_shows_figures_and_writes_nothing_when_it_is_quick() -> None:
    before = performance.FIGURES.read_bytes()
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "decoding"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "| decoding and folding / json.loads: Octopus | " in ran.stdout
    assert performance.FIGURES.read_bytes() == before


def test_a_figure_says_whether_its_target_is_reached() -> None:
    most = Figure(what="ratio", value=1.2, target=1.2)
    least = Figure(what="speed", value=12.9, unit="×", target=13, at_least=True)
    assert [
        performance.row(figure) for figure in (most, least, Figure(what="size", value=1234.5, unit="MB"))
    ] == [
        ("ratio", "1.20", "at most 1.2", "yes"),
        ("speed", "12.90 ×", "at least 13 ×", "**no**"),
        ("size", "1,234 MB", "", ""),
    ]


def test_the_page_has_the_figures_of_every_benchmark() -> None:
    page = performance.performance_page()
    sections = msgspec.json.decode(performance.FIGURES.read_bytes())
    assert [section["name"] for section in sections] == list(SCENARIOS)
    assert all(
        performance.row(msgspec.convert(figure, Figure))[1] in page
        for one in sections
        for figure in one["figures"]
    )
