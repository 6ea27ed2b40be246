"""The dashboard *Overview*: what needs me now, over all clouds."""

from grafana.pages import Page, Row
from grafana.panels import WHOLE
from grafana.scope import Scope
from grafana.trust import age, failing, incomplete, timeline

SCOPE = Scope(by=("workspace", "job_type"), families=("datajobs_jobs", "datajobs_queue_depth"))


def overview() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-overview",
        title="Data jobs / Overview",
        description="What needs me now, over all clouds.",
        scope=SCOPE,
        rows=[
            Row(
                title="Can these numbers be trusted?",
                panels=[failing(SCOPE), incomplete(SCOPE), age(SCOPE), timeline(SCOPE, WHOLE)],
            )
        ],
    )
