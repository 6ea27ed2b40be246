from typing import Any

import pytest

from exporter.apis.octopus_system_jobs import API, JOB_TYPES, STATUSES, WORDS, Options
from exporter.apis.paging import Page, Walk
from exporter.client import Request
from exporter.errors import SourceError
from exporter.model import Job, Phase
from tests.apis.cases import NOW, answer, sample, walks


async def the_walk(workspace: str = "0") -> Walk:
    [walk] = await walks("octopus_system_jobs", Options(project_id="p", workspaces=(workspace,)))
    return walk


async def the_page(*rows: dict[str, Any], **meta: object) -> Page:
    body = {"payload": {"list": rows, "page_info": {"total": len(rows)}}, **meta}
    return (await the_walk()).decode(answer(body))


async def the_job(**row: object) -> Job:
    """Return what one row becomes."""
    [job] = (await the_page({"id": 1} | row)).items
    assert isinstance(job, Job)
    return job


async def test_the_vendors_example_becomes_a_job() -> None:
    page = (await the_walk("7")).decode(answer(sample("octopus_system_jobs")))
    assert (page.total, page.now) == (1, 1641024509.0)  # 2022-01-01T08:08:29Z
    assert page.items == [
        Job(
            key=1,
            workspace="7",  # the row leaves it out
            job_type="SCENARIO_AUTO_MINING",
            status="FINISHED",
            phase=Phase.SUCCEEDED,
            created=1640966400.0,
            ended=1640966400.0,
            changed=1640966400.0,
            settled=True,
            submitting=1.0,
            running=1.0,
        )
    ]


def test_every_documented_status_has_its_phase() -> None:
    assert {status: phase.value for status, phase in STATUSES.items()} == {
        "QUEUING": "queued",
        "LAUNCHING": "starting",
        "RUNNING": "running",
        "UPLOADING": "running",
        "FINISHED": "succeeded",
        "SUBMIT_FAILED": "failed",
        "RUN_FAILED": "failed",
        "UPLOAD_FAILED": "failed",
        "STOPPED": "stopped",
    }
    for job_type in JOB_TYPES:
        assert dict(WORDS.statuses_of(job_type)) == STATUSES
        assert set(dict(WORDS.ends_of(job_type))) == {
            "FINISHED",
            "SUBMIT_FAILED",
            "RUN_FAILED",
            "UPLOAD_FAILED",
            "STOPPED",
        }


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("job_type", JOB_TYPES)
async def test_every_documented_word_is_known(status: str, job_type: str) -> None:
    job = await the_job(status=status, job_type=job_type)
    assert (job.status, job.job_type, job.unknown) == (status, job_type, ())


async def test_a_word_that_is_new_is_counted_by_its_field() -> None:
    job = await the_job(status="HIBERNATING", job_type="DREAM")
    assert (job.status, job.job_type, job.phase) == ("HIBERNATING", "DREAM", Phase.UNKNOWN)
    assert job.unknown == ("status", "job_type")


@pytest.mark.parametrize("status", ["QUEUING", "LAUNCHING", "RUNNING", "UPLOADING", "HIBERNATING"])
async def test_a_job_that_is_under_way_has_no_end(status: str) -> None:
    job = await the_job(status=status, update_at=2000, end_at=3000)
    assert (job.ended, job.changed, job.settled) == (None, 2.0, True)


@pytest.mark.parametrize("status", ["FINISHED", "RUN_FAILED", "UPLOAD_FAILED", "STOPPED"])
async def test_a_job_that_is_over_ended_when_it_says(status: str) -> None:
    assert (await the_job(status=status, update_at=4000, end_at=3000)).ended == 3.0


@pytest.mark.parametrize("missing", [{}, {"end_at": None}, {"end_at": 0}])
async def test_a_job_that_never_ran_ended_with_its_last_change(missing: dict[str, object]) -> None:
    assert (await the_job(status="SUBMIT_FAILED", update_at=4000, **missing)).ended == 4.0


async def test_what_does_not_apply_is_missing_and_not_zero() -> None:
    job = await the_job(status="QUEUING", job_type="FRAME_EXTRACT", create_at=1000, update_at=1000)
    assert (job.ended, job.submitting, job.running, job.files) == (None, None, None, None)


async def test_a_job_that_does_not_tell_its_last_change_may_have_changed() -> None:
    assert (await the_job(status="RUNNING")).settled is False


async def test_a_duration_of_nothing_is_one() -> None:
    job = await the_job(status="RUNNING", submitting_duration=0, running_duration=1)
    assert (job.submitting, job.running) == (0.0, 0.001)


@pytest.mark.parametrize("key", [2**70, "JOB-1", 0])
async def test_an_id_may_be_any_number_or_text(key: object) -> None:
    assert (await the_job(id=key)).key == key


@pytest.mark.parametrize("value", [10**400, 2**53, "1640966400000", True, 0.5])
async def test_a_time_that_is_none_is_a_bad_response_that_names_the_field(value: object) -> None:
    with pytest.raises(SourceError, match=r"\$\.payload\.list\[0\]\.create_at"):
        await the_job(create_at=value)


MOMENT = 1640966400.0
UNREADABLE: list[object] = [None, "", "soon", 0, -5, True, [], {}, "9" * 500, 10**400, 1e300]
CURRENT_TIMES: list[tuple[object, float]] = [
    ("2021-12-31T16:00:00Z", MOMENT),
    ("2021-12-31T16:00:00.000Z", MOMENT),
    ("2021-12-31T16:00:00", MOMENT),
    ("2022-01-01T00:00:00+08:00", MOMENT),
    (1640966400000, MOMENT),
    (1640966400000.0, MOMENT),
    ("1640966400000", MOMENT),
    *((value, NOW) for value in UNREADABLE),
]


@pytest.mark.parametrize(("told", "now"), CURRENT_TIMES, ids=lambda value: repr(value)[:25])
async def test_the_time_of_the_request_comes_in_many_forms_and_fails_nothing(
    told: object, now: float
) -> None:
    """Where it cannot be read, the answer's Date header serves."""
    page = await the_page({"id": 1}, meta_info={"current_time": told})
    assert (page.now, page.total) == (now, 1)


@pytest.mark.parametrize("meta", [{}, {"meta_info": None}, {"meta_info": {}}, {"meta_info": {"x": 1}}])
async def test_the_time_of_the_request_may_be_left_out(meta: dict[str, object]) -> None:
    assert (await the_page(**meta)).now == NOW


@pytest.mark.parametrize("rows", [{}, {"list": None}, {"list": []}])
async def test_a_list_that_is_left_out_is_empty(rows: dict[str, object]) -> None:
    page = (await the_walk()).decode(answer({"payload": rows | {"page_info": {"total": 0}}}))
    assert (page.items, page.total) == ([], 0)


async def test_a_request_counts_records_and_asks_for_nothing_but_a_workspace() -> None:
    assert (await the_walk("7")).request(3, 200) == Request(
        path="/v1.0/p/data/system-jobs",
        params=(("workspace_id", "7"), ("limit", "200"), ("offset", "600")),
    )


async def test_a_cloud_that_gives_smaller_pages_is_asked_in_its_steps() -> None:
    assert dict((await the_walk()).request(3, 50).params)["offset"] == "150"


async def test_there_is_a_walk_for_each_workspace_and_one_by_default() -> None:
    found = await walks("octopus_system_jobs", Options(project_id="p", workspaces=("0", "7")))
    assert [walk.name for walk in found] == ["workspace 0", "workspace 7"]
    assert Options(project_id="p").workspaces == ("0",)


def test_the_endpoint_is_that_of_the_region() -> None:
    assert API.endpoint("cn-north-11") == "https://octopus.cn-north-11.myhuaweicloud.com"
