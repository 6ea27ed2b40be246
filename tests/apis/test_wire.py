import math
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.apis.wire import clock, decoded, duration, iso_seconds, seconds
from exporter.client import Answer
from exporter.errors import Reason, SourceError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(None, None), (0, None), (-1, None), (1, 0.001), (1_640_966_400_123, 1_640_966_400.123)],
)
def test_a_time_of_nothing_is_none(milliseconds: int | None, expected: float | None) -> None:
    assert seconds(milliseconds) == expected


@pytest.mark.parametrize(("milliseconds", "expected"), [(None, None), (0, 0.0), (1500, 1.5), (-2, -0.002)])
def test_a_duration_of_nothing_is_one(milliseconds: int | None, expected: float | None) -> None:
    assert duration(milliseconds) == expected


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_every_time_in_iso_8601_is_read(moment: datetime) -> None:
    found = iso_seconds(moment.isoformat())
    assert found == pytest.approx((moment - EPOCH) / timedelta(seconds=1), abs=1e-4)


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"))
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-23:59")
def test_no_text_for_a_time_does_any_harm(text: str) -> None:
    found = iso_seconds(text)
    assert found is None or math.isfinite(found)


def test_the_clouds_own_clock_comes_before_the_date_and_that_before_ours() -> None:
    assert clock(Answer(body=b"", date=5.0), 7.0) == 7.0
    assert clock(Answer(body=b"", date=5.0)) == 5.0
    assert clock(Answer(body=b"", date=None)) == pytest.approx(time.time(), abs=5)


class Body(msgspec.Struct):
    secret: int


def test_what_is_not_the_documented_answer_is_told_by_field_and_not_by_value() -> None:
    with pytest.raises(SourceError) as caught:
        decoded(msgspec.json.Decoder(Body), Answer(body=b'{"secret": "planted"}', date=None), "GET /jobs")
    assert (caught.value.reason, caught.value.retryable) == (Reason.BAD_RESPONSE, False)
    assert caught.value.message == (
        "GET /jobs: not the documented answer: Expected `int`, got `str` - at `$.secret`"
    )
    assert caught.value.__cause__ is not None
