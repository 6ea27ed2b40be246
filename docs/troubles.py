"""Tables of what goes wrong with an API, from the code that reads the clouds' errors.

An example stands for each code that the vendors' pages name; what it means and what to do is what the
exporter itself says of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from docs.markdown import table
from exporter.apis.api import Api, sentence
from exporter.clouds.huawei_errors import explain_login
from exporter.clouds.login import EXPLAIN
from exporter.errors import SourceError

HEAD = ("HTTP", "code", "words", "reason", "what to do")


@dataclass(frozen=True, slots=True)
class Example:
    """An answer that is not a page: its status, its code, and words of the message that matter."""

    status: int
    code: str = ""
    words: str = ""


ALIBABA = (
    Example(404, "InvalidAccessKeyId.NotFound"),
    Example(400, "SignatureDoesNotMatch"),
    Example(400, "IncompleteSignature"),
    Example(400, "IllegalTimestamp"),
    Example(400, "InvalidTimeStamp.Expired"),
    Example(400, "SignatureNonceUsed"),
    Example(400, "InvalidSecurityToken.Expired"),
    Example(403, "Forbidden.RAM"),
    Example(403, "NoPermission"),
    Example(400, "Throttling.User"),
    Example(404),
    Example(500),
)
GATEWAY = (
    Example(404, "APIGW.0101"),
    Example(401, "APIGW.0301", "decrypt token fail"),
    Example(401, "APIGW.0301", "verify aksk signature fail"),
    Example(401, "APIGW.0301", "ak not exist"),
    Example(401, "APIGW.0301", "AK access failed to reach the limit,forbidden"),
    Example(429, "APIGW.0308", "The throttling threshold has been reached"),
)
OCTOPUS = (
    *GATEWAY,
    Example(400, "octopus.400000"),
    Example(401, "octopus.400001"),
    Example(403, "octopus.400003"),
    Example(404, "octopus.400004"),
    Example(500, "octopus.400100"),
    Example(502, "octopus.400102"),
    Example(504, "octopus.400104"),
)
DATAARTS = (
    *GATEWAY,
    Example(400, "DLF.3051"),
    Example(400, "DLF.6888"),
    Example(400, words="Workspace does not exists"),
    Example(403),
    Example(500),
)
LOGIN = (Example(400), Example(401), Example(403), Example(404), Example(429))

EXAMPLES: dict[str, Sequence[Example]] = {
    "pai_dataset_jobs": ALIBABA,
    "octopus_system_jobs": OCTOPUS,
    "octopus_queuing_jobs": OCTOPUS,
    "dataarts_jobs": DATAARTS,
}


def of_api(api: Api) -> str:
    """Return the table of the errors of a list API."""
    rows = []
    for example in EXAMPLES[api.name]:
        error = explained(EXPLAIN[api.cloud], example)
        rows.append([*cells(example), f"`{error.reason}`", api.advice(error)[0]])
    return table(HEAD, rows)


def of_login() -> str:
    """Return the table of the errors of IAM, where an IAM user logs in."""
    rows = []
    for example in LOGIN:
        error = explained(explain_login, example)
        told = sentence(error.hint) if error.hint else error.reason.cure
        rows.append([str(example.status), f"`{error.reason}`", told])
    return table(["HTTP", "reason", "what to do"], rows)


def cells(example: Example) -> list[str]:
    """Return what is seen of an answer."""
    code = f"`{example.code}`" if example.code else "any other" if not example.words else ""
    return [str(example.status), code, example.words]


def explained(explain: Callable[..., SourceError], example: Example) -> SourceError:
    """Return what the exporter makes of an answer."""
    told = {"error_code": example.code, "error_msg": example.words}
    body = json.dumps({name: text for name, text in told.items() if text}).encode()
    return explain(example.status, httpx.Headers(), body, what="")
