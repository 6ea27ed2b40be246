"""Whatever clouds, files and clients send: a clear error or a right answer."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from tests.apis.cases import CASES
from tests.fuzz.targets import TARGETS, BrokenPromiseError, Target, pages, promise, words

CALM = settings(
    deadline=None,
    max_examples=40,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""Together less than a minute; `make fuzz` is for hours."""

ODD_WORDS = [
    b"",
    b" ",
    b'"',
    b"\\",
    b'\\"} 1\n# EOF\n',
    b"two\nlines",
    b"\r\n\t\x0b\x0c",
    b"nul\x00",
    b"\x1b[31m",
    b"<script>alert(1)</script>",
    b"'><img src=x onerror=alert(1)>",
    "\u202eright to left\u200f".encode(),
    "\u2028\u2029\x85".encode(),
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{WOMAN}".encode(),
    "e\N{COMBINING ACUTE ACCENT}".encode() * 50,
    "排队中".encode(),
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"x" * 100_000,
    b"NaN",
    b"other",
    b"{}",
    b"%s%n{0}",
]
NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, 10**400, 1.5, 1e308, -0.0]
) | st.integers(-3, 3)
SCALARS = NUMBERS | st.none() | st.booleans() | st.text(max_size=8) | st.floats() | st.just("2024-01-01T00Z")
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


ROW_TYPES: dict[str, type[msgspec.Struct]] = {
    "pai_dataset_jobs": pai_dataset_jobs.DatasetJob,
    "octopus_system_jobs": octopus_system_jobs.SystemJob,
    "octopus_queuing_jobs": octopus_queuing_jobs.QueuingJob,
    "dataarts_jobs": dataarts_jobs.FactoryJob,
}
FIELDS = {api: [field.encode_name for field in msgspec.structs.fields(row)] for api, row in ROW_TYPES.items()}


@st.composite
def mutations(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw a seed of which a few bytes are changed, left out or repeated, or any bytes."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 5))):
        first = draw(st.integers(0, len(content)))
        last = min(len(content), first + draw(st.integers(0, 12)))
        put = draw(st.binary(max_size=4) | st.just(bytes(content[first:last]) * 2))
        content[first:last] = put
    return bytes(content)


@st.composite
def bodies(draw: st.DrawFn, api: str) -> bytes:
    """Draw a page whose rows have odd values, odd keys, and a total that may lie."""
    case = CASES[api]
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 4))):
        row = case.row(number)
        odd = draw(st.dictionaries(st.sampled_from(FIELDS[api]), VALUES, max_size=4))
        rows.append(row | odd)
    total = draw(NUMBERS | st.just(len(rows)) | VALUES)
    return json.dumps(case.body(rows, total)).encode()


@pytest.mark.parametrize("name", TARGETS)
def test_what_gets_a_target_going_breaks_no_promise(name: str) -> None:
    for seed in (*TARGETS[name].seeds, b"", b"\0", b"{}", b"[]", b"null", b'"\\ud800"', b"[" * 100_000):
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@CALM
@given(data=st.data())
def test_no_bytes_break_a_promise(name: str, data: st.DataObject) -> None:
    target: Target = TARGETS[name]
    target.run(data.draw(mutations(tuple(target.seeds)) | st.binary(max_size=64)))


@pytest.mark.parametrize("api", CASES)
@CALM
@given(data=st.data())
def test_no_values_of_a_page_break_a_promise(api: str, data: st.DataObject) -> None:
    pages(api, data.draw(bodies(api)))


@pytest.mark.parametrize("word", ODD_WORDS, ids=lambda word: repr(word[:12]))
def test_no_word_of_a_cloud_breaks_a_promise(word: bytes) -> None:
    words(word)


@pytest.mark.parametrize(
    "escape", [rb"\ud800", rb"\udfff\ud800", rb"\u0000", rb"\ud83d\ude00", rb"\u202e", rb"\q"]
)
@pytest.mark.parametrize("api", CASES)
def test_no_escape_in_a_page_breaks_a_promise(api: str, escape: bytes) -> None:
    case = CASES[api]
    row = {key: "WORD" if isinstance(value, str) else value for key, value in case.row(0).items()}
    pages(api, json.dumps(case.body([row], 1)).encode().replace(b"WORD", escape))


def test_a_broken_promise_would_be_seen() -> None:
    with pytest.raises(BrokenPromiseError, match="so it is"):
        promise(False, "so it is")
