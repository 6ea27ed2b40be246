"""Every documented error of the clouds, in our words."""

import pytest

from exporter.clouds import alibaba, huawei
from exporter.clouds.answers import LONGEST_WAIT
from exporter.errors import Reason
from tests.clouds.explaining import (
    AUTHENTICATION,
    BAD_REQUEST,
    BAD_RESPONSE,
    NOT_FOUND,
    PERMISSION,
    SERVER,
    THROTTLED,
    WHAT,
    of,
)


@pytest.mark.parametrize(
    ("status", "code", "reason", "retryable", "cure"),
    [
        (404, "InvalidAccessKeyId.NotFound", AUTHENTICATION, False, "check access_key_id"),
        (403, "InvalidAccessKeyId.Inactive", AUTHENTICATION, False, "check access_key_id"),
        (400, "IncompleteSignature", AUTHENTICATION, False, "check access_key_secret"),
        (400, "SignatureDoesNotMatch", AUTHENTICATION, False, "check access_key_secret"),
        (403, "SignatureDoesNotMatch", AUTHENTICATION, False, "check access_key_secret"),
        (400, "IllegalTimestamp", AUTHENTICATION, False, "set the clock"),
        (400, "InvalidTimeStamp.Expired", AUTHENTICATION, False, "set the clock"),
        (400, "InvalidTimeStamp.Format", AUTHENTICATION, False, "set the clock"),
        (400, "SignatureNonceUsed", Reason.CONNECTION, True, "does a proxy repeat it"),
        (400, "InvalidSecurityToken.Expired", AUTHENTICATION, False, "renew all three"),
        (403, "InvalidSecurityToken.MismatchWithAccessKey", AUTHENTICATION, False, "renew all three"),
        (403, "Forbidden.RAM", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (403, "Forbidden", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (400, "NoPermission", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (403, "NoPermission.Workspace", PERMISSION, False, "paidataset:ListDatasetJobs"),
        (400, "Throttling", THROTTLED, True, "lower requests_per_second"),
        (400, "Throttling.User", THROTTLED, True, "lower requests_per_second"),
        (503, "Throttling.Api", THROTTLED, True, "lower requests_per_second"),
        (200, "Throttling", THROTTLED, True, "lower requests_per_second"),
        (429, "SomethingElse", THROTTLED, True, "lower requests_per_second"),
        (400, "InvalidParameter", BAD_REQUEST, False, ""),
        (401, "SomethingElse", AUTHENTICATION, False, "check the credentials"),
        (403, "SomethingElse", PERMISSION, False, "check the permissions"),
        (404, "DatasetNotFound", NOT_FOUND, False, "check the ids, the region and the endpoint"),
        (500, "InternalError", SERVER, True, ""),
        (503, "ServiceUnavailable", SERVER, True, ""),
        (200, "InvalidAccessKeyId.NotFound", AUTHENTICATION, False, "check access_key_id"),
        (200, "SomethingElse", BAD_RESPONSE, False, "not the page that was asked for"),
    ],
)
def test_explains_alibabas_errors(
    *, status: int, code: str, reason: Reason, retryable: bool, cure: str
) -> None:
    body = {"RequestId": "7B9EFA4F-1", "HostId": "h", "Code": code, "Message": "Told words."}
    error = of(alibaba.explain, status, body)
    assert (error.reason, error.code, error.retryable, error.retry_after) == (reason, code, retryable, None)
    assert error.message.startswith(f"{WHAT}: {status} {code}: Told words")
    assert cure in error.message
    assert error.message.endswith(" (request 7B9EFA4F-1)")
    lower = of(alibaba.explain, status, {"code": code.lower(), "message": "Told words."})
    assert (lower.reason, lower.retryable) == (reason, retryable)


REACHED = "The throttling threshold has been reached: policy user over ratelimit,limit:1,time:"
LOCKED = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden."


@pytest.mark.parametrize(
    ("status", "code", "text", "reason", "retry_after", "cure"),
    [
        (404, "APIGW.0101", "The API does not exist", NOT_FOUND, None, "check the region and the endpoint"),
        (404, "APIG.0101", "The API does not exist", NOT_FOUND, None, "check the region and the endpoint"),
        (400, "APIGW.0201", "Bad request", BAD_REQUEST, None, ""),
        (413, "APIGW.0201", "Request entity too large", BAD_REQUEST, None, ""),
        (401, "APIGW.0301", "decrypt token fail", AUTHENTICATION, None, "the token is bad or has ended"),
        (401, "APIG.0301", "verify aksk signature fail", AUTHENTICATION, None, "check secret_key"),
        (401, "APIG.0301", "Get secretKey failed,err:ak not exist", AUTHENTICATION, None, "check access_key"),
        (403, "APIGW.0301", "something new", AUTHENTICATION, None, "check the credentials"),
        (401, "APIGW.0301", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (429, "APIGW.0301", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (403, "", LOCKED, AUTHENTICATION, None, "locked this access key for 5 minutes"),
        (429, "APIGW.0308", REACHED + "1 second", THROTTLED, 2.0, "lower requests_per_second"),
        (400, "APIG.0308", REACHED + "1 minute", THROTTLED, 60.0, "lower requests_per_second"),
        (429, "APIG.0308", REACHED + "999999 day", THROTTLED, LONGEST_WAIT, "lower requests_per_second"),
        (429, "APIGW.0308", "no period", THROTTLED, 2.0, "lower requests_per_second"),
        (429, "", "", THROTTLED, 2.0, "lower requests_per_second"),
        (400, "DLF.3051", "The request parameter is invalid", BAD_REQUEST, None, ""),
        (400, "DLF.0100", "The job does not exist", BAD_REQUEST, None, ""),
        (400, "DLF.2014", "bad job type", BAD_REQUEST, None, ""),
        (400, "DLF.6888", "Invalid account permissions", PERMISSION, None, "access to the workspace"),
        (403, "DLF.3051", "no", PERMISSION, None, "access to the workspace"),
        (400, "DLF.1", "Workspace does not exists.", NOT_FOUND, None, "X-Project-Id"),
        (400, "octopus.400000", "parameter check", BAD_REQUEST, None, ""),
        (401, "octopus.400001", "bad token", AUTHENTICATION, None, "check the credentials"),
        (400, "octopus.400001", "bad token", AUTHENTICATION, None, "check the credentials"),
        (403, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (400, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (404, "octopus.400004", "not found", NOT_FOUND, None, "check the ids"),
        (405, "octopus.400005", "not allowed", BAD_REQUEST, None, ""),
        (409, "octopus.400009", "conflict", BAD_REQUEST, None, ""),
        (500, "octopus.400100", "internal", SERVER, None, ""),
        (502, "octopus.400102", "bad gateway", SERVER, None, ""),
        (504, "octopus.400104", "gateway timeout", SERVER, None, ""),
        (200, "octopus.400003", "no permission", PERMISSION, None, "octopus:dataJob:list"),
        (200, "octopus.499999", "new", BAD_RESPONSE, None, "not the page that was asked for"),
    ],
)
def test_explains_huaweis_errors(
    *, status: int, code: str, text: str, reason: Reason, retry_after: float | None, cure: str
) -> None:
    error = of(huawei.explain, status, {"error_code": code, "error_msg": text, "request_id": "r-1"})
    assert (error.reason, error.code, error.retry_after) == (reason, code or None, retry_after)
    assert error.retryable == (reason in {THROTTLED, SERVER})
    assert error.message.startswith(f"{WHAT}: {status} {code}")
    assert text.rstrip(".") in error.message
    assert cure in error.message
    assert error.message.endswith(" (request r-1)")
