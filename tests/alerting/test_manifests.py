"""The rules as the Prometheus operator takes them, for those who use no Helm."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent.parent
MANIFESTS = ROOT / "deploy/kubernetes/prometheus-operator/manifests.yaml"


def test_the_manifests_hold_the_rules_as_they_are() -> None:
    written = {
        path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "prometheus/rules").glob("*.yaml")
    }
    shown = {
        item["metadata"]["name"].removeprefix("datajobs-"): item["spec"]
        for item in yaml.safe_load_all(MANIFESTS.read_text())
        if item["kind"] == "PrometheusRule"
    }
    stale = sorted(name for name in {*written, *shown} if written.get(name) != shown.get(name))
    assert stale == [], "rules have changed; if that is meant: pytest tests/kubernetes --update-golden"
