"""What the two Octopus lists have in common: host, envelope, paging, and the clock in it.

From the Octopus API reference, pages system-jobs and queuing-jobs: the offset counts records, a page has
at most 200, and one past the end is empty.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from exporter.apis.wire import LARGEST, Count, iso_seconds
from exporter.client import Request
from exporter.errors import Reason
from exporter.transport import EARLIEST

ItemT = TypeVar("ItemT")

PAGE_SIZE = 200


REGIONS = "by the vendor's pages in cn-north-11, cn-south-1 and cn-southwest-2"


def cures(action: str) -> dict[Reason, str]:
    """Return what to do about failures of a list that the IAM action ``action`` allows."""
    return {
        Reason.PERMISSION: f"Grant the IAM user or agency the action {action} in the project of the source.",
        Reason.NOT_FOUND: f"Check project_id, and region or endpoint: Octopus is {REGIONS}.",
        Reason.CONNECTION: "Check region: the host is octopus.REGION.myhuaweicloud.com, and Octopus is "
        f"{REGIONS}. Check DNS, proxies and firewalls on the way to it.",
    }


def endpoint(region: str) -> str:
    """Return the address of a region's Octopus."""
    return f"https://octopus.{region}.myhuaweicloud.com"


def page_request(path: str, scope: tuple[str, str], index: int, size: int) -> Request:
    """Return the request for a page within ``scope`` (a parameter that names the list)."""
    return Request(path=path, params=(scope, ("limit", str(PAGE_SIZE)), ("offset", str(index * size))))


class MetaInfo(msgspec.Struct, frozen=True):
    """``current_time`` is declared as a string; one of the pages' own examples has a number."""

    current_time: object = None

    @property
    def now(self) -> float | None:
        """The cloud's clock in seconds since 1970; None where it says nothing that can be read."""
        match self.current_time:
            case str(text) if text.isdecimal():
                return milliseconds(float(text))
            case str(text):
                return iso_seconds(text)
            case int(number) | float(number) if not isinstance(number, bool):
                return milliseconds(number)
            case _:
                return None


def milliseconds(value: float) -> float | None:
    """Return a time in seconds, None where no time can be meant."""
    return value / 1000 if 0 < value <= LARGEST else None


class PageInfo(msgspec.Struct, frozen=True):
    """How many rows the whole list has."""

    total: Count


class Payload(msgspec.Struct, Generic[ItemT], frozen=True):
    """The rows of a page."""

    page_info: PageInfo
    list: Sequence[ItemT] | None = None


class Envelope(msgspec.Struct, Generic[ItemT], frozen=True):
    """The body of both lists."""

    payload: Payload[ItemT]
    meta_info: MetaInfo | None = None

    @property
    def rows(self) -> Sequence[ItemT]:
        """The rows of the page."""
        return self.payload.list or ()

    @property
    def now(self) -> float | None:
        """The cloud's clock in seconds since 1970, if it is told and was ever set."""
        now = None if self.meta_info is None else self.meta_info.now
        return None if now is None or now < EARLIEST else now
