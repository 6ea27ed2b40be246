import json
import platform
import re
from pathlib import Path

import httpx
import pytest

from exporter import __version__, metrics
from exporter.metrics import About
from exporter.simulator.faults import Api
from tests.scraped import read_text, samples, series
from tests.web.served import NAMES, Served, served

SELF = re.compile(
    r"process_|python_|datajobs_exporter_build_info|datajobs_config_|datajobs_exporter|datajobs_config"
)
HTTP_SD_CONTENT_TYPE = re.compile(r'application/json(;\s*charset=("utf-8"|utf-8))?', re.IGNORECASE)
"""What Prometheus takes; anything else fails the whole discovery."""


def families(response: httpx.Response) -> set[str]:
    """Return the names of the families of a scrape."""
    return {family.name for family in read_text(response.text)}


def sources(response: httpx.Response) -> set[str]:
    """Return the sources that a scrape tells of."""
    found = samples(read_text(response.text))
    return {value for _, labels in found for name, value in labels if name == "source"}


def asked(exporter: Served) -> dict[str, int]:
    """Return how often each API was asked."""
    return {str(api): count for api, count in exporter.clouds.by_api.items()}


async def test_a_scrape_tells_of_every_source_and_of_the_exporter(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/metrics")
    assert response.status_code == 200
    assert sources(response) == set(NAMES)
    found = samples(read_text(response.text))
    build = {"version": __version__, "python_version": platform.python_version()}
    assert found[series("datajobs_exporter_build_info", build)] == 1.0
    assert {f"{name}_bytes" for name in ("process_resident_memory", "process_virtual_memory")} <= {
        name for name, _ in found
    }
    assert "python_info" in families(response)


async def test_every_family_of_ours_is_in_the_catalogue(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/metrics")
    ours = {name for name in families(response) if name.startswith("datajobs_")}
    catalogue = {family.name.removesuffix("_total") for family in metrics.CATALOGUE}
    parts = {
        f"{family.name}_{part}"
        for family in metrics.CATALOGUE
        if family.kind is metrics.Kind.GAUGEHISTOGRAM
        for part in ("gcount", "gsum")
    }  # as text, each is a family of its own
    assert ours - catalogue - parts == set()
    always = {
        family.name.removesuffix("_total") for family in metrics.CATALOGUE if family.about is About.EXPORTER
    }
    assert always <= ours


@pytest.mark.parametrize(
    ("query", "told", "never_asked"),
    [
        ("source=octopus", {"octopus"}, Api.DATAARTS_JOBS),
        ("source=octopus&source=octopus-queue", {"octopus", "octopus-queue"}, Api.PAI_DATASET_JOBS),
        ("source=octopus&source=octopus", {"octopus"}, Api.OCTOPUS_QUEUING_JOBS),
    ],
)
async def test_a_scrape_may_name_its_sources(
    tmp_path: Path, query: str, told: set[str], never_asked: Api
) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get(f"/metrics?{query}")
        assert sources(response) == told
        assert exporter.clouds.of(never_asked) == []
        assert len(exporter.clouds.of(Api.OCTOPUS_SYSTEM_JOBS)) == 2  # one a workspace, however often named


@pytest.mark.parametrize(
    ("page", "status", "words"),
    [
        ("/metrics?source=octopsu", 400, "no source 'octopsu' is configured"),
        ("/metrics?source=octopus&source=a&source=b", 400, "no source 'a', 'b' is configured"),
        ("/metrics?source=", 400, "no source '' is configured"),
        ("/probe", 400, "target is missing"),
        ("/probe?target=", 400, "target is missing"),
        ("/probe?source=octopus", 400, "target is missing"),
        ("/probe?target=octopus&target=octopus-queue", 400, "a probe is of one target"),
        ("/probe?target=octopsu", 404, "no source 'octopsu' is configured"),
        ("/probe?target=a%0Ab", 404, "no source 'a\\nb' is configured"),
    ],
)
async def test_a_source_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, page: str, status: int, words: str
) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get(page)
        assert asked(exporter) == {}
    assert response.status_code == status
    assert response.text == f"{words}; there are: {', '.join(NAMES)}\n"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", NAMES)
async def test_a_probe_tells_of_one_source_and_nothing_of_the_exporter(tmp_path: Path, name: str) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/probe", params={"target": name})
    assert response.status_code == 200
    assert sources(response) == {name}
    assert [family for family in families(response) if SELF.match(family)] == []
    assert series_about_no_source(response) == []


def series_about_no_source(response: httpx.Response) -> list[str]:
    """Return the names of samples without the label ``source``."""
    return [name for name, labels in samples(read_text(response.text)) if "source" not in dict(labels)]


async def test_a_source_that_fails_is_told_of_beside_the_others(tmp_path: Path) -> None:
    async with served(tmp_path, faults=["octopus_system_jobs:http-403"]) as exporter:
        response = await exporter.http.get("/metrics")
    found = samples(read_text(response.text))
    success = {
        dict(labels)["source"]: value for (name, labels), value in found.items() if name.endswith("_success")
    }
    assert response.status_code == 200
    assert success == {**dict.fromkeys(NAMES, 1.0), "octopus": 0.0}
    assert {
        dict(labels)["source"] for name, labels in found if name in {"datajobs_jobs", "datajobs_queue_depth"}
    } == {"pai-vision", "octopus-queue", "dataarts"}


async def test_discovery_lists_a_target_for_each_source(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.get("/sd", headers={"host": "datajobs.example:1234"})
        assert asked(exporter) == {}
    assert HTTP_SD_CONTENT_TYPE.fullmatch(response.headers["content-type"])
    targets = json.loads(response.content)
    assert targets[0] == {
        "targets": ["datajobs.example:1234"],
        "labels": {
            "instance": "pai-vision",
            "__metrics_path__": "/probe",
            "__param_target": "pai-vision",
            "__meta_datajobs_source": "pai-vision",
            "__meta_datajobs_api": "pai_dataset_jobs",
            "__meta_datajobs_region": "cn-hangzhou",
        },
    }
    assert [target["labels"]["instance"] for target in targets] == list(NAMES)
    values = [value for target in targets for value in target["labels"].values()]
    assert all(isinstance(value, str) for value in values)


async def test_what_is_discovered_over_tls_is_scraped_over_tls(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        for scheme, told in (("https", "https"), ("http", None)):
            targets = (await exporter.http.get(f"{scheme}://datajobs.example/sd")).json()
            assert [target["labels"].get("__scheme__") for target in targets] == [told] * len(NAMES)


async def test_each_discovered_target_can_be_scraped(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        for target in (await exporter.http.get("/sd")).json():
            labels = target["labels"]
            url = f"http://{target['targets'][0]}{labels['__metrics_path__']}"
            response = await exporter.http.get(url, params={"target": labels["__param_target"]})
            assert sources(response) == {labels["__meta_datajobs_source"]}


async def test_discovery_names_an_address_where_the_request_does_not(tmp_path: Path) -> None:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "scheme": "http", "path": "/sd"}
    rest = {"raw_path": b"/sd", "query_string": b"", "headers": [], "server": ("10.0.0.7", 9788)}
    async with served(tmp_path) as exporter:
        await exporter.app({**scope, **rest}, receive, send)
    body = sent[-1]["body"]
    assert isinstance(body, bytes)
    assert [target["targets"] for target in json.loads(body)] == [["10.0.0.7:9788"]] * len(NAMES)


@pytest.mark.parametrize("page", ["/-/healthy", "/-/ready", "/sd", "/"])
async def test_pages_about_the_exporter_ask_no_cloud(tmp_path: Path, page: str) -> None:
    async with served(tmp_path, faults=["drop-connection", "http-500"]) as exporter:
        assert (await exporter.http.get(page)).status_code == 200
        assert asked(exporter) == {}


@pytest.mark.parametrize(("page", "word"), [("/-/healthy", "healthy"), ("/-/ready", "ready")])
async def test_health_is_told_in_a_line_of_text(tmp_path: Path, page: str, word: str) -> None:
    async with served(tmp_path, faults=["http-401"]) as exporter:
        await exporter.http.get("/metrics")  # how the clouds are does not matter
        response = await exporter.http.get(page)
    assert response.text == f"datajobs-exporter is {word}\n"
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("page", ["/metrics", "/probe?target=octopus"])
async def test_head_tells_what_a_scrape_would_be_and_asks_no_cloud(tmp_path: Path, page: str) -> None:
    async with served(tmp_path) as exporter:
        head = await exporter.http.head(page)
        assert asked(exporter) == {}
        get = await exporter.http.get(page)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["vary"] == get.headers["vary"]
    assert "content-length" not in head.headers


@pytest.mark.parametrize("page", ["/sd", "/-/healthy", "/-/ready", "/"])
async def test_head_is_answered_as_get_without_the_body(tmp_path: Path, page: str) -> None:
    async with served(tmp_path) as exporter:
        head = await exporter.http.head(page)
        get = await exporter.http.get(page)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("page", ["/metrics", "/probe?target=octopus", "/sd", "/-/healthy", "/"])
async def test_methods_that_change_things_are_refused(tmp_path: Path, method: str, page: str) -> None:
    async with served(tmp_path) as exporter:
        response = await exporter.http.request(method, page)
        assert asked(exporter) == {}
    assert response.status_code == 405
    assert {name.strip() for name in response.headers["allow"].split(",")} == {"GET", "HEAD"}


async def test_metrics_can_have_another_path(tmp_path: Path) -> None:
    async with served(tmp_path, telemetry_path="/exporter/jobs.prom") as exporter:
        assert sources(await exporter.http.get("/exporter/jobs.prom")) == set(NAMES)
        assert (await exporter.http.get("/metrics")).status_code == 404
        assert sources(await exporter.http.get("/probe?target=dataarts")) == {"dataarts"}
        assert 'href="exporter/jobs.prom"' in (await exporter.http.get("/")).text


async def test_other_paths_are_not_there(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        for page in ("/favicon.ico", "/metric", "/-/", "/../etc/passwd"):
            assert (await exporter.http.get(page)).status_code == 404
