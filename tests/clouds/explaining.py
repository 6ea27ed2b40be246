"""What the tests of errors share: a clock, words, and a way to ask for an explanation."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from exporter.clouds import alibaba, huawei
from exporter.errors import Reason, SourceError

NOW = 1714550950.0  # 2024-05-01T08:09:10Z
WHAT = "GET /v1/p/jobs"
AUTHENTICATION, PERMISSION = Reason.AUTHENTICATION, Reason.PERMISSION
NOT_FOUND, BAD_REQUEST, THROTTLED = Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.THROTTLED
SERVER, BAD_RESPONSE = Reason.SERVER, Reason.BAD_RESPONSE
Explain = Any
BOTH = pytest.mark.parametrize("explain", [alibaba.explain, huawei.explain], ids=["alibaba", "huawei"])


def of(
    explain: Explain, status: int, body: object = b"", headers: Mapping[str, str] | None = None
) -> SourceError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error: SourceError = explain(status, httpx.Headers(headers), content, what=WHAT, now=NOW)
    return error
