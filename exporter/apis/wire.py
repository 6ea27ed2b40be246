"""From the bytes of an answer to values that can be relied on."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from exporter.client import Answer
from exporter.errors import Reason, SourceError

BodyT = TypeVar("BodyT")

LARGEST = 2**53 - 1
"""No number beyond it keeps its value as a sample, and none is meant."""

Whole = Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
"""A total; one below zero is no answer."""


def decoded(decoder: msgspec.json.Decoder[BodyT], answer: Answer, what: str) -> BodyT:
    """Decode a body; raises SourceError(BAD_RESPONSE) that names the field, never its value."""
    try:
        return decoder.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise SourceError(Reason.BAD_RESPONSE, f"{what}: not the documented answer: {exc}") from exc


def seconds(milliseconds: int | None) -> float | None:
    """Return a time in seconds since 1970; zero stands for missing, as nothing here is from 1970."""
    return milliseconds / 1000 if milliseconds and milliseconds > 0 else None


def newest(milliseconds: Iterable[int | None]) -> float | None:
    """Return the newest of several times in seconds since 1970, None where there is none."""
    return seconds(max(filter(None, milliseconds), default=None))


def duration(milliseconds: int | None) -> float | None:
    """Return a duration in seconds."""
    return None if milliseconds is None else milliseconds / 1000


def iso_seconds(text: str | None) -> float | None:
    """Return an ISO 8601 time in seconds since 1970, None where there is none or it cannot be read."""
    if not text:
        return None
    try:
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        return None


def newest_iso(texts: Iterable[str | None]) -> float | None:
    """Return the newest of several ISO 8601 times in seconds since 1970, None where there is none."""
    several = list(filter(None, texts))
    try:
        return stamp(max(map(datetime.fromisoformat, several))) if several else None
    except (ValueError, TypeError):  # one cannot be read, or not all tell their zone
        known = [moment for moment in map(iso_seconds, several) if moment is not None]
        return max(known, default=None)


def stamp(moment: datetime) -> float:
    """Return a time in seconds since 1970; one without a zone is UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def clock(answer: Answer, told: float | None = None) -> float:
    """Return the cloud's clock: what the body told, else the Date header, else ours for want of it."""
    if told is not None:
        return told
    return time.time() if answer.date is None else answer.date
