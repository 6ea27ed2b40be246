"""requests and its json, page after page, with a token."""

from collections import Counter

import requests

from benchmarks.clouds import FACTORY
from benchmarks.contenders import Contender, Counts, Task
from benchmarks.peers.login import PATH, token


class RequestsJson(Contender):
    """Lists DataArts jobs until it has as many as there are."""

    def __init__(self, task: Task) -> None:
        self._session = requests.Session()
        self._session.headers.update({"X-Auth-Token": token(task.url), "workspace": FACTORY})
        self._url = task.url + PATH
        self._page = task.page

    def list(self) -> tuple[Counts, int]:
        """Return the jobs by status, and the requests."""
        counts: Counter[str] = Counter()
        page = 0
        while True:
            params: dict[str, str | int] = {"jobType": "BATCH", "limit": self._page, "offset": page}
            body = self._session.get(self._url, params=params, timeout=60).json()
            page += 1
            counts.update(job["status"] for job in body["jobs"])
            if not body["jobs"] or counts.total() >= body["total"]:
                return dict(counts), page
