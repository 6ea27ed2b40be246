from functools import partial

import pytest

from exporter.simulator.identities import PAI_WORKSPACES
from tests.cli.running import NAMES
from tests.e2e.conftest import START, Clouds, Scene
from tests.e2e.watching import eventually, quantile
from tests.truth import truth
from tests.truth.truth import Key, Numbers, key

LOOKBACK = 3600.0
REGIONS = {
    "pai-vision": "cn-hangzhou",
    "octopus": "cn-north-11",
    "octopus-queue": "cn-north-11",
    "dataarts": "cn-north-4",
}
ABOUT_SCRAPES = {"__name__", "job", "instance", "api", "source", "region"}

pytestmark = pytest.mark.usefixtures("scene")


def true_numbers(clouds: Clouds) -> Numbers:
    """Return every number that should be there; the world stands still."""
    world = clouds.world
    return {
        **truth.pai(world, PAI_WORKSPACES[0], START, since=START - LOOKBACK, age=0.0),
        **truth.octopus(world, START, since=START - LOOKBACK, age=0.0),
        **truth.queues(world, ("PROCESSOR", "INTERNAL", "RESIM"), START),
        **truth.dataarts(world, START),
    }


def seen(scene: Scene, job: str) -> dict[Key, float]:
    """Return every sample about jobs and queues that Prometheus has of a job."""
    found = scene.watcher.query(f'{{job="{job}",workspace!=""}} or {{job="{job}",queue_type!=""}}')
    return {
        key(labels["__name__"], **{name: v for name, v in labels.items() if name not in ABOUT_SCRAPES}): value
        for labels, value in found
    }


def ups(scene: Scene, job: str) -> dict[str, float]:
    """Return ``up`` of a job by instance."""
    return {labels["instance"]: value for labels, value in scene.watcher.query(f'up{{job="{job}"}}')}


def successes(scene: Scene, job: str) -> dict[str, float]:
    """Return datajobs_source_success of a job by source."""
    found = scene.watcher.query(f'datajobs_source_success{{job="{job}"}}')
    return {labels["source"]: value for labels, value in found}


@pytest.mark.parametrize("job", ["whole", "probed"])
def test_every_number_in_prometheus_is_true_and_none_is_missing(
    scene: Scene, clouds: Clouds, job: str
) -> None:
    expected = true_numbers(clouds)

    def differences() -> dict[Key, tuple[float | None, float | None]]:
        found = seen(scene, job)
        return {
            one: (found.get(one), expected.get(one))
            for one in {*found, *expected}
            if found.get(one, 0.0) != pytest.approx(expected.get(one, 0.0), rel=1e-9)
        }

    assert eventually(differences, lambda left: not left) == {}
    assert len(expected) > 300


@pytest.mark.parametrize("job", ["whole", "demo"])
def test_the_exporter_is_up_and_so_is_every_source(scene: Scene, job: str) -> None:
    good = eventually(lambda: successes(scene, job), lambda found: found == dict.fromkeys(NAMES, 1.0))
    assert good == dict.fromkeys(NAMES, 1.0)
    assert list(ups(scene, job).values()) == [1.0]


def test_each_discovered_source_is_a_target_of_its_own(scene: Scene) -> None:
    good = dict.fromkeys(NAMES, 1.0)
    assert eventually(lambda: ups(scene, "probed"), lambda found: found == good) == good
    assert eventually(lambda: successes(scene, "probed"), lambda found: found == good) == good
    told = scene.watcher.query('datajobs_source_success{job="probed"}')
    assert {labels["source"]: labels["instance"] for labels, _ in told} == {name: name for name in NAMES}
    assert {labels["source"]: labels["region"] for labels, _ in told} == REGIONS
    assert scene.watcher.query('{job="probed",__name__=~"process_.+|python_.+|.+_build_info"}') == []


def test_quantiles_over_gauge_histograms_work(scene: Scene, clouds: Clouds) -> None:
    family = "datajobs_running_duration_seconds_bucket"
    buckets = dict.fromkeys([*map(float, truth.RUNNING), float("inf")], 0.0)
    for (name, labels), value in true_numbers(clouds).items():
        if name == family:
            buckets[float(dict(labels)["le"])] += value
    expected = quantile(0.9, buckets)
    for job in ("whole", "probed"):
        expression = f'histogram_quantile(0.9, sum by (le) ({family}{{job="{job}"}}))'
        [(_, found)] = eventually(partial(scene.watcher.query, expression), bool)
        assert found == pytest.approx(expected)


def test_the_average_is_the_sum_over_the_count(scene: Scene, clouds: Clouds) -> None:
    numbers = true_numbers(clouds)
    family = "datajobs_turnaround_duration_seconds"
    total, count = (
        sum(value for (name, _), value in numbers.items() if name == f"{family}_{part}")
        for part in ("gsum", "gcount")
    )
    expression = f'sum({family}_gsum{{job="whole"}}) / sum({family}_gcount{{job="whole"}})'
    [(_, found)] = eventually(lambda: scene.watcher.query(expression), bool)
    assert found == pytest.approx(total / count)


def test_phases_unite_the_clouds(scene: Scene) -> None:
    expression = 'count by (phase) (count by (phase, api) (datajobs_jobs{job="whole"} > 0))'
    found = eventually(lambda: scene.watcher.query(expression), bool)
    apis = {labels["phase"]: value for labels, value in found}
    assert apis["running"] == 3.0
    assert apis["succeeded"] >= 2.0


def test_prometheus_has_nothing_to_complain_of(scene: Scene) -> None:
    def states() -> set[tuple[str, str, str]]:
        return {
            (target["scrapePool"], target["health"], target["lastError"])
            for target in scene.watcher.targets()
        }

    good = {("whole", "up", ""), ("probed", "up", ""), ("demo", "up", "")}
    assert eventually(states, lambda found: found == good) == good
    assert scene.watcher.troubles() == []
