"""A login whose host does not answer, through the client that the exporter uses."""

import httpx
import pytest

from exporter.clouds.huawei_errors import LOGIN_CURES
from exporter.clouds.huawei_token import HuaweiTokenAuth, PasswordLogin
from exporter.errors import Reason, SourceError
from exporter.transport import NO_TLS, connect, translated
from tests.clouds.iam_answers import Vault
from tests.sockets import Server, replying


async def failure(iam_endpoint: str) -> SourceError:
    auth = HuaweiTokenAuth(PasswordLogin(username="u", domain="d", password=Vault()), iam_endpoint, "p")
    async with connect("https://dayu.invalid", ca_file=None, connections=1, timeout=5.0) as client:
        request = httpx.Request(
            "GET", "https://dayu.invalid/jobs", extensions={"timeout": client.timeout.as_dict()}
        )
        with pytest.raises(SourceError) as caught, translated("GET /jobs"):
            await client.send(request, auth=auth, stream=True)
    return caught.value


async def test_a_host_that_is_not_there_is_named_as_that_of_the_login() -> None:
    error = await failure("https://iam.nowhere.invalid")
    assert error.reason is Reason.CONNECTION
    assert error.fact.startswith("POST https://iam.nowhere.invalid/v3/auth/tokens: host iam.nowhere.invalid")
    assert error.cures == (LOGIN_CURES[Reason.CONNECTION],)
    assert "iam_endpoint" in error.cures[0]


async def test_a_host_without_tls_is_told_as_that() -> None:
    async with Server(replying(), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = await failure(server.url.replace("http:", "https:"))
    assert (error.reason, error.cures) == (Reason.TLS, (NO_TLS,))
