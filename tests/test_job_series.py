from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from exporter import job_series
from exporter.apis import APIS
from exporter.apis.octopus_system_jobs import STATUSES
from exporter.apis.pai_dataset_jobs import Options as PaiOptions
from exporter.assembly import assemble
from exporter.commands.demo import configuration
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.errors import Reason, SourceError
from exporter.instruments import Instruments
from exporter.labels import LONGEST, label
from exporter.metrics import CATALOGUE
from exporter.model import ACTIVE, FileCounts, Job, LastRun, Phase
from exporter.scrape import Result
from exporter.simulator.app import build
from exporter.simulator.identities import OCTOPUS_WORKSPACES
from exporter.simulator.settings import Settings as Clouds
from exporter.simulator.world.living import living_world
from tests.apis.cases import CASES, NOW, Case, List, Row
from tests.fakes import a_source, dated, the_settings, within
from tests.scraped import Series, samples, series
from tests.showing import families
from tests.turned import TURNED, Backend

PER_JOB = {family.name for family in CATALOGUE if family.name.startswith("datajobs_job_")}
START = 1_900_000_000.0
DROPPED = "datajobs_job_series_dropped"
PAI, OCTOPUS, QUEUES, DATAARTS = CASES


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


def rows(case: Case, *changes: Row) -> List:
    """Return the list of a case with a row for each of these changes."""
    return List(case, [case.row(number) | mine for number, mine in enumerate(changes)])


async def scraped(settings: Settings, fake: List) -> dict[Series, float]:
    """Return the series about single jobs of one scrape, as whoever scrapes reads them."""
    source = a_source(settings, fake)
    snapshot = await source.collect(within(30))
    result = Result(source=source, error=None, snapshot=snapshot, last_success=NOW, duration=0.1)
    found = samples(families([result]))
    return {key: value for key, value in found.items() if key[0] in PER_JOB}


async def of(case: Case, per_job: int, *changes: Row, **options: Any) -> dict[Series, float]:
    return await scraped(
        the_settings(case.api, case.options, per_job=per_job, **options), rows(case, *changes)
    )


def about(api: str, **labels: str) -> dict[str, str]:
    return {"api": api, "source": api, **labels}


def test_the_family_is_in_the_catalogue() -> None:
    assert {
        "datajobs_job_info",
        "datajobs_job_file_completion_ratio",
        "datajobs_job_running_duration_seconds",
        "datajobs_job_last_run_finished_timestamp_seconds",
        DROPPED,
    } == PER_JOB


@pytest.mark.parametrize("api", APIS)
async def test_by_default_no_job_has_series_of_its_own(api: str) -> None:
    case = CASES[api]
    settings = the_settings(api, case.options)
    assert settings.per_job == 0
    active = {case.status: "Running" if api == PAI else "RUNNING"} if case.status else {}
    assert await scraped(settings, rows(case, active)) == {}


async def test_a_dataset_job_tells_how_far_its_files_are() -> None:
    counts = {"TotalFileCount": 8, "CompletedFileCount": 2, "FailedFileCount": 1}
    found = await of(
        CASES[PAI],
        5,
        {"Status": "Running", **counts},
        {"Status": "Pending", "TotalFileCount": 0, "CompletedFileCount": 0},
        {"Status": "Succeeded", **counts},
    )
    place = about(PAI, workspace="145883", dataset="d-1")
    first, second = place | {"job_id": "dsjob-0"}, place | {"job_id": "dsjob-1"}
    kind = {"job_type": "SemanticIndex"}
    assert found == {
        series("datajobs_job_info", first | kind | {"status": "Running", "phase": "running"}): 1.0,
        series("datajobs_job_info", second | kind | {"status": "Pending", "phase": "queued"}): 1.0,
        series("datajobs_job_file_completion_ratio", first): 0.25,
        series(DROPPED, about(PAI)): 0.0,
    }


async def test_a_system_job_tells_for_how_long_it_has_run() -> None:
    found = await of(
        CASES[OCTOPUS],
        5,
        {"status": "RUNNING", "running_duration": 90_500, "create_at": 2000},
        {"status": "QUEUING", "create_at": 1000},
        {"status": "RUNNING", "running_duration": -1, "create_at": 3000},
    )
    place = about(OCTOPUS, workspace="0")
    assert {key: value for key, value in found.items() if key[0] != "datajobs_job_info"} == {
        series("datajobs_job_running_duration_seconds", place | {"job_id": "0"}): 90.5,
        series(DROPPED, about(OCTOPUS)): 0.0,
    }
    assert {dict(labels)["job_id"] for name, labels in found if name == "datajobs_job_info"} == {
        "0",
        "1",
        "2",
    }


async def test_a_factory_job_is_told_by_its_name_with_its_last_run() -> None:
    found = await of(
        CASES[DATAARTS],
        5,
        {"name": "每日", "lastInstanceStatus": "fail", "lastInstanceEndTime": 1_682_519_407_000},
        {"name": "new"},
    )
    place = about(DATAARTS, workspace="w")
    schedule = {"job_type": "BATCH", "status": "SCHEDULING", "phase": "scheduled"}
    run = {"last_run_status": "fail", "last_run_phase": "failed"}
    assert found == {
        series("datajobs_job_info", place | schedule | run | {"job_name": "每日"}): 1.0,
        series("datajobs_job_info", place | schedule | {"job_name": "new"}): 1.0,
        series(
            "datajobs_job_last_run_finished_timestamp_seconds", place | {"job_name": "每日"}
        ): 1_682_519_407.0,
        series(DROPPED, about(DATAARTS)): 0.0,
    }


async def test_places_in_a_queue_are_no_jobs() -> None:
    assert await of(CASES[QUEUES], 5, {}, {}) == {}


async def test_the_oldest_of_all_lists_of_a_source_are_told_and_the_rest_is_counted() -> None:
    options = PaiOptions(datasets=("d-1", "d-2", "d-3"), workspace_id="145883")
    fake = rows(
        CASES[PAI], *({"Status": "Running", "CreateTime": f"2023-06-2{day}T00:00:00Z"} for day in (3, 1, 2))
    )
    # The same ids in each dataset: they are different jobs.
    found = await scraped(the_settings(PAI, options, per_job=4), fake)
    told = [dict(labels) for name, labels in found if name == "datajobs_job_info"]
    assert sorted((labels["job_id"], labels["dataset"]) for labels in told) == [
        ("dsjob-1", "d-1"),
        ("dsjob-1", "d-2"),
        ("dsjob-1", "d-3"),
        ("dsjob-2", "d-1"),
    ]
    assert found[series(DROPPED, about(PAI))] == 5.0


async def test_a_list_that_is_not_complete_tells_of_what_was_listed() -> None:
    case = CASES[OCTOPUS]
    fake = List(case, [case.row(number) | {"status": "RUNNING"} for number in range(3)], total=7)
    found = await scraped(the_settings(OCTOPUS, case.options, per_job=2), fake)
    assert found[series(DROPPED, about(OCTOPUS))] == 1.0
    assert len([name for name, _ in found if name == "datajobs_job_info"]) == 2


async def test_while_numbers_are_absent_so_is_what_was_dropped() -> None:
    source = a_source(the_settings(OCTOPUS, CASES[OCTOPUS].options, per_job=2), rows(CASES[OCTOPUS]))
    failed = SourceError(Reason.SERVER, "down")
    result = Result(source=source, error=failed, snapshot=None, last_success=None, duration=0.1)
    assert not PER_JOB & {family.name for family in families([result])}


async def test_a_cloud_that_mixes_up_its_lists_makes_no_series_twice() -> None:
    case = CASES[DATAARTS]
    options = type(case.options)(project_id="p", workspaces=("w",))

    async def the_same_for_all(_: httpx.Request) -> httpx.Response:
        body = case.body([case.row(0), case.row(1)], 2)
        return httpx.Response(200, json=body, headers=dated(NOW))

    source = a_source(the_settings(DATAARTS, options, per_job=5), the_same_for_all)
    snapshot = await source.collect(within(30))
    assert not snapshot.complete
    assert [job.name for job in snapshot.tally.shortlist.jobs] == ["job_0", "job_1"]
    assert snapshot.tally.shortlist.dropped == 0


class Sighting(NamedTuple):
    """What a page that lists a job says of it."""

    created: int
    job_id: str
    workspace: str
    status: str


async def test_of_a_living_world_the_oldest_active_jobs_are_told() -> None:
    world, most = living_world(7, START, jobs=300), 6
    app = build(world, Clouds(clock=lambda: START, tolerance=float("inf")))

    def connect(endpoint: str, _: Settings) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=endpoint)

    [octopus] = [source for source in configuration("http://simulated").sources if source.api == OCTOPUS]
    config = Config(sources=(msgspec.structs.replace(octopus, per_job=most),))
    scraper = assemble(config, Instruments(), connect)
    found = samples(families(await scraper.scrape(scraper.names, None)))
    await scraper.aclose()
    active = sorted(
        Sighting(row["create_at"], str(row["id"]), workspace, row["status"])
        for workspace in OCTOPUS_WORKSPACES
        for row in world.system_jobs(workspace, START)
        if STATUSES[row["status"]] in ACTIVE
    )
    assert {sighting.workspace for sighting in active[:most]} == set(OCTOPUS_WORKSPACES)
    told = [dict(labels) for name, labels in found if name == "datajobs_job_info"]
    assert len(told) == most
    assert {(labels["job_id"], labels["workspace"], labels["status"]) for labels in told} == {
        sighting[1:] for sighting in active[:most]
    }
    [dropped] = [value for (name, _), value in found.items() if name == DROPPED]
    assert dropped == len(active) - most > 0


@pytest.mark.parametrize("text", ["", "dsjob-1", "a b", "每日 任务", '"\\\n'[:2], "😀" * 200])
def test_a_fit_text_is_a_label_as_it_is(text: str) -> None:
    assert label(text) == text


@pytest.mark.parametrize(
    "text", ["a\nb", "a\0", "\x7f", "\x85", "\u2028", "\ud800", "x" * 201, "y\n" * 5000, "\n" * 200]
)
def test_any_other_text_becomes_one_short_line_of_utf_8(text: str) -> None:
    found = label(text)
    assert len(found) <= LONGEST
    assert len(found.splitlines()) == 1
    assert found.encode().decode() == found
    assert found == label(text)


def test_texts_that_differ_beyond_what_is_shown_stay_different() -> None:
    texts = ["x" * 500 + sign for sign in "ab"] + ["a\nb", "a\tb", "a\N{REPLACEMENT CHARACTER}b"]
    assert len({label(text) for text in texts}) == len(texts)


async def test_free_text_of_a_cloud_harms_neither_format_nor_size() -> None:
    found = await of(
        CASES[OCTOPUS],
        5,
        {"id": "i" * 5000, "status": "RUNNING", "job_type": 'evil"\\\n' * 100},
        {"id": "i" * 4999, "status": "RUNNING", "job_type": "\0"},
    )
    told = [dict(labels) for name, labels in found if name == "datajobs_job_info"]
    assert len({labels["job_id"] for labels in told}) == 2
    assert all(len(value) <= LONGEST for labels in told for value in labels.values())


def test_what_a_job_does_not_tell_makes_no_sample() -> None:
    bare = Job(key=1, workspace="0", job_type="T", status="s", phase=Phase.RUNNING)
    partly = Job(
        key=1,
        workspace="0",
        job_type="T",
        status="s",
        phase=Phase.RUNNING,
        files=FileCounts(expected=5),
        last_run=LastRun(status="s", phase=Phase.RUNNING),
    )
    for job in (bare, partly):
        assert [read(job) for read in job_series.VALUES.values()] == [None] * len(job_series.VALUES)


def test_more_files_than_expected_are_all_of_them() -> None:
    job = Job(
        key=1,
        workspace="0",
        job_type="T",
        status="s",
        phase=Phase.RUNNING,
        files=FileCounts(expected=5, completed=9),
    )
    assert job_series.completion(job) == 1.0
