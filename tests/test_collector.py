"""Jobs on the left, exposition text on the right."""

from typing import Any

from exporter.groups import QueueGroup
from exporter.model import FileCounts, Job, LastRun, Phase, Place, QueueEntry
from tests.showing import ABOUT_JOBS, NOW, expected, factory_job, families, shown, system_job, text


def test_jobs_are_counted_by_status_and_phase_with_a_zero_for_every_status_there_is() -> None:
    result = shown(
        "octopus_system_jobs", [system_job("RUNNING"), system_job("RUNNING"), system_job("UPLOADING")]
    )
    of = 'job_type="FRAME_EXTRACT",'
    assert text([result], "jobs") == expected(
        f"""
        jobs{{{of}phase="succeeded",status="FINISHED",workspace="0"}} 0.0
        jobs{{{of}phase="starting",status="LAUNCHING",workspace="0"}} 0.0
        jobs{{{of}phase="queued",status="QUEUING",workspace="0"}} 0.0
        jobs{{{of}phase="running",status="RUNNING",workspace="0"}} 2.0
        jobs{{{of}phase="failed",status="RUN_FAILED",workspace="0"}} 0.0
        jobs{{{of}phase="stopped",status="STOPPED",workspace="0"}} 0.0
        jobs{{{of}phase="failed",status="SUBMIT_FAILED",workspace="0"}} 0.0
        jobs{{{of}phase="running",status="UPLOADING",workspace="0"}} 1.0
        jobs{{{of}phase="failed",status="UPLOAD_FAILED",workspace="0"}} 0.0
        """
    )


def test_an_incomplete_list_has_no_zeros() -> None:
    result = shown("octopus_system_jobs", [system_job("RUNNING")], complete=False)
    of = 'job_type="FRAME_EXTRACT",'
    assert text([result], "jobs", "recently_finished_jobs") == (
        f'jobs{{{of}phase="running",status="RUNNING",workspace="0"}} 1.0'
    )


def test_a_status_that_no_document_has_keeps_its_name_beside_the_zeros() -> None:
    result = shown("octopus_system_jobs", [system_job("HIBERNATING")])
    lines = text([result], "jobs").splitlines()
    assert len(lines) == 10
    assert [line for line in lines if line.endswith(" 1.0")] == [
        'jobs{job_type="FRAME_EXTRACT",phase="unknown",status="HIBERNATING",workspace="0"} 1.0'
    ]


def test_a_job_type_that_no_document_has_makes_no_zeros() -> None:
    result = shown("octopus_system_jobs", [system_job("RUNNING", job_type="DREAM")])
    assert len(text([result], "jobs").splitlines()) == 1


def test_an_empty_list_of_jobs_of_any_type_shows_none() -> None:
    assert text([shown("octopus_system_jobs", [])], "jobs", "recently_finished_jobs") == ""


def test_recently_finished_jobs_have_a_zero_for_every_end_there_is() -> None:
    jobs = [system_job("FINISHED", ended=NOW - 10), system_job("FINISHED", ended=NOW - 9999)]
    of = 'job_type="FRAME_EXTRACT",'
    assert text([shown("octopus_system_jobs", jobs)], "recently_finished_jobs") == expected(
        f"""
        recently_finished_jobs{{{of}phase="succeeded",status="FINISHED",workspace="0"}} 1.0
        recently_finished_jobs{{{of}phase="failed",status="RUN_FAILED",workspace="0"}} 0.0
        recently_finished_jobs{{{of}phase="stopped",status="STOPPED",workspace="0"}} 0.0
        recently_finished_jobs{{{of}phase="failed",status="SUBMIT_FAILED",workspace="0"}} 0.0
        recently_finished_jobs{{{of}phase="failed",status="UPLOAD_FAILED",workspace="0"}} 0.0
        """
    )


def test_the_newest_end_is_told_however_long_ago_it_was() -> None:
    jobs = [system_job("FINISHED", ended=NOW - age) for age in (99_999, 88_888)]
    assert text([shown("octopus_system_jobs", jobs)], "last_finished_job_timestamp_seconds") == (
        'last_finished_job_timestamp_seconds{job_type="FRAME_EXTRACT",'
        'phase="succeeded",status="FINISHED",workspace="0"} 1.699911112e+09'
    )


def test_the_oldest_active_job_is_told_by_phase() -> None:
    jobs = [
        system_job("RUNNING", created=NOW - 5),
        system_job("UPLOADING", created=NOW - 7),
        system_job("RUNNING"),
        system_job("QUEUING"),
    ]
    assert text([shown("octopus_system_jobs", jobs)], "oldest_active_job_timestamp_seconds") == (
        'oldest_active_job_timestamp_seconds{job_type="FRAME_EXTRACT",'
        'phase="running",workspace="0"} 1.699999993e+09'
    )


def test_a_gauge_histogram_puts_all_statuses_of_a_phase_together() -> None:
    jobs = [
        system_job("RUNNING", submitting=0.5),
        system_job("UPLOADING", submitting=60.0),
        system_job("RUNNING", submitting=99_999.0),
        system_job("QUEUING"),
    ]
    of = 'job_type="FRAME_EXTRACT",'
    rest = 'phase="running",workspace="0"'
    name = "submitting_duration_seconds"
    buckets = [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3]
    bounds = [
        "1.0",
        "5.0",
        "15.0",
        "30.0",
        "60.0",
        "120.0",
        "300.0",
        "600.0",
        "1800.0",
        "3600.0",
        "7200.0",
        "21600.0",
        "+Inf",
    ]
    lines = [
        f'{name}_bucket{{{of}le="{bound}",{rest}}} {count}.0'
        for bound, count in zip(bounds, buckets, strict=True)
    ]
    lines += [f"{name}_gcount{{{of}{rest}}} 3.0", f"{name}_gsum{{{of}{rest}}} 100059.5"]
    assert sorted(text([shown("octopus_system_jobs", jobs)], name).splitlines()) == sorted(lines)


def test_files_are_summed_by_phase_where_jobs_tell_them() -> None:
    def job(**files: int) -> Job:
        return Job(
            key=1,
            workspace="7",
            dataset="d-1",
            job_type="SemanticIndex",
            status="Running",
            phase=Phase.RUNNING,
            files=FileCounts(**files),
        )

    jobs = [job(expected=100, completed=40, failed=1), job(expected=50), job(completed=9), job()]
    of = 'dataset="d-1",job_type="SemanticIndex",phase="running",workspace="7"'
    families = ("files_expected", "files_completed", "files_failed", "file_completion_ratio")
    assert text([shown("pai_dataset_jobs", jobs)], *families) == expected(
        f"""
        files_expected{{{of}}} 150.0
        files_completed{{{of}}} 49.0
        files_failed{{{of}}} 1.0
        file_completion_ratio{{{of}}} 0.4
        """
    )
    assert text([shown("pai_dataset_jobs", [job()])], *families) == ""
    assert text([shown("pai_dataset_jobs", [job(expected=0, completed=0)])], *families) == expected(
        f"""
        files_expected{{{of}}} 0.0
        files_completed{{{of}}} 0.0
        """
    )


def test_definitions_have_last_runs_and_neither_ends_nor_durations() -> None:
    run = LastRun(status="fail", phase=Phase.FAILED, ended=NOW - 60)
    jobs = [
        factory_job("SCHEDULING", run),
        factory_job("SCHEDULING", LastRun(status="running", phase=Phase.RUNNING)),
        factory_job("STOPPED", created=NOW - 5, ended=NOW - 1, running=5.0),
    ]
    result = shown("dataarts_jobs", jobs)
    of = 'job_type="BATCH",'
    assert text([result], "last_run_jobs", "last_run_finished_timestamp_seconds") == expected(
        f"""
        last_run_jobs{{{of}phase="failed",status="fail",workspace="w"}} 1.0
        last_run_jobs{{{of}phase="stopped",status="manual-stop",workspace="w"}} 0.0
        last_run_jobs{{{of}phase="paused",status="pause",workspace="w"}} 0.0
        last_run_jobs{{{of}phase="running",status="running",workspace="w"}} 1.0
        last_run_jobs{{{of}phase="failed",status="running-exception",workspace="w"}} 0.0
        last_run_jobs{{{of}phase="succeeded",status="success",workspace="w"}} 0.0
        last_run_jobs{{{of}phase="queued",status="waiting",workspace="w"}} 0.0
        last_run_finished_timestamp_seconds{{{of}phase="failed",status="fail",workspace="w"}} 1.69999994e+09
        """
    )
    names = {metric.name for metric in families([result]) if metric.name in ABOUT_JOBS}
    assert names == {
        "datajobs_jobs",
        "datajobs_last_run_jobs",
        "datajobs_last_run_finished_timestamp_seconds",
    }


def test_an_empty_list_about_one_job_type_is_all_zeros() -> None:
    result = shown("dataarts_jobs", [], seen=[(Place("w"), "BATCH")])
    lines = text([result], "jobs").splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["0.0"] * 3
    assert text([result], "recently_finished_jobs") == ""


def entry(queue_type: str = "RESIM", **changes: Any) -> QueueEntry:
    known: dict[str, Any] = {
        "key": 1,
        "workspace": "0",
        "queue_type": queue_type,
        "cluster_type": "CCE",
        "job_type": "",
        "priority": 0,
    }
    return QueueEntry(**(known | changes))


def test_queues_are_counted_by_all_that_is_told_and_an_empty_one_is_one_zero() -> None:
    items = [entry(), entry(), entry(priority=None, workspace="", cluster_type="")]
    result = shown("octopus_queuing_jobs", items, queue=[QueueGroup("", "INTERNAL")])
    assert text([result], "queue_depth") == expected(
        """
        queue_depth{queue_type="INTERNAL"} 0.0
        queue_depth{cluster_type="",job_type="",priority="",queue_type="RESIM",workspace=""} 1.0
        queue_depth{cluster_type="CCE",job_type="",priority="0",queue_type="RESIM",workspace="0"} 2.0
        """
    )


def test_the_oldest_entry_is_told_by_queue_and_priority() -> None:
    items = [
        entry(created=NOW - 5),
        entry(created=NOW - 9, cluster_type="MODELARTS"),
        entry(created=NOW - 7, priority=1),
        entry(priority=2),
    ]
    result = shown("octopus_queuing_jobs", items, queue=[QueueGroup("", "INTERNAL")])
    name = "queue_oldest_entry_timestamp_seconds"
    rest = 'queue_type="RESIM",workspace="0"'
    assert text([result], name) == expected(
        f"""
        {name}{{priority="0",{rest}}} 1.699999991e+09
        {name}{{priority="1",{rest}}} 1.699999993e+09
        """
    )
