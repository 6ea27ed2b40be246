"""The dashboard *Exporter*: what needs me now, over all clouds."""

from grafana.pages import Page, Row
from grafana.panels import WHOLE
from grafana.scope import Scope
from grafana.trust import age, failing, incomplete, timeline

SCOPE = Scope(by=("workspace", "job_type"), families=("datajobs_jobs", "datajobs_queue_depth"))


def exporter() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-exporter",
        title="Data jobs / Exporter",
        description="Whether the exporter gets its numbers, and what they cost.",
        scope=SCOPE,
        rows=[
            Row(
                title="Can these numbers be trusted?",
                panels=[failing(SCOPE), incomplete(SCOPE), age(SCOPE), timeline(SCOPE, WHOLE)],
            )
        ],
    )
