"""What the two Octopus lists have in common: host, envelope, paging, and the clock in it.

From the Octopus API reference, pages system-jobs and queuing-jobs: the offset counts records, a page has
at most 200, and one past the end is empty.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from exporter.apis.wire import Count, iso_seconds
from exporter.client import Request

ItemT = TypeVar("ItemT")

PAGE_SIZE = 200


def endpoint(region: str) -> str:
    """Return the address of a region's Octopus."""
    return f"https://octopus.{region}.myhuaweicloud.com"


def page_request(path: str, scope: tuple[str, str], index: int, size: int) -> Request:
    """Return the request for a page within ``scope`` (a parameter that names the list)."""
    return Request(path=path, params=(scope, ("limit", str(PAGE_SIZE)), ("offset", str(index * size))))


class MetaInfo(msgspec.Struct, frozen=True):
    """``current_time`` is declared as a string; one of the pages' own examples has a number."""

    current_time: str | int | float | None = None

    @property
    def now(self) -> float | None:
        """The cloud's clock in seconds since 1970; None where it says nothing that can be read."""
        value = self.current_time
        if isinstance(value, str) and not value.isdecimal():
            return iso_seconds(value)
        return float(value) / 1000 if value else None


class PageInfo(msgspec.Struct, frozen=True):
    """How many rows the whole list has."""

    total: Count


class Payload(msgspec.Struct, Generic[ItemT], frozen=True):
    """The rows of a page."""

    page_info: PageInfo
    list: Sequence[ItemT] = ()


class Envelope(msgspec.Struct, Generic[ItemT], frozen=True):
    """The body of both lists."""

    payload: Payload[ItemT]
    meta_info: MetaInfo = MetaInfo()
