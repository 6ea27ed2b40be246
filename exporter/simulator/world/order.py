"""In which order a list comes."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar
from zlib import crc32

from exporter.simulator.world.timeline import Listed

Item = TypeVar("Item", bound=Listed)


class ListingOrder(StrEnum):
    """The orders the clouds document, and one for those that document none."""

    CREATED_DESCENDING = "created-descending"
    CREATED_ASCENDING = "created-ascending"
    UPDATED_DESCENDING = "updated-descending"
    UPDATED_ASCENDING = "updated-ascending"
    HASH = "hash"


def ordered(items: Iterable[Item], order: ListingOrder, t: float) -> list[Item]:
    """Return ``items`` in ``order`` as it is at ``t``; equal moments are told apart by key."""
    if order is ListingOrder.HASH:
        return sorted(items, key=_scattered)
    if order in (ListingOrder.UPDATED_DESCENDING, ListingOrder.UPDATED_ASCENDING):
        return sorted(
            items,
            key=lambda item: (item.timeline.since(t), item.key),
            reverse=order is ListingOrder.UPDATED_DESCENDING,
        )
    return sorted(
        items,
        key=lambda item: (item.timeline.times[0], item.key),
        reverse=order is ListingOrder.CREATED_DESCENDING,
    )


def _scattered(item: Listed) -> tuple[int, str]:
    """Return a key without any meaning, the same on every machine."""
    return crc32(item.key.encode()), item.key
