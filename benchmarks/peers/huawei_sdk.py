"""The official SDK of Huawei Cloud, page after page."""

from collections import Counter

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdgc.v1 import DgcClient, ListJobsRequest

from benchmarks.clouds import FACTORY
from benchmarks.contenders import Contender, Counts, Task
from exporter.simulator import identities


class HuaweiSdk(Contender):
    """Lists DataArts jobs until it has as many as there are."""

    def __init__(self, task: Task) -> None:
        key = identities.DEMO_HUAWEI_KEY
        credentials = BasicCredentials(key.id, key.secret, identities.DATAARTS_PROJECT)
        self._client = (
            DgcClient.new_builder().with_credentials(credentials).with_endpoints([task.url]).build()
        )
        self._page = task.page

    def list(self) -> tuple[Counts, int]:
        """Return the jobs by status, and the requests."""
        counts: Counter[str] = Counter()
        page = 0
        while True:
            request = ListJobsRequest(workspace=FACTORY, job_type="BATCH", limit=self._page, offset=page)
            answer = self._client.list_jobs(request)
            page += 1
            counts.update(job.status for job in answer.jobs)
            if not answer.jobs or counts.total() >= answer.total:
                return dict(counts), page
