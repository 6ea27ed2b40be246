"""What is told of each source, and what holds for every family."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import metrics
from exporter.apis import octopus_system_jobs
from exporter.apis.words import Words
from exporter.collector import check
from exporter.errors import Reason, SourceError
from exporter.model import Job, Phase
from exporter.tally import merged
from tests.showing import ABOUT_JOBS, NOW, expected, factory_job, families, nothing, shown, system_job, text

ABOUT_SOURCES = [
    "source_success",
    "source_last_success_timestamp_seconds",
    "source_duration_seconds",
    "source_list_complete",
    "source_listed_items",
    "source_reported_items",
    "source_clock_skew_seconds",
    "source_credentials_expiry_timestamp_seconds",
]


def test_a_source_that_answers_says_so() -> None:
    assert text([shown("octopus_system_jobs", [system_job("RUNNING")])], *ABOUT_SOURCES) == expected(
        """
        source_success 1.0
        source_last_success_timestamp_seconds 1.7e+09
        source_duration_seconds 0.5
        source_list_complete 1.0
        source_listed_items 1.0
        source_reported_items 1.0
        """
    )


def test_stale_numbers_are_shown_without_success() -> None:
    error = SourceError(Reason.TIMEOUT, "late")
    result = shown("octopus_system_jobs", [system_job("RUNNING")], error=error)
    assert text([result], "source_success", "source_list_complete") == expected(
        """
        source_success 0.0
        source_list_complete 1.0
        """
    )
    assert len(text([result], "jobs").splitlines()) == 9


def test_an_incomplete_list_is_a_success_that_is_marked() -> None:
    result = shown("octopus_system_jobs", [system_job("RUNNING")], complete=False)
    families = ("source_success", "source_list_complete", "source_listed_items", "source_reported_items")
    assert text([result], *families) == expected(
        """
        source_success 1.0
        source_list_complete 0.0
        source_listed_items 1.0
        source_reported_items 2.0
        """
    )


def test_a_source_with_nothing_to_show_is_there_all_the_same() -> None:
    assert text([nothing()], *ABOUT_SOURCES) == expected(
        """
        source_success 0.0
        source_list_complete 0.0
        """
    )
    assert {metric.name for metric in families([nothing()])} & ABOUT_JOBS == set()


def test_the_clock_and_the_credentials_are_told_where_they_are_known() -> None:
    result = nothing()
    result.source._client.skew = -0.25
    result.source._login.expires_at = NOW  # type: ignore[misc]  # a fake's is no property
    assert text([result], *ABOUT_SOURCES[-2:]) == expected(
        """
        source_clock_skew_seconds -0.25
        source_credentials_expiry_timestamp_seconds 1.7e+09
        """
    )


def test_all_sources_are_in_one_family() -> None:
    results = [
        shown("octopus_system_jobs", [system_job("RUNNING")]),
        shown("dataarts_jobs", [factory_job("STOPPED")]),
    ]
    names = [metric.name for metric in families([*results, nothing("pai_dataset_jobs")])]
    assert len(names) == len(set(names))
    assert len(text(results, "source_success").splitlines()) == 2


def test_a_label_that_the_catalogue_does_not_have_is_a_bug() -> None:
    with pytest.raises(ValueError, match="datajobs_jobs: labels"):
        check(metrics.JOBS, frozenset({"api", "job"}))


LABEL = st.text(max_size=5)


@given(
    st.lists(
        st.builds(
            system_job,
            status=st.sampled_from((*octopus_system_jobs.STATUSES, "new")) | LABEL,
            workspace=LABEL,
            job_type=LABEL,
            created=st.none() | st.floats(0, NOW),
            ended=st.none() | st.floats(0, NOW),
            running=st.none() | st.floats(0, 1e6),
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_no_series_is_given_twice_and_the_counts_are_those_of_the_jobs(
    jobs: list[Job], complete: bool
) -> None:
    counted = 0.0
    for metric in families([shown("octopus_system_jobs", jobs, complete=complete)]):
        series = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in metric.samples]
        assert len(series) == len(set(series))
        if metric.name == "datajobs_jobs":
            counted = sum(sample.value for sample in metric.samples)
    assert counted == len(jobs)


def test_words_that_run_results_do_not_have_are_unknown() -> None:
    words = Words(statuses={}, documented={}, runs={"T": ("maybe",)})
    assert list(words.runs_of("T")) == [("maybe", Phase.UNKNOWN)]


def test_nothing_is_put_together_from_nothing() -> None:
    empty = merged([])
    assert (empty.jobs, empty.queue, empty.seen_types) == ({}, {}, set())
