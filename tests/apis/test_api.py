import re

import httpx
import pytest

from exporter.apis import APIS, dataarts_jobs, pai_dataset_jobs
from exporter.apis.api import Api, sentence
from exporter.clouds.huawei_errors import explain_login
from exporter.errors import Reason, SourceError

EVERY = pytest.mark.parametrize("api", APIS.values(), ids=list(APIS))


@EVERY
@pytest.mark.parametrize("reason", Reason)
def test_each_failure_has_advice_in_whole_sentences(api: Api, reason: Reason) -> None:
    [advice] = api.advice(SourceError(reason, "it failed"))
    assert advice == api.cures.get(reason, reason.cure)
    assert re.fullmatch(r"[A-Z].*\.", advice)


@EVERY
def test_each_api_names_the_right_to_grant_and_its_host(api: Api) -> None:
    host = api.endpoint("REGION").removeprefix("https://")
    assert host in api.cures[Reason.CONNECTION]
    assert re.search(r"paidataset:List|octopus:\w+:list|DAYU User", api.cures[Reason.PERMISSION])


def test_what_the_cloud_tells_comes_first() -> None:
    error = SourceError(Reason.AUTHENTICATION, "m", hint="check secret_key; does a proxy change it?")
    advice = dataarts_jobs.API.advice(error)
    assert advice == ("Check secret_key; does a proxy change it?", Reason.AUTHENTICATION.cure)


def test_of_the_right_to_grant_the_api_knows_more_than_the_cloud() -> None:
    error = SourceError(Reason.PERMISSION, "m", hint="give the IAM user one of these rights")
    assert dataarts_jobs.API.advice(error) == (dataarts_jobs.CURES[Reason.PERMISSION],)


@EVERY
def test_where_the_endpoint_is_set_it_is_what_to_check(api: Api) -> None:
    error = SourceError(Reason.CONNECTION, "m")
    assert api.advice(error, "https://gateway.example") == (
        "Check endpoint (https://gateway.example), and DNS, proxies and firewalls on the way to it.",
    )


@EVERY
def test_an_error_that_knows_better_what_to_do_has_the_only_word(api: Api) -> None:
    error = SourceError(Reason.CONNECTION, "m", hint="do this", cures=("Do that.",))
    assert api.advice(error.copy(), "https://gateway.example") == ("Do that.",)


@EVERY
@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (403, "Is this IAM user enabled, with programmatic access and a role in the project?"),
        (400, "Check username, domain and project_id."),
        (404, "Check project_id and iam_endpoint."),
        (429, "Too many logins: let sources share credentials, or scrape less often."),
        (302, "This is the login: check that iam_endpoint is IAM and no proxy's page."),
    ],
)
def test_a_login_has_cures_of_its_own_whatever_is_listed(api: Api, status: int, cure: str) -> None:
    error = explain_login(status, httpx.Headers(), b"", what="POST https://iam.test/v3/auth/tokens")
    assert api.advice(error) == (cure,)
    assert "https://iam.test/v3/auth/tokens" in error.fact


def test_the_one_rate_limit_that_is_documented_is_that_of_dataarts() -> None:
    limits = {name: api.rate_limit and api.rate_limit.per_user for name, api in APIS.items()}
    assert limits == {**dict.fromkeys(APIS, None), "dataarts_jobs": 30}
    assert dataarts_jobs.RATE_LIMIT.per_api == 300


def test_datasets_are_discovered_as_often_as_the_option_says() -> None:
    options = pai_dataset_jobs.Options(datasets="discover", workspace_id="1", discovery_interval=90)
    assert pai_dataset_jobs.API.planned_for(options) == 90
    assert dataarts_jobs.API.planned_for(dataarts_jobs.Options(project_id="p")) == 0


@pytest.mark.parametrize(
    ("words", "expected"), [("set it", "Set it."), ("Is it?", "Is it?"), ("Done.", "Done.")]
)
def test_words_become_a_sentence(words: str, expected: str) -> None:
    assert sentence(words) == expected
