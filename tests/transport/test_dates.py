import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.transport import date_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Wed, 01 May 2024 08:09:10 GMT", 1714550950.0),
        ("Wed, 01 May 2024 08:09:10 -0000", 1714550950.0),
        ("Wed, 01 May 2024 08:09:10", 1714550950.0),
        ("Wed, 01 May 2024 10:09:10 +0200", 1714550950.0),
        ("Wednesday", None),
        ("Wed, 99 May 2024 08:09:10 GMT", None),
        ("Wed, 01 May 2024 08:09:10 +99999999999999999999", None),
        ("", None),
    ],
)
def test_a_date_is_read_by_utc_or_not_at_all(
    text: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert date_of(httpx.Headers({"date": text})) == seconds


def test_no_date_is_no_clock() -> None:
    assert date_of(httpx.Headers()) is None


@given(
    st.text(st.characters(codec="ascii"), max_size=40)
    | st.from_regex(r"\w{0,4},? ?-?\d+ \w+ -?\d+ [\d:]+ \S*")
)
@example(", , , , ,")
def test_no_text_for_a_date_does_any_harm(text: str) -> None:
    moment = date_of(httpx.Headers([(b"date", text.encode())]))
    assert moment is None or moment == moment  # noqa: PLR0124 - not NaN
