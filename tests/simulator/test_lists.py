"""Pages, filters, orders, and parameters that are refused."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator import identities
from exporter.simulator.settings import OffsetMeaning, Settings
from exporter.simulator.world import ListingOrder, World, random_world
from exporter.simulator.world.timeline import Row
from tests.simulator.clients import DATAARTS, NOW, OCTOPUS, TOLD_PROJECT, Clouds, Query

DATASET = next(iter(identities.PAI_DATASETS))
JOBS = f"/api/v1/datasets/{DATASET}/datasetjobs"
SYSTEM, QUEUE, FACTORY = f"{OCTOPUS}/system-jobs", f"{OCTOPUS}/queuing-jobs", f"{DATAARTS}/jobs"
WORKSPACE = identities.DATAARTS_WORKSPACES[0]


@pytest.fixture
def world() -> World:
    return random_world(5, start=NOW, dataset_jobs=300, system_jobs=300, queue_entries=150, dataarts_jobs=400)


async def pai_rows(clouds: Clouds, query: Query) -> list[Row]:
    rows: list[Row] = (await clouds.pai(JOBS, {"PageSize": 100, **query})).json()["DatasetJobs"]
    return rows


async def octopus_rows(clouds: Clouds, query: Query, path: str = SYSTEM) -> list[Row]:
    rows: list[Row] = (await clouds.huawei(path, {"limit": 200, **query})).json()["payload"]["list"]
    return rows


async def factory_answer(clouds: Clouds, query: Query, workspace: str | None = WORKSPACE) -> Any:
    headers = TOLD_PROJECT | ({"workspace": workspace} if workspace else {})
    return (await clouds.huawei(FACTORY, query, headers=headers)).json()


async def walk_pai(clouds: Clouds, size: int) -> tuple[list[Row], set[int]]:
    rows: list[Row] = []
    totals = set()
    for number in range(1, 1000):
        page = (await clouds.pai(JOBS, {"PageNumber": number, "PageSize": size})).json()
        totals.add(page["TotalCount"])
        rows += page["DatasetJobs"]
        if not page["DatasetJobs"]:
            break
        assert len(page["DatasetJobs"]) <= size
    return rows, totals


async def walk_octopus(clouds: Clouds, size: int) -> tuple[list[Row], set[int]]:
    rows: list[Row] = []
    totals = set()
    while True:
        query: Query = {"queue_type": "PROCESSOR", "limit": size, "offset": len(rows)}
        page = (await clouds.huawei(QUEUE, query)).json()["payload"]
        totals.add(page["page_info"]["total"])
        rows += page["list"]
        if not page["list"]:
            return rows, totals


async def walk_factory(clouds: Clouds, size: int) -> tuple[list[Row], set[int]]:
    rows: list[Row] = []
    totals = set()
    for number in range(1000):
        pages = clouds.settings.dataarts_offset is OffsetMeaning.PAGES
        page = await factory_answer(clouds, {"limit": size, "offset": number if pages else number * size})
        totals.add(page["total"])
        rows += page["jobs"]
        if not page["jobs"]:
            break
    return rows, totals


@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 100),
    order=st.sampled_from(ListingOrder),
    meaning=st.sampled_from(OffsetMeaning),
)
@settings(max_examples=25, deadline=None)
def test_pages_together_are_the_list_and_the_total_its_length(
    seed: int, size: int, order: ListingOrder, meaning: OffsetMeaning
) -> None:
    async def check() -> None:
        world = random_world(seed, start=NOW, most=40)
        async with Clouds(world, Settings(order=order, dataarts_offset=meaning)) as clouds:
            jobs, totals = await walk_pai(clouds, size)
            assert jobs == world.dataset_jobs(DATASET, NOW, order)
            assert totals == {len(jobs)}
            entries, totals = await walk_octopus(clouds, size)
            assert entries == world.queue("PROCESSOR", NOW, order)
            assert totals == {len(entries)}
            factory, totals = await walk_factory(clouds, size)
            assert factory == world.dataarts_jobs(WORKSPACE, "BATCH", NOW, order)
            assert totals == {len(factory)}

    asyncio.run(check())


async def test_brings_a_page_size_of_pai_down_without_a_word(world: World) -> None:
    async with Clouds(world, Settings(pai_most_page_size=7)) as clouds:
        page = (await clouds.pai(JOBS, {"PageSize": 5000, "PageNumber": 2})).json()
    assert page["DatasetJobs"] == world.dataset_jobs(DATASET, NOW)[7:14]


async def test_filters_dataset_jobs(world: World) -> None:
    truth = world.dataset_jobs(DATASET, NOW)
    filters = {
        "Status": "Running",
        "JobAction": "SemanticIndex",
        "DatasetVersion": "v1",
        "WorkspaceId": "200417",
    }
    async with Clouds(world) as clouds:
        for name, value in filters.items():
            expected = [row for row in truth if row[name] == value]
            assert await pai_rows(clouds, {name: value}) == expected
        both = await pai_rows(clouds, {"Status": "Running", "DatasetVersion": "v1"})
    assert both == [row for row in truth if (row["Status"], row["DatasetVersion"]) == ("Running", "v1")]


async def test_sorts_dataset_jobs(world: World) -> None:
    async with Clouds(world, Settings(order=ListingOrder.HASH)) as clouds:
        usual = await pai_rows(clouds, {})
        for name in ("Status", "JobAction", "CreateTime"):
            up = await pai_rows(clouds, {"SortBy": name, "Order": "ASC"})
            down = await pai_rows(clouds, {"SortBy": name})
            assert [row[name] for row in up] == sorted(row[name] for row in up)
            assert [row[name] for row in down] == sorted((row[name] for row in down), reverse=True)
        finished = [row.get("FinishTime", "9") for row in await pai_rows(clouds, {"SortBy": "FinishTime"})]
        assert [row["CreateTime"] for row in await pai_rows(clouds, {"Order": "ASC"})] == sorted(
            row["CreateTime"] for row in usual
        )
    assert finished == sorted(finished, reverse=True)
    assert usual == world.dataset_jobs(DATASET, NOW, ListingOrder.HASH)


async def test_lists_the_datasets_of_one_workspace(world: World) -> None:
    async def ids(query: Query) -> list[str]:
        answer = (await clouds.pai("/api/v1/datasets", query)).json()
        assert answer["TotalCount"] == len(answer["Datasets"])
        return [row["DatasetId"] for row in answer["Datasets"]]

    places = identities.PAI_DATASETS
    async with Clouds(world) as clouds:
        assert await ids({}) == [name for name, place in places.items() if place[0] == "145883"], (
            "the default one"
        )
        assert await ids({"WorkspaceId": "200417"}) == [
            name for name in places if places[name][0] == "200417"
        ]
        assert await ids({"Edition": "LOGICAL"}) == ["d-demo00fusion000all00"]
        assert await ids({"Name": "lidar"}) == ["d-demo00lidar0000top00"]
        assert await ids({"DatasetIds": f"{DATASET},d-other"}) == [DATASET]
        assert await ids({"Order": "DESC"}) == list(reversed(await ids({})))
        assert await ids({"WorkspaceId": "1"}) == []


async def test_lists_workspaces_by_name_id_and_status(world: World) -> None:
    async def ids(query: Query) -> list[str]:
        answer = (await clouds.pai("/api/v1/workspaces", query)).json()
        return [row["WorkspaceId"] for row in answer["Workspaces"]]

    async with Clouds(world) as clouds:
        assert await ids({"WorkspaceName": "speech"}) == ["200417"]
        assert await ids({"WorkspaceIds": "145883,1"}) == ["145883"]
        assert await ids({"Status": "DISABLED"}) == []
        assert await ids({"SortBy": "GmtModifiedTime", "Order": "DESC"}) == ["200417", "145883"]


async def test_filters_system_jobs(world: World) -> None:
    truth = world.system_jobs("0", NOW)
    some = truth[0]
    middle = sorted(row["create_at"] for row in truth)[len(truth) // 2]
    cases: list[tuple[Query, list[Row]]] = [
        ({"id": some["id"]}, [some]),
        ({"data_id": some["data_id"]}, [row for row in truth if row["data_id"] == some["data_id"]]),
        ({"statuses": "RUNNING"}, [row for row in truth if row["status"] == "RUNNING"]),
        (
            {"statuses": ["RUNNING", "QUEUING"]},
            [row for row in truth if row["status"] in {"RUNNING", "QUEUING"}],
        ),
        ({"statuses": "RUNNING,QUEUING"}, []),
        (
            {"job_types": ["FRAME_EXTRACT", "PACKAGE_IMPORT"]},
            [row for row in truth if row["job_type"] in {"FRAME_EXTRACT", "PACKAGE_IMPORT"}],
        ),
        ({"start_time": middle}, [row for row in truth if row["create_at"] >= middle]),
        ({"end_time": middle}, [row for row in truth if row["update_at"] <= middle]),
        ({"workspace_id": "7"}, world.system_jobs("7", NOW)),
        ({"workspace_id": "nowhere"}, []),
    ]
    async with Clouds(world) as clouds:
        for query, expected in cases:
            assert await octopus_rows(clouds, query) == expected, query
    assert 0 < len(cases[6][1]) < len(truth)
    assert 0 < len(cases[7][1]) < len(truth)


async def test_sorts_system_jobs(world: World) -> None:
    async with Clouds(world) as clouds:
        for word, order in (
            ("CREATE_ASC", ListingOrder.CREATED_ASCENDING),
            ("CREATE_DESC", ListingOrder.CREATED_DESCENDING),
            ("UPDATE_ASC", ListingOrder.UPDATED_ASCENDING),
            ("UPDATE_DESC", ListingOrder.UPDATED_DESCENDING),
        ):
            assert await octopus_rows(clouds, {"sort": word}) == world.system_jobs("0", NOW, order)


async def test_filters_queues(world: World) -> None:
    truth = world.queue("PROCESSOR", NOW)
    some = truth[0]
    names = ("job_id", "data_id", "output_type", "processor_name")
    async with Clouds(world) as clouds:
        for name in names:
            expected = [row for row in truth if row[name] == some[name]]
            assert (
                await octopus_rows(clouds, {"queue_type": "PROCESSOR", name: some[name]}, QUEUE) == expected
            )
        cluster = {"cluster_type": "MODELARTS", "cluster_id": some["cluster_id"]}
        rows = await octopus_rows(clouds, {"queue_type": "PROCESSOR", **cluster}, QUEUE)
    assert rows == [row for row in truth if row["cluster_type"] == "MODELARTS"]


async def test_lists_dataarts_jobs_of_one_workspace_and_type(world: World) -> None:
    first, second = identities.DATAARTS_WORKSPACES
    async with Clouds(world) as clouds:
        default = await factory_answer(clouds, {"limit": 100}, workspace=None)
        other = await factory_answer(clouds, {"limit": 100, "jobType": "REAL_TIME"}, workspace=second)
        unknown = await factory_answer(clouds, {}, workspace="nowhere")
        name = default["jobs"][0]["name"]
        fuzzy = await factory_answer(clouds, {"jobName": name[2:-1]})
        tagged = await factory_answer(clouds, {"tags": "a,b"})
    assert default["jobs"] == world.dataarts_jobs(first, "BATCH", NOW)[:100]
    assert other["jobs"] == world.dataarts_jobs(second, "REAL_TIME", NOW)[:100]
    assert unknown == {"error_code": "DLF.3051", "error_msg": "Workspace does not exists"}
    assert name in {row["name"] for row in fuzzy["jobs"]}
    assert tagged == {"total": 0, "jobs": []}


REFUSED: list[tuple[str, Query, str]] = [
    (JOBS, {"PageNumber": 0}, "InvalidParameter"),
    (JOBS, {"PageSize": "ten"}, "InvalidParameter"),
    (JOBS, {"Order": "UP"}, "InvalidParameter"),
    (JOBS, {"SortBy": "Weight"}, "InvalidParameter"),
    (JOBS, {"WithLogs": "perhaps"}, "InvalidParameter"),
    ("/api/v1/datasets", {"SortBy": "Weight"}, "InvalidParameter"),
    (SYSTEM, {"limit": 0}, "octopus.400000"),
    (SYSTEM, {"limit": 201}, "octopus.400000"),
    (SYSTEM, {"offset": -1}, "octopus.400000"),
    (SYSTEM, {"sort": "NAME"}, "octopus.400000"),
    (SYSTEM, {"id": "x"}, "octopus.400000"),
    (SYSTEM, {"start_time": 1_700_000_000}, "octopus.400000"),
    (SYSTEM, {"end_time": 2_000_000_000_001}, "octopus.400000"),
    (SYSTEM, {"statuses": ["RUNNING"] * 21}, "octopus.400000"),
    (SYSTEM, {"job_types": ["PACKAGE_IMPORT"] * 21}, "octopus.400000"),
    (QUEUE, {}, "octopus.400000"),
    (QUEUE, {"queue_type": ""}, "octopus.400000"),
    (QUEUE, {"queue_type": "DESENSITIZATION"}, "octopus.400000"),
    (QUEUE, {"queue_type": "INTERNAL", "limit": 201}, "octopus.400000"),
    (QUEUE, {"queue_type": "PROCESSOR", "cluster_type": "MODELARTS"}, "octopus.400000"),
    (FACTORY, {"jobType": "ALL"}, "DLF.3051"),
    (FACTORY, {"limit": 101}, "DLF.3051"),
    (FACTORY, {"limit": 0}, "DLF.3051"),
    (FACTORY, {"offset": -1}, "DLF.3051"),
]


@pytest.mark.parametrize(("path", "query", "code"), REFUSED)
async def test_refuses_parameters(path: str, query: Mapping[str, Any], code: str) -> None:
    async with Clouds(random_world(1, start=NOW, most=5)) as clouds:
        if path.startswith("/api/"):
            answer = await clouds.pai(path, query)
        else:
            answer = await clouds.huawei(path, query, headers=TOLD_PROJECT)
    told = answer.json()
    assert (answer.status_code, told.get("Code", told.get("error_code"))) == (400, code)


async def test_refuses_a_dataset_that_does_not_exist() -> None:
    async with Clouds() as clouds:
        answer = await clouds.pai("/api/v1/datasets/d-nothing/datasetjobs")
        lost = await clouds.pai("/api/v1/datasets")
    assert (answer.status_code, answer.json()["Code"]) == (404, "ResourceNotFound")
    assert (lost.status_code, lost.json()["Code"]) == (400, "InvalidParameter"), "no default workspace"


async def test_a_larger_limit_of_dataarts_is_a_setting(world: World) -> None:
    async with Clouds(world, Settings(dataarts_most_limit=1000)) as clouds:
        answer = await factory_answer(clouds, {"limit": 1000})
    assert answer["jobs"] == world.dataarts_jobs(WORKSPACE, "BATCH", NOW)
