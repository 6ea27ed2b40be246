import httpx
import pytest

from exporter.apis.dataarts_jobs import API, BATCH, ELSEWHERE, NEWER_RUNS, REAL_TIME, RUNS, WORDS, Options
from exporter.apis.paging import Walk
from exporter.assembly import assemble
from exporter.client import Request
from exporter.config import Config
from exporter.config import Source as Settings
from exporter.credentials import FixedSecret, HuaweiKeys, Secret
from exporter.errors import SourceError
from exporter.instruments import Instruments
from exporter.model import Job, LastRun, Phase
from tests.apis.cases import CASES, NOW, Case, answer, sample, walks
from tests.fakes import ENDPOINT, dated, the_settings
from tests.turned import TURNED, Backend

ONE = Options(project_id="p", workspaces=("w1",), job_types=("BATCH",))


CASE = CASES["dataarts_jobs"]


@pytest.fixture
def anyio_backend() -> Backend:
    return TURNED


async def the_walk(options: Options = ONE) -> Walk:
    [walk] = await walks("dataarts_jobs", options)
    return walk


async def the_job(**row: object) -> Job:
    """Return what one row becomes."""
    page = (await the_walk()).decode(answer({"total": 1, "jobs": [{"name": "load"} | row]}))
    [job] = page.items
    assert isinstance(job, Job)
    return job


async def test_the_vendors_example_becomes_a_job() -> None:
    page = (await the_walk()).decode(answer(sample("dataarts_jobs")))
    assert (page.total, page.now) == (1, NOW)
    assert page.items == [
        Job(
            key="w1/myJob",
            name="myJob",
            workspace="w1",
            job_type="BATCH",
            status="SCHEDULING",
            phase=Phase.SCHEDULED,
            created=1680783636.0,
            ended=None,
            changed=1682519407.0,
            settled=True,
            last_run=LastRun(status="success", phase=Phase.SUCCEEDED, ended=1682519407.0),
        )
    ]


def test_every_documented_status_has_its_phase() -> None:
    assert {name: phase.value for name, phase in (BATCH | REAL_TIME | ELSEWHERE).items()} == {
        "SCHEDULING": "scheduled",
        "STOPPED": "stopped",
        "PAUSED": "paused",
        "STARTING": "starting",
        "NORMAL": "running",
        "EXCEPTION": "failed",
        "STOPPING": "stopping",
        "PAUSE": "paused",
        "ABNORMAL": "failed",
        "DISABLE": "stopped",
        "OVERLOAD": "running",
        "INIT": "starting",
    }
    assert dict(WORDS.statuses_of("BATCH")) == BATCH
    assert dict(WORDS.statuses_of("REAL_TIME")) == REAL_TIME


def test_every_documented_result_has_its_phase() -> None:
    assert {name: phase.value for name, phase in (RUNS | NEWER_RUNS).items()} == {
        "waiting": "queued",
        "running": "running",
        "success": "succeeded",
        "fail": "failed",
        "running-exception": "failed",
        "pause": "paused",
        "manual-stop": "stopped",
        "forceSuccess": "succeeded",
        "ignoreSuccess": "succeeded",
        "freeze": "paused",
        "skip-by-depend": "stopped",
        "waiting-confirm": "queued",
    }
    assert dict(WORDS.runs_of("BATCH")) == RUNS
    assert dict(WORDS.runs_of("REAL_TIME")) == {}


@pytest.mark.parametrize("status", BATCH | REAL_TIME | ELSEWHERE)
@pytest.mark.parametrize("job_type", ["BATCH", "REAL_TIME"])
async def test_every_documented_word_is_known(status: str, job_type: str) -> None:
    job = await the_job(status=status, jobType=job_type)
    assert (job.status, job.job_type, job.unknown) == (status, job_type, ())


@pytest.mark.parametrize("result", RUNS | NEWER_RUNS)
async def test_every_documented_result_is_known(result: str) -> None:
    job = await the_job(status="SCHEDULING", jobType="BATCH", lastInstanceStatus=result)
    assert job.unknown == ()
    assert job.last_run is not None
    assert (job.last_run.status, job.last_run.ended) == (result, None)


async def test_words_that_are_new_are_counted_by_their_field() -> None:
    job = await the_job(status="DREAMING", jobType="QUANTUM", lastInstanceStatus="perhaps")
    assert job.unknown == ("status", "job_type", "lastInstanceStatus")
    assert (job.status, job.job_type, job.phase) == ("DREAMING", "QUANTUM", Phase.UNKNOWN)
    assert job.last_run == LastRun(status="perhaps", phase=Phase.UNKNOWN, ended=None)


@pytest.mark.parametrize("result", [{}, {"lastInstanceStatus": None}, {"lastInstanceStatus": ""}])
async def test_a_job_that_never_ran_has_no_last_run(result: dict[str, object]) -> None:
    assert (await the_job(status="STOPPED", **result)).last_run is None


async def test_no_end_is_made_of_the_configured_end_of_the_schedule() -> None:
    job = await the_job(status="STOPPED", startTime=1_680_783_598_000, endTime=4_102_444_800_000)
    assert (job.ended, job.submitting, job.running, job.changed) == (None, None, None, None)


@pytest.mark.parametrize(
    ("times", "changed"),
    [
        ({"lastInstanceEndTime": 5000, "lastUpdateTime": 7000}, 7.0),
        ({"lastInstanceEndTime": 9000, "lastUpdateTime": 7000}, 9.0),
        ({"lastUpdateTime": 7000}, 7.0),
        ({}, None),
    ],
)
async def test_the_newest_change_is_the_later_of_run_and_update(
    times: dict[str, object], changed: float | None
) -> None:
    assert (await the_job(lastInstanceStatus="success", **times)).changed == changed


async def test_names_are_keys_within_their_workspace() -> None:
    found = await walks(
        "dataarts_jobs", Options(project_id="p", workspaces=("w1", "w2"), job_types=("BATCH",))
    )
    body = answer({"total": 1, "jobs": [{"name": "load"}]})
    assert [walk.decode(body).items[0].key for walk in found] == ["w1/load", "w2/load"]


async def test_the_workspace_is_a_header_and_the_job_type_a_parameter() -> None:
    assert (await the_walk()).request(0, 100) == Request(
        path="/v1/p/jobs",
        params=(("jobType", "BATCH"), ("limit", "100"), ("offset", "0")),
        headers={"workspace": "w1"},
    )


async def test_without_a_workspace_the_default_one_is_read() -> None:
    walk = await the_walk(Options(project_id="p", job_types=("REAL_TIME",)))
    assert walk.request(0, 100).headers == {}
    assert walk.decode(answer({"total": 1, "jobs": [{"name": "x"}]})).items[0].workspace == "default"


async def test_there_is_a_walk_for_each_workspace_and_job_type() -> None:
    found = await walks("dataarts_jobs", Options(project_id="p", workspaces=("w1", "w2")))
    asked = [(walk.request(0, 100).headers["workspace"], dict(walk.request(0, 100).params)) for walk in found]
    assert [(workspace, query["jobType"]) for workspace, query in asked] == [
        ("w1", "BATCH"),
        ("w1", "REAL_TIME"),
        ("w2", "BATCH"),
        ("w2", "REAL_TIME"),
    ]


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("cn-north-4", "https://dayu-dlf.cn-north-4.myhuaweicloud.com"),
        ("cn-east-4", "https://dayu.cn-east-4.myhuaweicloud.com"),
    ],
)
def test_the_endpoint_is_that_of_the_region(region: str, endpoint: str) -> None:
    assert API.endpoint(region) == endpoint


@pytest.mark.parametrize("body", [{"total": 0}, {"total": 0, "jobs": None}, {"jobs": []}])
async def test_total_and_jobs_are_mandatory(body: dict[str, object]) -> None:
    with pytest.raises(SourceError, match=r"not the documented answer"):
        (await the_walk()).decode(answer(body))


KEYS = HuaweiKeys(
    access_key=FixedSecret(Secret("AKID")),
    secret_key=FixedSecret(Secret("secret")),
    security_token=FixedSecret(Secret("token//+==")),
)


async def sent_by_assembly(case: Case, credentials: object) -> list[httpx.Request]:
    """Scrape a source as it is put together from a configuration; return what it sent."""
    sent: list[httpx.Request] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=case.body([], 0), headers=dated(NOW))

    def connect(endpoint: str, settings: Settings) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url=endpoint)

    settings = the_settings(case.api, case.options, credentials=credentials, endpoint=ENDPOINT)
    scraper = assemble(Config(sources=(settings,)), Instruments(), connect)
    [result] = await scraper.scrape(scraper.names, None)
    await scraper.aclose()
    assert result.error is None
    return sent


@pytest.mark.parametrize("api", ["dataarts_jobs", "octopus_system_jobs", "octopus_queuing_jobs"])
async def test_signed_requests_name_the_project_and_sign_that_and_the_workspace(api: str) -> None:
    """Without X-Project-Id, DataArts may say that the workspace does not exist."""
    [request] = await sent_by_assembly(CASES[api], KEYS)
    assert request.headers["x-project-id"] == "p"
    assert request.headers["x-security-token"] == "token//+=="
    signed = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-project-id", "x-sdk-date", "x-security-token"} <= set(signed)
    assert ("workspace" in signed) is (api == "dataarts_jobs")
