"""What the simulated clouds answer has the fields and types of the vendors' example answers."""

from typing import Any

import pytest

from exporter.simulator import identities
from exporter.simulator.settings import CurrentTime, Settings
from exporter.simulator.world import World, random_world
from exporter.simulator.world.timeline import Row
from tests.simulator.clients import DATAARTS, NOW, OCTOPUS, TOLD_PROJECT, Clouds

DATASET_JOB = {
    "DatasetJobId": "dsjob-9jx1*****uj9e",
    "JobAction": "SemanticIndex",
    "CreateTime": "2023-06-20T04:05:59Z",
    "FinishTime": "2023-06-20T06:03:48Z",
    "Status": "Running",
    "Description": "这是一个数据集任务描述。",
    "JobMode": "Full",
    "JobSpec": '{\\"modelId\\":\\"xxx\\"}',
    "Logs": ["2025-02-17 09:58:10.143 INFO: Job completed successfully."],
    "TotalFileCount": 1000,
    "CompletedFileCount": 990,
    "FailedFileCount": 10,
    "DatasetVersion": "v1",
    "WorkspaceId": "145883",
}
SYSTEM_JOB = {
    "id": 1,
    "job_type": "SCENARIO_AUTO_MINING",
    "data_id": "DPK0000001",
    "status": "FINISHED",
    "create_at": 1640966400000,
    "update_at": 1640966400000,
    "start_at": 1640966400000,
    "end_at": 1640966400000,
    "submitting_duration": 1000,
    "running_duration": 1000,
    "project_id": "087679f0aaxxxxxxxxxxxxxx2f5e902b",
    "resource_spec": "1Core_4GiB",
}
SYSTEM_JOB_TABLE = SYSTEM_JOB | {"msg_code": 1, "msg_error": "text", "workspace_id": "0"}
INTERNAL_ENTRY = {
    "id": 1,
    "job_id": 1,
    "job_type": "SCENARIO_AUTO_MINING",
    "data_id": "DPK0000001",
    "rank_stamp": 1640966400000,
    "project_id": "087679f0aaxxxxxxxxxxxxxx2f5e902b",
    "resource_spec": "1Core_4GiB",
    "priority": 0,
    "queue_type": "INTERNAL",
}
PROCESSOR_ENTRY = INTERNAL_ENTRY | {
    "queue_type": "PROCESSOR",
    "cluster_type": "CCE",
    "cluster_id": "087679f0aaxxxxxxxxxxxxxx2f5e902b",
}
ENTRY_TABLE = PROCESSOR_ENTRY | {
    "processor_id": 1,
    "source": "text",
    "processor_name": "text",
    "output_type": "text",
    "workspace_id": "0",
}
FACTORY_JOB = {
    "createTime": 1680783636000,
    "createUser": "test_user",
    "jobType": "BATCH",
    "lastInstanceEndTime": 1682519407000,
    "lastInstanceStatus": "success",
    "name": "myJob",
    "startTime": 1680783598000,
    "status": "SCHEDULING",
}
FACTORY_JOB_TABLE = FACTORY_JOB | {"endTime": 1680783598000}


@pytest.fixture
def world() -> World:
    return random_world(
        12, start=NOW, dataset_jobs=200, system_jobs=300, queue_entries=100, dataarts_jobs=600
    )


def types(row: Row) -> dict[str, type]:
    return {name: type(value) for name, value in row.items()}


def assert_like(rows: list[Row], example: Row, table: Row) -> None:
    """Every field of the example is there in some row, with its type; no row has a field of no table."""
    found: dict[str, type] = {}
    for row in rows:
        assert None not in row.values(), "what is not there is left out, and not null"
        found |= types(row)
    assert found.items() <= types(table).items()
    assert types(example).items() <= found.items()


async def every(clouds: Clouds, path: str, scopes: list[Row], name: str) -> list[Row]:
    """The first rows of each scope."""
    rows: list[Row] = []
    for scope in scopes:
        payload = (await clouds.huawei(path, {**scope, "limit": 100}, headers=TOLD_PROJECT)).json()
        rows += payload.get("payload", payload)[name]
    return rows


async def test_dataset_jobs_are_as_documented(world: World) -> None:
    rows: list[Row] = []
    async with Clouds(world) as clouds:
        for dataset in identities.PAI_DATASETS:
            path = f"/api/v1/datasets/{dataset}/datasetjobs"
            answer = (await clouds.pai(path, {"PageSize": 100, "WithLogs": "true"})).json()
            assert types(answer) == {"RequestId": str, "TotalCount": int, "DatasetJobs": list}
            rows += answer["DatasetJobs"]
    assert_like(rows, DATASET_JOB, DATASET_JOB)
    assert all(row["CreateTime"][10] == "T" and len(row["CreateTime"]) == 20 for row in rows)
    assert rows[0]["JobSpec"].startswith('{\\"'), "JSON inside a string, escaped once more"


async def test_logs_come_only_where_they_are_asked_for(world: World) -> None:
    dataset = max(identities.PAI_DATASETS, key=lambda name: len(world.dataset_jobs(name, NOW)))
    path = f"/api/v1/datasets/{dataset}/datasetjobs"
    async with Clouds(world) as clouds:
        plain = (await clouds.pai(path)).json()["DatasetJobs"]
        without = (await clouds.pai(path, {"WithLogs": "false"})).json()["DatasetJobs"]
        with_logs = (await clouds.pai(path, {"WithLogs": "true"})).json()["DatasetJobs"]
    assert plain == without
    assert not any("Logs" in row for row in plain)
    assert all(row["Logs"] for row in with_logs)


async def test_system_jobs_are_as_documented(world: World) -> None:
    scopes: list[Row] = [{"workspace_id": one} for one in identities.OCTOPUS_WORKSPACES]
    async with Clouds(world) as clouds:
        rows = await every(clouds, f"{OCTOPUS}/system-jobs", scopes, "list")
        answer = (await clouds.huawei(f"{OCTOPUS}/system-jobs", {"limit": 1})).json()
    assert_like(rows, SYSTEM_JOB, SYSTEM_JOB_TABLE)
    assert set(answer) == {"meta_info", "payload"}
    assert set(answer["payload"]) == {"list", "page_info"}
    assert answer["payload"]["page_info"] == {
        "offset": 0,
        "limit": 1,
        "total": len(world.system_jobs("0", NOW)),
    }


async def test_queue_entries_are_as_documented(world: World) -> None:
    path = f"{OCTOPUS}/queuing-jobs"
    async with Clouds(world) as clouds:
        internal = await every(clouds, path, [{"queue_type": "INTERNAL"}], "list")
        others = await every(clouds, path, [{"queue_type": "PROCESSOR"}, {"queue_type": "RESIM"}], "list")
    assert_like(internal, INTERNAL_ENTRY, INTERNAL_ENTRY | {"workspace_id": "0"})
    assert_like(
        others, {key: PROCESSOR_ENTRY[key] for key in PROCESSOR_ENTRY if key != "job_type"}, ENTRY_TABLE
    )


async def test_dataarts_jobs_are_as_documented(world: World) -> None:
    scopes: list[Row] = [{"jobType": "BATCH"}, {"jobType": "REAL_TIME"}]
    async with Clouds(world) as clouds:
        rows = await every(clouds, f"{DATAARTS}/jobs", scopes, "jobs")
        answer = (await clouds.huawei(f"{DATAARTS}/jobs", headers=TOLD_PROJECT)).json()
    assert_like(rows, FACTORY_JOB, FACTORY_JOB_TABLE)
    assert types(answer) == {"total": int, "jobs": list}
    assert len(answer["jobs"]) == 10, "the default limit"
    assert {row["jobType"] for row in answer["jobs"]} == {"BATCH"}, "the default type"


FORMS: list[tuple[CurrentTime, Any]] = [
    (CurrentTime.ISO, "2023-11-14T22:13:20Z"),
    (CurrentTime.NUMBER, 1_700_000_000_000),
    (CurrentTime.NUMERIC_STRING, "1700000000000"),
    (CurrentTime.ABSENT, None),
]


@pytest.mark.parametrize(("form", "expected"), FORMS)
async def test_the_time_of_the_request_comes_in_several_forms(form: CurrentTime, expected: object) -> None:
    async with Clouds(settings=Settings(current_time=form)) as clouds:
        answer = await clouds.huawei(f"{OCTOPUS}/system-jobs")
    assert answer.json()["meta_info"].get("current_time") == expected
    assert answer.headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT", "the clouds' own clock"


async def test_places_of_dataarts_are_as_documented(world: World) -> None:
    instance = identities.DATAARTS_INSTANCE
    async with Clouds(world) as clouds:
        instances = (await clouds.huawei(f"{DATAARTS}/instances", {"limit": 20, "offset": 0})).json()
        spaces = (await clouds.huawei(f"{DATAARTS}/workspaces/{instance}", {"limit": 1, "offset": 1})).json()
        nowhere = await clouds.huawei(f"{DATAARTS}/workspaces/another")
    assert instances["count"] == 1
    assert instances["commodity_orders"][0]["resource_id"] == instance
    assert (spaces["count"], spaces["total_page"]) == (2, 2)
    assert [one["id"] for one in spaces["data"]] == [identities.DATAARTS_WORKSPACES[1]]
    assert types(spaces["data"][0]) == {
        **dict.fromkeys(("id", "name", "instance_id", "project_id", "domain_id", "eps_id"), str),
        **dict.fromkeys(("description", "owner_name"), str),
        **dict.fromkeys(("is_default", "member_num", "create_time", "update_time"), int),
    }
    assert nowhere.status_code == 400


async def test_places_of_pai_are_the_worlds(world: World) -> None:
    async with Clouds(world) as clouds:
        workspaces = (await clouds.pai("/api/v1/workspaces")).json()
        datasets = (await clouds.pai("/api/v1/datasets", {"WorkspaceId": "200417"})).json()
    assert types(datasets) == {"RequestId": str, "TotalCount": int, "Datasets": list}
    assert workspaces["Workspaces"] == world.workspaces(NOW)
    assert datasets["Datasets"] == world.datasets("200417", NOW)
    for row in (*workspaces["Workspaces"], *datasets["Datasets"]):
        assert len(row["GmtCreateTime"]) == len("2021-01-21T17:12:35.232Z"), "milliseconds, unlike a job's"
