"""What a list API is to the rest of the program."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter.apis.paging import Fetch, Walk
from exporter.apis.words import Words

Plan = Callable[[Fetch], Awaitable[Sequence[Walk]]]
"""Names the lists to read in this collection; may ask the cloud which there are. Raises SourceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One list API.

    ``endpoint`` gives the address of a region's service; ``plan`` makes, from an instance of ``options``, the
    plan of one source, which may remember what it has learnt for as long as the source lives.
    """

    name: str
    cloud: str
    options: type[msgspec.Struct]
    endpoint: Callable[[str], str]
    words: Words
    plan: Callable[[Any], Plan]


def always(walks: Sequence[Walk]) -> Plan:
    """Return the plan of a source whose lists are known from its configuration."""

    async def plan(_: Fetch) -> Sequence[Walk]:
        return walks

    return plan
