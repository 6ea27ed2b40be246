"""The official SDK of Alibaba Cloud, page after page."""

from collections import Counter

from alibabacloud_aiworkspace20210204.client import Client
from alibabacloud_aiworkspace20210204.models import ListDatasetJobsRequest
from alibabacloud_tea_openapi.models import Config

from benchmarks.clouds import DATASETS
from benchmarks.contenders import Contender, Counts, Task
from exporter.simulator import identities


class AlibabaSdk(Contender):
    """Lists the jobs of a PAI dataset until it has as many as there are."""

    def __init__(self, task: Task) -> None:
        key = identities.DEMO_ALIBABA_KEY
        self._client = Client(
            Config(
                access_key_id=key.id,
                access_key_secret=key.secret,
                endpoint=task.url.removeprefix("http://"),
                protocol="HTTP",
            )
        )
        self._page = task.page

    def list(self) -> tuple[Counts, int]:
        """Return the jobs by status, and the requests."""
        counts: Counter[str] = Counter()
        number = 0
        while True:
            number += 1
            request = ListDatasetJobsRequest(page_number=number, page_size=self._page)
            body = self._client.list_dataset_jobs(DATASETS[0], request).body
            counts.update(job.status for job in body.dataset_jobs)
            if not body.dataset_jobs or counts.total() >= body.total_count:
                return dict(counts), number
