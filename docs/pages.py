"""One page for each list API, and one of what goes wrong: prose, and what follows from the code."""

from collections.abc import Callable, Mapping
from functools import partial

from docs import troubles
from docs.faults import faults_page
from docs.markdown import page
from docs.options import own_options
from exporter.apis import APIS, dataarts_jobs, octopus, pai_dataset_jobs
from exporter.apis.api import Api

SIZES = {
    "pai_dataset_jobs": pai_dataset_jobs.PAGE_SIZE,
    "octopus_system_jobs": octopus.PAGE_SIZE,
    "octopus_queuing_jobs": octopus.PAGE_SIZE,
    "dataarts_jobs": dataarts_jobs.PAGE_SIZE,
}
"""Rows of a page, by the API."""


def requests(rows: int, size: int) -> int:
    """Return the requests for a list of so many rows: only a page that is not full can show its end."""
    return rows // size + 1


def api_page(name: str) -> str:
    """Return the page of a list API."""
    api, size = APIS[name], SIZES[name]
    parts = {
        "size": str(size),
        "options": own_options(name),
        "errors": troubles.of_api(api),
        "limit": limit(api),
        "rows": str(4 * size + size // 2),
        "requests": str(requests(4 * size + size // 2, size)),
    }
    if api.cloud == "huawei":
        parts["login"] = troubles.of_login()
    return page(f"apis/{name}.md", **parts)


def limit(api: Api) -> str:
    """Return what the vendor tells of how often the API may be asked."""
    if api.rate_limit is None:
        return "No page of the vendor tells how often this API may be asked."
    known = api.rate_limit
    return (
        f"The vendor allows {known.per_user:g} requests/s per user and {known.per_api:g} requests/s for the "
        f"API as a whole ({known.page})."
    )


PAGES: Mapping[str, Callable[[], str]] = {
    **{f"apis/{name}.md": partial(api_page, name) for name in APIS},
    "faults.md": faults_page,
}
