"""One whole scrape of the demo's sources over a small world, with every clock stopped."""

import asyncio
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporter.apis import APIS
from exporter.assembly import assemble
from exporter.commands.demo import configuration
from exporter.config import Source
from exporter.instruments import Instruments
from exporter.metrics import CATALOGUE, Kind
from exporter.simulator.app import build
from exporter.simulator.settings import Settings
from exporter.writer import OPENMETRICS, TEXT, Form, written_metric
from tests.conftest import Compare
from tests.programs import program
from tests.scraped import read_openmetrics, read_text, samples
from tests.showing import families as shown
from tests.small_world import NOW, small_world

VARYING = {
    "datajobs_source_duration_seconds": "what the machine needed",
    "datajobs_source_clock_skew_seconds": "our clock goes on",
    "datajobs_api_request_duration_seconds": "what the machine needed",
    "datajobs_config_last_reload_success_timestamp_seconds": "our clock goes on",
}
"""Families whose values are all given as 0 here, and why."""

VERSIONS = ("version", "python_version")


async def scraped() -> list[Metric]:
    """Scrape the demo's sources once; return all families of ours."""
    clouds = Settings(clock=lambda: NOW, tolerance=float("inf"), token_life=1e9)
    app = build(small_world(), clouds)

    def connect(endpoint: str, _: Source) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=endpoint)

    instruments = Instruments()
    instruments.reloaded()
    scraper = assemble(configuration("http://simulated"), instruments, connect)
    try:
        results = await scraper.scrape(scraper.names, None)
    finally:
        await scraper.aclose()
    return [
        *shown(results),
        *instruments.about_sources(scraper.names),
        *instruments.about_exporter(),
    ]


def settled(families: Iterable[Metric]) -> Iterator[Metric]:
    """Yield the families without what is different each time."""
    for family in families:
        # Counters come in the order in which the sources were answered first.
        family.samples = sorted((still(family, sample) for sample in family.samples), key=place)
        yield family


def place(sample: Sample) -> tuple[str, str]:
    return sample.labels.get("source", ""), sample.labels.get("code", "")


def still(family: Metric, sample: Sample) -> Sample:
    value = 0.0 if family.name in VARYING else sample.value
    labels = {name: "-" if name in VERSIONS else text for name, text in sample.labels.items()}
    return Sample(sample.name, labels, value)


@pytest.fixture(scope="module")
def families() -> list[Metric]:
    return list(settled(asyncio.run(scraped())))


def written(families: Iterable[Metric], form: Form) -> str:
    parts = [part for family in families for part in written_metric(form, family)]
    return b"".join([*parts, form.end]).decode()


@pytest.fixture
def as_text(families: list[Metric]) -> str:
    return written(families, TEXT)


@pytest.fixture
def as_openmetrics(families: list[Metric]) -> str:
    return written(families, OPENMETRICS)


def test_a_whole_scrape_as_text(as_text: str, golden: Compare) -> None:
    golden("metrics.prom", as_text)


def test_a_whole_scrape_as_openmetrics(as_openmetrics: str, golden: Compare) -> None:
    golden("metrics.openmetrics", as_openmetrics)


def test_both_formats_say_the_same(as_text: str, as_openmetrics: str, families: list[Metric]) -> None:
    assert samples(read_openmetrics(as_openmetrics)) == samples(read_text(as_text)) == samples(families)


def test_the_strict_parser_reads_the_types_of_the_catalogue(as_openmetrics: str) -> None:
    found = {family.name: (family.type, family.documentation) for family in read_openmetrics(as_openmetrics)}
    catalogue = {
        family.name.removesuffix("_total" if family.kind is Kind.COUNTER else ""): (
            family.kind.value,
            family.help,
        )
        for family in CATALOGUE
    }
    assert {name: catalogue[name] for name in found} == found


def test_every_family_is_in_it_but_those_of_trouble_and_of_single_jobs(families: list[Metric]) -> None:
    shown = {sample.name.removesuffix("_bucket") for family in families for sample in family.samples}
    missing = {family.name for family in CATALOGUE} - shown
    assert {name for name in missing if not name.startswith("datajobs_job_")} == {
        "datajobs_unknown_values_total"
    }


def test_every_source_has_succeeded(families: list[Metric]) -> None:
    found = samples(families)
    for flag in ("datajobs_source_success", "datajobs_source_list_complete"):
        values = {dict(labels)["api"]: value for (name, labels), value in found.items() if name == flag}
        assert values == dict.fromkeys(APIS, 1.0)
    assert not [
        key for key, value in found.items() if key[0] == "datajobs_api_request_failures_total" and value
    ]


def test_every_timestamp_of_a_job_is_in_the_past_of_its_cloud(families: list[Metric]) -> None:
    for (name, _), value in samples(families).items():
        if name.endswith("_timestamp_seconds") and name not in VARYING and "credentials" not in name:
            assert NOW - 100 * 3600 < value <= NOW


def test_no_secret_and_no_id_of_a_job_is_in_it(as_text: str) -> None:
    assert not re.search(r"Secret|Password|dsjob-|DPK|demo_user|LTAI|HPUA", as_text)


def test_promtool_finds_nothing_to_improve(as_text: str, tmp_path: Path) -> None:
    checked = subprocess.run(
        [program("promtool", package="prometheus"), "check", "metrics"],
        input=as_text,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
