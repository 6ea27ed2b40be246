import subprocess

import httpx
import pytest

from tests.e2e.conftest import Scene
from tests.programs import program
from tests.scraped import read_openmetrics, read_text, samples


def get(url: str, accept: str) -> str:
    """Return a scrape."""
    response = httpx.get(url, headers={"accept": accept}, trust_env=False, timeout=30)
    return response.raise_for_status().text


@pytest.mark.parametrize("page", ["/metrics", "/probe?target=pai-vision", "/probe?target=octopus-queue"])
def test_promtool_finds_nothing_in_the_text_form(exporter: str, page: str) -> None:
    text = get(f"{exporter}{page}", "text/plain;version=0.0.4")
    promtool = [program("promtool", package="prometheus"), "check", "metrics"]
    checked = subprocess.run(promtool, input=text, capture_output=True, text=True, check=False, timeout=30)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("page", ["/metrics", "/probe?target=dataarts"])
def test_a_strict_reader_takes_the_openmetrics_form(exporter: str, page: str) -> None:
    text = get(f"{exporter}{page}", "application/openmetrics-text;version=1.0.0")
    families = read_openmetrics(text)
    assert len(samples(families)) > 50
    assert {family.type for family in families} >= {"gauge", "counter", "histogram"}


def test_no_series_stands_twice_in_the_demo(scene: Scene) -> None:
    assert len(samples(read_text(get(f"{scene.demo}/metrics", "text/plain")))) > 300
    assert len(samples(read_openmetrics(get(f"{scene.demo}/metrics", "application/openmetrics-text")))) > 300
