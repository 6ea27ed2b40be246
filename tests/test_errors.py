import httpx
import pytest

from exporter.clouds import alibaba_errors, huawei_errors
from exporter.errors import Reason, SourceError

WHAT = "GET /v1/jobs"


def fail() -> None:
    error = SourceError(
        Reason.THROTTLED,
        "slower; wait",
        code="X.1",
        retryable=True,
        retry_after=2.0,
        fact="slower",
        hint="wait",
    )
    raise error from KeyError("page")


def test_a_copy_says_the_same_and_carries_no_traceback() -> None:
    with pytest.raises(SourceError) as caught:
        fail()
    error = caught.value
    error.counted, error.walk = True, "workspace 0"
    twin = error.copy()
    assert vars(twin) == vars(error)
    assert (twin.args, str(twin)) == (error.args, "slower; wait")
    assert (twin.__traceback__, twin.__cause__, twin.__context__) == (None, None, None)


def test_without_a_hint_the_message_is_the_fact() -> None:
    error = SourceError(Reason.TLS, "the certificate is of another host")
    assert (error.fact, error.hint) == ("the certificate is of another host", "")


def test_what_to_do_stands_apart_from_what_was_found() -> None:
    body = b'{"Code": "SignatureDoesNotMatch", "Message": "Told words.", "RequestId": "r-1"}'
    error = alibaba_errors.explain(400, httpx.Headers({"content-type": "application/json"}), body, what=WHAT)
    assert error.fact == f"{WHAT}: 400 SignatureDoesNotMatch: Told words (request r-1)"
    assert error.hint == "check access_key_secret; does a proxy change the headers or the path?"
    assert error.message == f"{WHAT}: 400 SignatureDoesNotMatch: Told words; {error.hint} (request r-1)"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_a_status_alone_tells_is_no_hint(status: int) -> None:
    assert alibaba_errors.explain(status, httpx.Headers(), b"", what=WHAT).hint == ""


def test_what_the_words_tell_is_a_hint() -> None:
    body = b'{"error_code": "DLF.0100", "error_msg": "Workspace does not exists"}'
    error = huawei_errors.explain(400, httpx.Headers({"content-type": "application/json"}), body, what=WHAT)
    assert error.hint.startswith("check the source's workspaces")
    assert error.hint not in error.fact
