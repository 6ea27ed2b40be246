import time

import pytest

import exporter
from exporter import metrics
from exporter.errors import Reason
from exporter.instruments import REQUEST_BOUNDS, Instruments, described
from exporter.metrics import CATALOGUE, About, Kind

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def about(instruments: Instruments, *sources: str) -> Series:
    """Return every series about sources, without the label of the API."""
    return {
        (sample.name, frozenset(item for item in sample.labels.items() if item[0] != "api")): sample.value
        for family in instruments.about_sources(sources)
        for sample in family.samples
    }


def of(name: str, source: str = "one", **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"datajobs_{name}", frozenset({"source": source, **labels}.items())


@pytest.fixture
def instruments() -> Instruments:
    return Instruments()


def test_the_counters_of_a_source_are_there_at_zero_from_the_start(instruments: Instruments) -> None:
    instruments.of("some_api", "one")
    series = about(instruments, "one")
    assert set(series.values()) == {0.0}
    for reason in Reason:
        assert of("api_request_failures_total", reason=reason.value) in series
    for name in ("api_retries_total", "api_throttled_seconds_total", "scrapes_coalesced_total"):
        assert of(name) in series
    assert of("api_request_duration_seconds_count") in series


def test_what_happens_is_counted(instruments: Instruments) -> None:
    counts = instruments.of("some_api", "one")
    counts.requested("200", 0.02)
    counts.requested("200", 0.02)
    counts.requested("none", 30.0)
    counts.failed(Reason.TIMEOUT)
    counts.retried()
    counts.throttled(2.5)
    counts.throttled(0.0)
    counts.coalesced()
    counts.unknown_values({"status": 3, "job_type": 1})
    series = about(instruments, "one")
    assert {key: value for key, value in series.items() if value and "bucket" not in key[0]} == {
        of("api_requests_total", code="200"): 2.0,
        of("api_requests_total", code="none"): 1.0,
        of("api_request_duration_seconds_count"): 3.0,
        of("api_request_duration_seconds_sum"): pytest.approx(30.04),
        of("api_request_failures_total", reason="timeout"): 1.0,
        of("api_retries_total"): 1.0,
        of("api_throttled_seconds_total"): 2.5,
        of("scrapes_coalesced_total"): 1.0,
        of("unknown_values_total", field="status"): 3.0,
        of("unknown_values_total", field="job_type"): 1.0,
    }
    buckets = [series[of("api_request_duration_seconds_bucket", le=str(bound))] for bound in REQUEST_BOUNDS]
    assert buckets == [0.0] + [2.0] * 9
    assert series[of("api_request_duration_seconds_bucket", le="+Inf")] == 3.0


def test_each_source_is_told_of_alone(instruments: Instruments) -> None:
    one, two = instruments.of("a", "one"), instruments.of("a", "two")
    one.retried()
    two.retried()
    two.requested("200", 1.0)
    assert {dict(labels)["source"] for _, labels in about(instruments, "one")} == {"one"}
    assert {dict(labels)["source"] for _, labels in about(instruments, "two", "one")} == {"one", "two"}
    assert about(instruments, "three") == {}
    assert of("api_requests_total", code="200") not in about(instruments, "one")


def test_the_same_source_counts_on(instruments: Instruments) -> None:
    """As after a reload of the configuration."""
    instruments.of("a", "one").retried()
    instruments.of("a", "one").retried()
    assert about(instruments, "one")[of("api_retries_total")] == 2.0


def test_what_a_source_counted_with_another_api_is_not_shown(instruments: Instruments) -> None:
    for api in ("a", "b"):
        instruments.of(api, "one").retried()
    instruments.of("a", "two").retried()
    shown = ({"one": "b", "two": "a"}, {"one": "a", "two": "a"})
    for apis in shown:
        instruments.in_use(apis)
        samples = [
            sample for family in instruments.about_sources(["one", "two"]) for sample in family.samples
        ]
        assert {sample.labels["source"]: sample.labels["api"] for sample in samples} == apis
        retries = [sample.value for sample in samples if sample.name == "datajobs_api_retries_total"]
        assert retries == [1.0, 1.0]


def test_the_process_tells_its_version_and_nothing_of_sources(instruments: Instruments) -> None:
    instruments.of("a", "one").retried()
    before = time.time()
    instruments.reloaded()
    found = {family.name: family.samples for family in instruments.about_exporter()}
    assert found.keys() == {
        family.name.removesuffix("_total") for family in CATALOGUE if family.about is About.EXPORTER
    }
    [refused] = found["datajobs_scrapes_refused"]
    assert (refused.name, refused.value) == ("datajobs_scrapes_refused_total", 0.0)
    [build] = found["datajobs_exporter_build_info"]
    assert (build.labels["version"], build.value) == (exporter.__version__, 1.0)
    [successful], [moment] = (
        found["datajobs_config_last_reload_successful"],
        found["datajobs_config_last_reload_success_timestamp_seconds"],
    )
    assert successful.value == 1.0
    assert before <= moment.value <= time.time()


def test_two_sets_of_instruments_share_nothing() -> None:
    one, two = Instruments(), Instruments()
    one.of("a", "one").retried()
    assert about(two, "one") == {}


def test_every_counter_of_the_catalogue_has_its_instrument(instruments: Instruments) -> None:
    counts = instruments.of("a", "one")
    counts.requested("200", 1.0)
    counts.unknown_values({"status": 1})
    names = {name for name, _ in about(instruments, "one")}
    for family in CATALOGUE:
        if family.about is About.SOURCE and family.kind is Kind.COUNTER:
            assert family.name in names


def test_a_family_of_another_kind_is_a_bug() -> None:
    assert described(metrics.RETRIES, Kind.COUNTER)[0] == "datajobs_api_retries_total"
    with pytest.raises(TypeError, match="datajobs_jobs is a gauge, not a counter"):
        described(metrics.JOBS, Kind.COUNTER)


def test_no_more_sources_that_are_gone_are_remembered_than_there_are_in_use(instruments: Instruments) -> None:
    for number in range(50):
        counts = instruments.of("a", f"source-{number}")
        counts.requested("200", 1.0)
        counts.unknown_values({"status": 1})
        instruments.in_use({f"source-{number}": "a"})
    sources = {
        sample.labels["source"]
        for instrument in (
            instruments.requests,
            instruments.failures,
            instruments.retries,
            instruments.throttled,
            instruments.unknown,
            instruments.coalesced,
            instruments.duration,
        )
        for metric in instrument.collect()
        for sample in metric.samples
    }
    assert sources == {"source-48", "source-49"}
    assert about(instruments, "source-49")[of("api_requests_total", source="source-49", code="200")] == 1.0


def test_a_source_that_comes_back_after_many_others_counts_anew(instruments: Instruments) -> None:
    for name in ("one", "two", "three", "one"):
        instruments.of("a", name).retried()
        instruments.in_use({name: "a"})
    assert about(instruments, "one")[of("api_retries_total")] == 1.0


def test_a_source_that_is_still_at_work_when_it_is_forgotten_counts_without_a_trace(
    instruments: Instruments,
) -> None:
    counts = instruments.of("a", "one")
    instruments.in_use({"one": "a"})
    instruments.in_use({})
    counts.retried()
    counts.failed(Reason.TIMEOUT)
    assert about(instruments, "one") == {}
