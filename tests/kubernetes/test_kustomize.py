"""The manifests for those who use no Helm: what the chart renders, put together by real kustomize."""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import exporter
from tests.conftest import Compare
from tests.kubernetes.rendering import checked_offline, objects, rendered
from tests.kubernetes.schemas import VERSIONS, Object, mistakes
from tests.kubernetes.tools import CARRIERS, ROOT, run, tool

FOLDER = ROOT / "deploy/kubernetes"
HEADER = "# Written from the chart by `pytest tests/kubernetes --update-golden`: change the chart instead.\n"
SETTINGS = (
    *("image.repository=datajobs-exporter", "configStorage.existing=datajobs-config"),
    *("networkPolicy.enabled=true", "serviceMonitor.enabled=true", "rules.enabled=true"),
)
PARTS = {
    "base": ("ServiceAccount", "Service", "Deployment"),
    "network-policy": ("NetworkPolicy",),
    "prometheus-operator": ("ServiceMonitor", "PrometheusRule"),
}
"""What is in each folder."""


@cache
def documents() -> list[str]:
    """Return the chart's manifests without what only Helm has, and where they are."""
    text = rendered(*(part for setting in SETTINGS for part in ("--set", setting)))
    bare = re.sub(
        r"^(# Source:.*| *(namespace: monitoring|helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: .*))\n",
        "",
        text.removeprefix("---\n"),
        flags=re.MULTILINE,
    )
    return bare.split("\n---\n")


@cache
def built(helm: str = "4") -> str:
    """Return what kustomize makes of the example."""
    with TemporaryDirectory() as home:
        told = run(tool("kubectl", helm), "kustomize", FOLDER / "example", home=Path(home))
    assert (told.returncode, told.stderr) == (0, "")
    return told.stdout


def named(kind: str) -> list[Object]:
    return [item for item in objects(built()) if item["kind"] == kind]


@pytest.mark.parametrize("part", PARTS)
def test_the_manifests_are_those_of_the_chart(part: str, golden: Compare) -> None:
    kinds = tuple(f"\nkind: {kind}\n" for kind in PARTS[part])
    wanted = [text for text in documents() if any(kind in text for kind in kinds)]
    golden(f"../../deploy/kubernetes/{part}/manifests.yaml", HEADER + "\n---\n".join(wanted).rstrip() + "\n")


@pytest.mark.parametrize("kubernetes", VERSIONS)
def test_all_objects_are_valid_and_in_one_namespace(kubernetes: str) -> None:
    found = objects(built())
    assert list(mistakes(found, kubernetes)) == []
    assert {item["metadata"]["namespace"] for item in found} == {"monitoring"}


def test_both_versions_of_kustomize_make_the_same() -> None:
    assert len({built(helm) for helm in CARRIERS}) == 1


def test_a_changed_configuration_has_another_name_which_the_pod_asks_for() -> None:
    (deployment,) = named("Deployment")
    (volume,) = deployment["spec"]["template"]["spec"]["volumes"]
    names = [item["metadata"]["name"] for item in named("ConfigMap") if "config.yaml" in item["data"]]
    assert [volume["configMap"]["name"]] == names
    assert re.fullmatch(r"datajobs-config-[a-z0-9]+", names[0])


def test_the_exporter_takes_the_configuration(tmp_path: Path) -> None:
    (config,) = (item["data"]["config.yaml"] for item in named("ConfigMap") if "config.yaml" in item["data"])
    told = checked_offline(config, tmp_path)
    assert (told.exit_code, told.stderr) == (0, "")


def test_image_keys_and_labels_are_those_of_the_example() -> None:
    (deployment,) = named("Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"registry.example.com/datajobs-exporter:{exporter.__version__}"
    assert container["envFrom"] == [{"secretRef": {"name": "huawei-key"}}]
    for item in [*named("ServiceMonitor"), *named("PrometheusRule")]:
        assert item["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_every_dashboard_is_there_as_it_is() -> None:
    found = {
        name: text
        for item in named("ConfigMap")
        if item["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
        for name, text in item["data"].items()
    }
    assert found == {
        f"datajobs-{path.name}": path.read_text() for path in (ROOT / "grafana/dashboards").glob("*.json")
    }
