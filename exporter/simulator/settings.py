"""How the simulated clouds behave where the documents leave it open, and how well they feel."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.simulator import identities
from exporter.simulator.faults import Faults
from exporter.simulator.identities import DemoKey, DemoUser
from exporter.simulator.troubles import Troubles
from exporter.simulator.world.order import ListingOrder


class OffsetMeaning(StrEnum):
    """What DataArts Factory counts with ``offset``: its documents say pages, other evidence says records."""

    PAGES = "pages"
    RECORDS = "records"


class CurrentTime(StrEnum):
    """The forms of Octopus' ``meta_info.current_time``; its pages show the first two."""

    ISO = "iso"
    NUMBER = "number"
    NUMERIC_STRING = "numeric-string"
    ABSENT = "absent"


@dataclass(slots=True, kw_only=True)
class Settings:
    """What may be set, and changed while requests come in. Times are in seconds."""

    seed: int = 0
    clock: Callable[[], float] = time.time
    before_request: Callable[[], None] | None = None
    """Called before each answer is worked out, so that a test can turn its clock by hand."""
    latency: float = 0.0
    faults: Faults = field(default_factory=Faults)
    troubles: Troubles = field(default_factory=Troubles)

    order: ListingOrder = ListingOrder.CREATED_DESCENDING
    """The order of a list where the request names none."""
    pai_default_page_size: int = 10
    pai_most_page_size: int = 100
    """A larger PageSize is brought down to this without a word."""
    octopus_most_limit: int = 200
    dataarts_most_limit: int = 100
    dataarts_offset: OffsetMeaning = OffsetMeaning.PAGES
    current_time: CurrentTime = CurrentTime.ISO

    token_life: float = 86_400.0
    tolerance: float = 900.0
    """How far the date of a signature may be from our clock."""
    lock_after: int = 5
    """A Huawei key is locked when more signatures than this in a row were wrong."""
    lock_time: float = 300.0
    requests_per_second: float | None = None
    """What one key or user may ask for in any second; None does not count."""

    alibaba_keys: tuple[DemoKey, ...] = (
        identities.DEMO_ALIBABA_KEY,
        identities.DEMO_ALIBABA_TEMPORARY_KEY,
        identities.DEMO_ALIBABA_POWERLESS_KEY,
    )
    huawei_keys: tuple[DemoKey, ...] = (
        identities.DEMO_HUAWEI_KEY,
        identities.DEMO_HUAWEI_TEMPORARY_KEY,
        identities.DEMO_HUAWEI_POWERLESS_KEY,
    )
    huawei_users: tuple[DemoUser, ...] = (identities.DEMO_HUAWEI_USER,)
