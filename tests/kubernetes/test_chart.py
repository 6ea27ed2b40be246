"""The Helm chart: what it renders is valid, safe, and what the repository says elsewhere."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import exporter
from tests.cli.running import invoke, running
from tests.conftest import Compare
from tests.kubernetes.rendering import (
    MINIMAL,
    VALUES,
    RefusedError,
    checked_offline,
    container,
    objects,
    only,
    rendered,
    with_values,
)
from tests.kubernetes.schemas import VERSIONS, mistakes
from tests.kubernetes.tools import CARRIERS, CHART, ROOT, run, tool
from tests.programs import program

HELMS = sorted(CARRIERS)
EVERYTHING = ("--set", "dashboards.enabled=true", "--set", "rules.enabled=true")


def written_rules() -> dict[str, Any]:
    return {
        path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "prometheus/rules").glob("*.yaml")
    }


@pytest.mark.parametrize("helm", HELMS)
def test_helm_finds_nothing_to_improve(helm: str, tmp_path: Path) -> None:
    for arguments in ([], *(["--values", str(path)] for path in VALUES.values())):
        told = run(tool("helm", helm), "lint", "--strict", CHART, *arguments, home=tmp_path)
        assert (told.returncode, "[WARNING]" in told.stdout, "[ERROR]" in told.stdout) == (0, False, False)


@pytest.mark.parametrize("name", VALUES)
def test_what_is_rendered_is_as_it_was(name: str, golden: Compare) -> None:
    """But for the rules, which are files of their own."""
    documents = with_values(name).split("\n---\n")
    short = [text for text in documents if "/prometheusrules.yaml" not in text]
    golden(f"helm/{name}.yaml", "\n---\n".join(short))


@pytest.mark.parametrize("name", VALUES)
def test_both_versions_of_helm_render_the_same(name: str) -> None:
    assert with_values(name, *EVERYTHING, helm="3") == with_values(name, *EVERYTHING, helm="4")


@pytest.mark.parametrize("kubernetes", VERSIONS)
@pytest.mark.parametrize("name", VALUES)
def test_all_objects_are_valid(name: str, kubernetes: str) -> None:
    found = objects(with_values(name, *EVERYTHING, kubernetes=f"{kubernetes}.0"))
    assert {"Deployment", "Service", "PrometheusRule"} <= {item["kind"] for item in found}
    assert list(mistakes(found, kubernetes)) == []


def test_the_schemas_refuse_what_does_not_exist() -> None:
    found = objects(with_values("files", *EVERYTHING))
    for item in found:
        item.setdefault("spec", {})["nonsense"] = 1
    wrong = " ".join(mistakes(found, "1.37"))
    for kind in (
        "Deployment",
        "Service",
        "ServiceMonitor",
        "ScrapeConfig",
        "PrometheusRule",
        "NetworkPolicy",
    ):
        assert kind in wrong


@pytest.mark.parametrize("name", [name for name in VALUES if name != "existing"])
def test_the_exporter_takes_the_configuration_that_is_mounted(name: str, tmp_path: Path) -> None:
    text = with_values(name)
    stored = [{**item.get("data", {}), **item.get("stringData", {})} for item in objects(text)]
    (config,) = (data["config.yaml"] for data in stored if "config.yaml" in data)
    assert container(text)["args"][0] == "--config.file=/etc/datajobs-exporter/config.yaml"
    assert container(text)["volumeMounts"][0]["mountPath"] == "/etc/datajobs-exporter"
    told = checked_offline(config, tmp_path)
    assert (told.exit_code, told.stderr) == (0, "")


def test_the_exporter_answers_where_the_pod_is_probed(tmp_path: Path) -> None:
    """With the arguments of the pod, but for where the configuration is and where to listen."""
    text = with_values("usual")
    (config,) = (item["data"]["config.yaml"] for item in objects(text) if item["kind"] == "ConfigMap")
    (tmp_path / "config.yaml").write_text(config)
    _, listen, *arguments = container(text)["args"]
    assert listen == f"--web.listen-address=:{container(text)['ports'][0]['containerPort']}"
    here = (f"--config.file={tmp_path / 'config.yaml'}", "--web.listen-address=127.0.0.1:0")
    with running(*here, *arguments, HUAWEICLOUD_SDK_AK="key", HUAWEICLOUD_SDK_SK="value") as command:
        address = command.err.wait_for("listens on").split("listens on ")[1].removesuffix('/metrics"')
        for probe in ("readinessProbe", "livenessProbe"):
            path = container(text)[probe]["httpGet"]["path"]
            assert httpx.get(f"{address}{path}", trust_env=False).status_code == 200
        assert command.end() == 0


def test_the_secrets_that_the_configuration_names_are_mounted() -> None:
    text = with_values("files")
    mounts = {mount["mountPath"]: mount["name"] for mount in container(text)["volumeMounts"]}
    volumes = {
        volume["name"]: volume for volume in only(text, "Deployment")["spec"]["template"]["spec"]["volumes"]
    }
    config = yaml.safe_load(only(text, "Secret")["stringData"]["config.yaml"])
    files = [entry[key] for entry in config["credentials"].values() for key in entry if key.endswith("_file")]
    assert len(files) == 2
    for file in files:
        assert volumes[mounts[str(Path(file).parent)]]["secret"]["secretName"] in {
            "alibaba-key",
            "huawei-password",
        }


def test_every_argument_is_one_of_the_exporter() -> None:
    told = invoke(*container(with_values("files"))["args"], "--version")
    assert (told.exit_code, told.stdout.split()[-1]) == (0, exporter.__version__)


def test_the_chart_is_of_the_exporters_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (exporter.__version__, exporter.__version__)
    assert container(with_values("usual"))["image"].endswith(f":{exporter.__version__}")


@pytest.mark.parametrize("name", VALUES)
def test_the_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    """What Kubernetes calls the restricted standard, and more."""
    pod = only(with_values(name), "Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()
    (only_one,) = pod["containers"]
    assert only_one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(mount["readOnly"] for mount in only_one["volumeMounts"])
    assert set(only_one["resources"]) == {"requests", "limits"}


def test_a_changed_configuration_starts_new_pods_and_nothing_else_does() -> None:
    def annotations(*arguments: str) -> Any:
        template = only(with_values("usual", *arguments), "Deployment")["spec"]["template"]
        return template["metadata"]["annotations"]

    before = annotations()
    assert annotations("--set", "config.defaults.timeout=20s") != before
    assert annotations("--set", "rules.grafana=https://other.example.com") == before


def test_rules_are_those_of_the_repository() -> None:
    found = {
        item["metadata"]["name"].removeprefix("datajobs-"): item["spec"]
        for item in objects(rendered(*MINIMAL, "--set", "rules.enabled=true"))
        if item["kind"] == "PrometheusRule"
    }
    assert found == written_rules()


def test_thresholds_and_links_are_those_of_the_values_and_nothing_else_changes() -> None:
    (found,) = (
        item["spec"]["groups"][0]["rules"]
        for item in objects(with_values("usual"))
        if item["metadata"]["name"] == "datajobs-settings"
    )
    changed = {
        rule["record"]: rule
        for rule, before in zip(found, written_rules()["settings"]["groups"][0]["rules"], strict=True)
        if rule != before
    }
    assert sorted(changed) == [
        "datajobs:links:info",
        "datajobs:threshold:job_waiting_seconds",
        "datajobs:threshold:queue_waiting_seconds",
    ]
    assert changed["datajobs:links:info"]["labels"]["grafana"] == "https://grafana.example.com"
    assert changed["datajobs:threshold:job_waiting_seconds"]["expr"].endswith(" * 7200")
    assert 'source="octopus"' in changed["datajobs:threshold:queue_waiting_seconds"]["expr"]


def test_promtool_takes_the_rules_with_thresholds_of_the_values(tmp_path: Path) -> None:
    rules = [item["spec"] for item in objects(with_values("usual")) if item["kind"] == "PrometheusRule"]
    for number, spec in enumerate(rules):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(spec))
    told = subprocess.run(
        [program("promtool", package="prometheus"), "check", "rules", *tmp_path.iterdir()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (len(rules), told.returncode, told.stderr) == (len(written_rules()), 0, "")


def test_dashboards_are_those_of_the_repository() -> None:
    found = {
        name: json.loads(text)
        for item in objects(rendered(*MINIMAL, "--set", "dashboards.enabled=true"))
        if "grafana_dashboard" in item["metadata"]["labels"]
        for name, text in item["data"].items()
    }
    folder = ROOT / "grafana/dashboards"
    assert found == {f"datajobs-{path.name}": json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.mark.parametrize("release", ["datajobs", "team-a", "team.a", "x" * 53])
def test_alerts_find_the_scrapes_by_their_names(release: str) -> None:
    """The job of a service monitor is the service's name, which has to be one."""
    text = rendered(*MINIMAL, "--set", "scrapeConfig.enabled=true", release=release)
    service = only(text, "Service")["metadata"]["name"]
    job = only(text, "ScrapeConfig")["spec"]["jobName"]
    assert "datajobs" in service
    assert re.fullmatch(r"[a-z][a-z0-9-]{,61}[a-z0-9]", service)
    assert "datajobs" in job
    assert job != service


@pytest.mark.parametrize("helm", HELMS)
def test_the_package_holds_rules_and_dashboards_as_files(helm: str, tmp_path: Path) -> None:
    told = run(tool("helm", helm), "package", CHART, "--destination", tmp_path, home=tmp_path)
    assert told.returncode == 0, told.stderr
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        inside = {member.name.partition("/")[2]: member for member in archive.getmembers()}
    for folder in ("prometheus/rules", "grafana/dashboards"):
        for path in (ROOT / folder).iterdir():
            if path.is_file():
                assert inside[f"files/{path.parent.name}/{path.name}"].isfile()
    assert not [name for name in inside if "/tests/" in name]


def installed(home: Path, *arguments: str | Path) -> Any:
    """Return the release that Helm would keep in the cluster."""
    command = ("install", "datajobs", CHART, "--dry-run=client", "--output=json", *arguments)
    told = run(tool("helm"), *command, home=home)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_a_release_with_everything_fits_into_the_secret_that_helm_keeps_it_in(tmp_path: Path) -> None:
    """A secret may have 1 MiB; Helm packs the release and writes it in base64."""
    release = installed(tmp_path, "--values", VALUES["usual"], *EVERYTHING)
    assert len(base64.b64encode(gzip.compress(json.dumps(release).encode()))) < 500_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("usual", []),
        ("files", ["There are no alerts"]),
        ("rrsa", ["Nothing scrapes it yet", "There are no alerts"]),
        (
            "existing",
            [
                "Nothing scrapes it yet",
                "Each of the 2 pods is scraped",
                "There are no alerts",
                "datajobs-config start no new pod",
            ],
        ),
    ],
)
def test_what_is_left_to_do_is_told_and_nothing_else(name: str, words: list[str], tmp_path: Path) -> None:
    notes = installed(tmp_path, "--values", VALUES[name])["info"]["notes"]
    every = (
        "Nothing scrapes it yet",
        "There are no alerts",
        "Each of the 2 pods is scraped",
        "start no new pod",
    )
    assert [word for word in words if word not in notes] == []
    assert sum(word in notes for word in every) == len(words)
    assert "datajobs-exporter check --config.file /etc/datajobs-exporter/" in notes


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["image.repository="], "name where you keep the image"),
        (["config=null"], "give the exporter's configuration"),
        (["confg.sources=[]"], "confg"),
        (["replicas=many"], "replicas"),
        (["fullnameOverride=jobs"], "fullnameOverride"),
        (["image.digest=sha256:12"], "digest"),
        (["rules.thresholds.job_waiting=1"], "there is no job_waiting"),
        (["scrapeConfig.interval=often"], "interval"),
    ],
)
@pytest.mark.parametrize("helm", HELMS)
def test_a_mistake_is_told(helm: str, arguments: list[str], told: str) -> None:
    sets = [part for argument in arguments for part in ("--set", argument)]
    with pytest.raises(RefusedError, match=re.escape(told)):
        with_values("usual", *sets, helm=helm)


@pytest.mark.parametrize("part", ["rules", "dashboards"])
def test_a_chart_without_its_links_does_not_leave_things_out_silently(part: str, tmp_path: Path) -> None:
    """A checkout on a system without links has small text files in their place."""
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("files"))
    (chart / "files").mkdir()
    (chart / "files" / part).write_text("../somewhere")
    told = run(tool("helm"), "template", "x", chart, *MINIMAL, "--set", f"{part}.enabled=true", home=tmp_path)
    assert (told.returncode, f"the chart has no files/{part}/" in told.stderr) == (1, True)


def test_an_old_cluster_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"1\.24"):
        rendered(*MINIMAL, kubernetes="1.24.0")


def test_the_schema_knows_the_values_that_there_are() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    assert set(schema) - {"global"} == set(values)
    for name, part in schema.items():
        if "properties" in part:
            assert set(part["properties"]) == set(values[name]), name
