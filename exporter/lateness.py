"""Why a collection has run into its deadline, told from what was sent meanwhile. Pure."""

from exporter.client import Meter
from exporter.config import Source as Settings
from exporter.errors import Reason, SourceError

MOMENT = 0.25
"""Seconds: a collection begins so much after its deadline was set, at most, if the machine is not stuck."""
MOSTLY = 0.8
"""A limit that was used to this part is what held a collection back."""


def late(settings: Settings, seconds: float, *, answers: int, sent: Meter) -> SourceError:
    """Return the error of a collection that was given so many seconds and has not ended."""
    by_timeout = settings.timeout - seconds < MOMENT
    limit = "its timeout" if by_timeout else "what the scrape's own timeout left"
    time = "timeout and Prometheus' scrape_timeout" if by_timeout else "Prometheus' scrape_timeout"
    within = f"within {seconds:.3g} s ({limit})"
    if answers == 0:
        cure = f"Raise {time}; is the endpoint right, and does something on the way drop packets?"
        return _error(f"not one answer from the cloud {within}", cure)
    pages = "1 page was" if answers == 1 else f"{answers} pages were"
    why, lever = _brake(settings, seconds, sent)
    cure = f"Raise {lever}{time}, or split the source."
    return _error(f"{pages} read {within}, not all: {why}", cure)


def _brake(settings: Settings, seconds: float, sent: Meter) -> tuple[str, str]:
    """Return what held it back, and what to raise beside the time."""
    rate, places = settings.requests_per_second, settings.concurrency
    average = sent.seconds / max(1, sent.requests)
    if sent.requests >= MOSTLY * rate * seconds:
        return f"requests_per_second ({rate:g}) allowed no more", "requests_per_second, or "
    slow = f"the cloud took {average:.2g} s for an answer on average"
    if sent.seconds >= MOSTLY * places * seconds:
        return f"{slow}, and concurrency ({places}) allowed no more at once", "concurrency, or "
    return slow, ""


def _error(found: str, cure: str) -> SourceError:
    return SourceError(Reason.TIMEOUT, found, cures=(cure,))
