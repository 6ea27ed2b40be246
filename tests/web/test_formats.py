import gzip
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.samples import Sample

from exporter.web.exposition import accepts_gzip, negotiated
from exporter.writer import written_metric
from tests.scraped import read_openmetrics, read_text, samples, series
from tests.web.served import served

TEXT = "text/plain; version=0.0.4; charset=utf-8"
NEWER_TEXT = "text/plain; version=1.0.0; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ESCAPED = "; escaping=underscores"

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_WITH_TEXT_FIRST = (
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.3"
)
PROMETHEUS_3_WITH_NATIVE_HISTOGRAMS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
    + PROMETHEUS_3
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS + ESCAPED),
        (PROMETHEUS_3_WITH_TEXT_FIRST, NEWER_TEXT + ESCAPED),
        (PROMETHEUS_3_WITH_NATIVE_HISTOGRAMS, OPENMETRICS + ESCAPED),
        (BROWSER, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain;version=1.0.0", NEWER_TEXT),
        ("text/plain; version=1.0.0 ; escaping=values", NEWER_TEXT + ESCAPED),
        ("application/openmetrics-text", OPENMETRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"', OPENMETRICS),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", TEXT),
        ("text/plain;q=0.2,application/openmetrics-text;q=0.3", OPENMETRICS),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=much,text/plain;version=1.0.0;q=0.1", NEWER_TEXT),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.5", TEXT),
        ("text/plain;version=abc", TEXT),
        ("text/plain;version=1.0.0;q=7", TEXT),
        ("application/json", TEXT),
        (",;=,;;q=,text/plain;;=", TEXT),
    ],
)
def test_the_format_is_the_one_that_is_wanted_most(accept: str, content_type: str) -> None:
    assert negotiated(accept)[1] == content_type


@pytest.mark.parametrize(
    ("accept_encoding", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5, br", True),
        ("*", True),
        ("*;q=0, gzip", True),
        ("gzip;q=0, *", False),
        ("gzip; q = 0.000", False),
        ("gzip;q=nan", False),
        ("br, identity", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
def test_gzip_is_used_where_it_is_allowed(accept_encoding: str, packed: bool) -> None:
    assert accepts_gzip(accept_encoding) is packed


@pytest.mark.parametrize("page", ["/metrics", "/probe?target=octopus"])
@pytest.mark.parametrize(
    ("accept", "content_type"), [(PROMETHEUS_2, OPENMETRICS), ("text/plain;version=0.0.4", TEXT)]
)
async def test_the_body_is_what_its_headers_say(
    tmp_path: Path, page: str, accept: str, content_type: str
) -> None:
    async with served(tmp_path) as exporter:
        headers = {"accept": accept, "accept-encoding": "gzip"}
        async with exporter.http.stream("GET", page, headers=headers) as response:
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-type"] == content_type
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-length"] == str(len(raw))
    assert {name.strip() for name in response.headers["vary"].split(",")} == {"accept", "accept-encoding"}
    text = gzip.decompress(raw).decode()
    assert text.endswith("# EOF\n") is (content_type == OPENMETRICS)
    families = read_openmetrics(text) if content_type == OPENMETRICS else read_text(text)
    assert "datajobs_jobs" in {family.name for family in families}


async def test_both_forms_carry_the_same_numbers(tmp_path: Path) -> None:
    async with served(tmp_path, min_interval=600.0) as exporter:
        await exporter.http.get("/metrics")
        text = await exporter.http.get("/probe?target=octopus", headers={"accept": "text/plain"})
        openmetrics = await exporter.http.get("/probe?target=octopus", headers={"accept": PROMETHEUS_2})
    coalesced = ("datajobs_scrapes_coalesced_total", {"api": "octopus_system_jobs", "source": "octopus"})
    numbers = [samples(read_text(text.text)), samples(read_openmetrics(openmetrics.text))]
    assert [found.pop(series(*coalesced)) for found in numbers] == [1.0, 2.0]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) > 100


async def test_nothing_is_packed_that_was_not_asked_for(tmp_path: Path) -> None:
    async with served(tmp_path) as exporter:
        plain = await exporter.http.get("/probe?target=octopus")
    assert "content-encoding" not in plain.headers
    assert plain.text.startswith("# HELP ")


def test_label_values_are_escaped_in_every_format() -> None:
    odd = Metric("odd", "A \\ and a\nbreak.", "gauge")
    odd.samples.append(Sample("odd", {"label": 'quote " back \\ break \n 排队'}, 1.0))
    for accept in ("text/plain", "text/plain;version=1.0.0"):
        [family] = read_text(b"".join(written_metric(negotiated(accept)[0].form, odd)).decode())
        assert family.samples[0].labels == odd.samples[0].labels
    form = negotiated(PROMETHEUS_3)[0].form
    [family] = read_openmetrics(b"".join((*written_metric(form, odd), form.end)).decode())
    assert family.samples[0].labels == odd.samples[0].labels
