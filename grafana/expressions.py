"""Pieces of PromQL that several dashboards need."""

DATAARTS = 'api="dataarts_jobs"'
QUEUED = 'phase="queued"'
WAITING = 'phase=~"queued|starting"'
RUNNING = 'phase="running"'
SUCCEEDED = 'phase="succeeded"'
FAILED = 'phase=~"failed|partially_failed"'
ACTIVE = 'phase=~"queued|starting|running|stopping"'


def ago(selector: str) -> str:
    """Return how long ago a time was, in seconds."""
    return f"time() - {selector}"


def per_minute(selector: str) -> str:
    """Return by how much a counter grows in a minute."""
    return f"60 * rate({selector}[$__rate_interval])"


def quantile(rank: float, bucket: str, *by: str) -> str:
    """Return a quantile of a gauge histogram: of how things are now, so there is no rate in it."""
    return f"histogram_quantile({rank:g}, sum by ({', '.join(['le', *by])}) ({bucket}))"
