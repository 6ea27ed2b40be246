"""The verifiers know signatures that the vendors published or their libraries made."""

import pytest

from exporter.simulator import acs3, sdk_hmac, wire
from exporter.simulator.wire import Request

ALIBABA_SECRET = "ExampleSecretDoNotUse0123456789"
HUAWEI_SECRET = "ExampleSecretKeyDoNotUse0123456789abcdef"
PROJECT = "ff6b627b9d7b45b48f773be511c1a2b8"
EMPTY = wire.payload_hash(b"")
COMMON = {
    "host": "aiworkspace.cn-hangzhou.aliyuncs.com",
    "x-acs-content-sha256": EMPTY,
    "x-acs-date": "2024-05-01T08:09:10Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-version": "2021-02-04",
}
JOBS = COMMON | {"x-acs-action": "ListDatasetJobs"}
JOBS_PATH = "/api/v1/datasets/d-abc123/datasetjobs"
JOBS_QUERY = "WorkspaceId=1234&PageNumber=1&PageSize=50&SortBy=CreateTime&Order=DESC"
RUN_INSTANCES = {
    "host": "ecs.cn-shanghai.aliyuncs.com",
    "x-acs-action": "RunInstances",
    "x-acs-content-sha256": EMPTY,
    "x-acs-date": "2023-10-26T10:22:32Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-version": "2014-05-26",
}
ALIBABA_VECTORS = {
    "plain": (
        ("GET", JOBS_PATH, JOBS_QUERY, JOBS, ALIBABA_SECRET),
        "16a4a937942153a71ca11d2c24ddf7cad61ac0190ce7bfae136bbff90b3dae2e",
    ),
    "with a security token": (
        (
            "GET",
            JOBS_PATH,
            JOBS_QUERY,
            JOBS
            | {
                "x-acs-accesskey-id": "LTAI5tEXAMPLEKEYID00",
                "x-acs-security-token": "CAISExampleStsToken//+abc==",
            },
            ALIBABA_SECRET,
        ),
        "4257e6d1efb9879777f017e3c73869502877c0376c2be1fdca0f1892e90b83e3",
    ),
    "with signs to encode": (
        (
            "GET",
            "/api/v1/datasets",
            "Name=a%20b%2Fc%2A~%2B%C3%A9&WorkspaceId=1234",
            COMMON | {"x-acs-action": "ListDatasets"},
            ALIBABA_SECRET,
        ),
        "e974fb2ba08f8c6f00faa6116cae74fd836fe254234621ec6c2d68fbca27fc04",
    ),
    "with all headers of the library": (
        (
            "GET",
            JOBS_PATH,
            JOBS_QUERY + "&WithLogs=False",
            JOBS
            | {
                "accept": "application/json",
                "user-agent": "example-agent/1.0",
                "x-acs-credentials-provider": "static_ak",
            },
            ALIBABA_SECRET,
        ),
        "19e09b22e0d2d0d8d0f91d25e9c43bb3770df31ac4f80d9f1620da64f72e6f56",
    ),
    "published by the vendor": (
        (
            "POST",
            "/",
            "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
            RUN_INSTANCES,
            "YourAccessKeySecret",
        ),
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    ),
}


@pytest.mark.parametrize("name", ALIBABA_VECTORS)
def test_knows_alibabas_signature(name: str) -> None:
    (method, path, query, headers, secret), expected = ALIBABA_VECTORS[name]
    request = Request(method=method, raw_path=path, raw_query=query, headers=tuple(headers.items()))
    assert acs3.signature(secret, acs3.canonical_request(request, sorted(headers), EMPTY)) == expected


def test_builds_alibabas_canonical_request_as_the_vendor_does() -> None:
    request = Request(method="GET", raw_path=JOBS_PATH, raw_query=JOBS_QUERY, headers=tuple(JOBS.items()))
    canonical = acs3.canonical_request(request, sorted(JOBS), EMPTY)
    assert acs3.string_to_sign(canonical).splitlines() == [
        "ACS3-HMAC-SHA256",
        "cf48df1350547d9ed8ab93fbcd1e73780bf9d317fd516fb300e9542a3886d0ab",
    ]


OCTOPUS = {"host": "octopus.cn-north-11.myhuaweicloud.com", "x-sdk-date": "20240501T080910Z"}
DATAARTS = {"host": "dayu-dlf.cn-north-4.myhuaweicloud.com", "x-sdk-date": "20240501T080910Z"}
HUAWEI_VECTORS = {
    "DataArts jobs": (
        (
            f"/v1/{PROJECT}/jobs",
            "jobType=BATCH&limit=100&offset=0",
            DATAARTS
            | {
                "content-type": "application/json",
                "x-project-id": PROJECT,
                "workspace": "1dd3bc00000000000000000000d93f0a",
            },
            HUAWEI_SECRET,
        ),
        "9fbe94bf5c43e921928bcfe56f99f76a6b3c86327992e25e5a652d8c06d2408f",
        "213c616b143e4c02f10b7aa2a07631a2a366d02c4c9c3249bf5fe294cf04339c",
    ),
    "with a security token and an array": (
        (
            f"/v1.0/{PROJECT}/data/system-jobs",
            "limit=200&offset=0&job_types=SCENARIO_TO_SIM&job_types=FRAME_EXTRACT&workspace_id=0",
            OCTOPUS | {"x-project-id": PROJECT, "x-security-token": "ExampleSecurityToken//+abc=="},
            HUAWEI_SECRET,
        ),
        "e8d08f54f04f27a44a98c6a7330ced1955bf32bb558b797793b469dea4d8b8a4",
        "a97f55ca85d3c275afadad008ee4cfd7f251a29c70b0662b9c6875ccb6a87985",
    ),
    "as few headers as may be": (
        (
            f"/v1.0/{PROJECT}/data/queuing-jobs",
            "limit=200&offset=0&queue_type=INTERNAL",
            OCTOPUS,
            HUAWEI_SECRET,
        ),
        "be923ed332c2d19eba40f604f2fe8033e336c0bc585268b73e2291d923de554b",
        "3b7ee78200f2b883100b19538615c712b56db633812b3dbd3f059db1312f76da",
    ),
    "with signs to encode": (
        (f"/v1/{PROJECT}/jobs", "jobName=a%20b%2Fc%2A~%2B%C3%A9", DATAARTS, HUAWEI_SECRET),
        "5eab827187207d232893a39fa9012fa76de261c6bb6df7aec51078558b9e7f85",
        "0f171230aa95a1274c2deb8d4451884a8bf7f7c634c30997a1c20e3787ae1c34",
    ),
    "published by the vendor": (
        (
            "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
            "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
            {
                "content-type": "application/json",
                "host": "service.region.example.com",
                "x-sdk-date": "20191115T033655Z",
            },
            "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
        ),
        "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a",
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    ),
}


@pytest.mark.parametrize("name", HUAWEI_VECTORS)
def test_knows_huaweis_signature(name: str) -> None:
    (path, query, headers, secret), canonical_hash, expected = HUAWEI_VECTORS[name]
    request = Request(method="GET", raw_path=path, raw_query=query, headers=tuple(headers.items()))
    canonical, date = sdk_hmac.canonical_request(request, sorted(headers)), headers["x-sdk-date"]
    assert sdk_hmac.string_to_sign(canonical, date).splitlines() == ["SDK-HMAC-SHA256", date, canonical_hash]
    assert sdk_hmac.signature(secret, canonical, date) == expected


def test_takes_the_query_as_it_came_over_the_wire() -> None:
    """What a client leaves unencoded is encoded; a plus sign is no space."""
    assert wire.canonical_query("b=*&a=x y&a=A&c&d=a+b&e=%7e") == "a=A&a=x%20y&b=%2A&c=&d=a%2Bb&e=~"
    assert wire.canonical_path("/a%2Fb/%7Ec/d*e") == "/a%2Fb/~c/d%2Ae"
    assert wire.canonical_path("") == "/"
