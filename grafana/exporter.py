"""The dashboard *Exporter*: whether it gets its numbers, why not, and what they cost."""

from grafana_foundation_sdk.models.common import BigValueTextMode

from grafana import trust
from grafana.colours import BAD, CODES, GOOD, REASONS, WARNING
from grafana.expressions import per_minute
from grafana.pages import Page, Row
from grafana.panels import THIRD, lines, number
from grafana.parts import BYTES, COUNT, PER_MINUTE, RATIO, SECONDS, Query, Size
from grafana.scope import Scope
from grafana.source_table import source_table

SCOPE = Scope()
LATENCY = SCOPE.of("datajobs_api_request_duration_seconds_bucket")
LISTED, REPORTED = SCOPE.of("datajobs_source_listed_items"), SCOPE.of("datajobs_source_reported_items")
TOOK = SCOPE.of("datajobs_source_duration_seconds")


def exporter() -> Page:
    """Return the page."""
    return Page(
        uid="datajobs-exporter",
        title="Data jobs / Exporter",
        description="Whether the exporter gets its numbers, why not, and what they cost",
        scope=SCOPE,
        rows=[working(), sources(), reasons(), cost(), lists(), process()],
    )


def counted(family: str, by: str) -> Query:
    """Return by how much a counter grows in a minute, a series for each value of a label."""
    return Query(expr=f"sum by ({by}) ({per_minute(SCOPE.of(family))})", legend=f"{{{{{by}}}}}")


def met(family: str, by: str) -> Query:
    """Return the same for those values alone that were met in the time that is shown."""
    query = counted(family, by)
    met = f"sum by ({by}) (increase({SCOPE.of(family)}[$__range])) > 0"
    return Query(expr=f"{query.expr} and {met}", legend=query.legend)


def working() -> Row:
    """Return whether all is well."""
    return Row(
        title="Does it work?",
        panels=[
            trust.down(SCOPE),
            trust.failing(SCOPE),
            trust.incomplete(SCOPE),
            trust.age(SCOPE),
            number(
                "Configuration",
                "Whether the configuration file was good when it was last read. After a bad one the "
                "exporter goes on with what it had; its log says what is wrong. No data where only /probe "
                "is scraped.",
                unit="none",
                query=Query(expr=f"min({SCOPE.of('datajobs_config_last_reload_successful')})", legend="good"),
                meanings={0: ("bad", BAD), 1: ("good", GOOD)},
            ),
            number(
                "Version",
                "The exporter's version; more than one while a rollout is under way, or where one was "
                "forgotten. No data where only /probe is scraped.",
                unit="none",
                query=Query(
                    expr=f"count by (version) ({SCOPE.of('datajobs_exporter_build_info')})",
                    legend="{{version}}",
                ),
                shown=BigValueTextMode.NAME,
            ),
        ],
    )


def sources() -> Row:
    """Return how each source is and was."""
    return Row(
        title="Which sources?", panels=[source_table(SCOPE), trust.timeline(SCOPE, Size(width=24, height=6))]
    )


def reasons() -> Row:
    """Return what goes wrong."""
    return Row(
        title="Why do they fail?",
        panels=[
            lines(
                "Failures, by reason",
                "Requests that failed, and collections that failed without one. docs/metrics.md says for "
                "each reason what it means and what to do. A source whose reason is throttled asks too "
                "often.",
                unit=PER_MINUTE,
                queries=[met("datajobs_api_request_failures_total", "reason")],
                colours=REASONS,
                stacked=True,
                size=THIRD,
            ),
            lines(
                "Failures, by source",
                "The same failures by where they happen. One source alone: its cloud, credentials or "
                "options. All at once: the network, or the exporter's machine.",
                unit=PER_MINUTE,
                queries=[counted("datajobs_api_request_failures_total", "source")],
                size=THIRD,
            ),
            lines(
                "Waiting because throttled",
                "Seconds in a minute that requests of a source waited because the cloud said to; requests "
                "that wait side by side add up. More than nothing for long: lower requests_per_second, set "
                "min_interval, or scrape less often.",
                unit=SECONDS,
                queries=[counted("datajobs_api_throttled_seconds_total", "source")],
                size=THIRD,
            ),
        ],
    )


def cost() -> Row:
    """Return what the numbers cost."""
    return Row(
        title="What does it cost?",
        panels=[
            lines(
                "Requests, by code",
                "Requests to list APIs, by HTTP status code; none is a request without an answer.",
                unit=PER_MINUTE,
                queries=[counted("datajobs_api_requests_total", "code")],
                colours=CODES,
                stacked=True,
                size=THIRD,
            ),
            lines(
                "Requests, by source",
                "What each source costs of its cloud's quota. The longer its lists, the more pages there "
                "are; each scrape asks for all of them.",
                unit=PER_MINUTE,
                queries=[counted("datajobs_api_requests_total", "source")],
                size=THIRD,
            ),
            lines(
                "Sent again, and spared",
                "Requests that were sent again after a failure that may pass, and scrapes that were "
                "answered from a collection which another had started: those cost nothing.",
                unit=PER_MINUTE,
                queries=[
                    Query(
                        expr=f"sum({per_minute(SCOPE.of('datajobs_api_retries_total'))})",
                        legend="requests sent again",
                    ),
                    Query(
                        expr=f"sum({per_minute(SCOPE.of('datajobs_scrapes_coalesced_total'))})",
                        legend="scrapes spared",
                    ),
                ],
                colours={"requests sent again": WARNING, "scrapes spared": GOOD},
                size=THIRD,
            ),
            lines(
                "Time of a collection, by source",
                "How long the last collection of each source took. It should stay well below Prometheus' "
                "scrape_timeout: a source that needs longer fails.",
                unit=SECONDS,
                queries=[Query(expr=f"max by (source) ({TOOK})", legend="{{source}}")],
            ),
            lines(
                "Time of a request",
                "How long requests to list APIs took: half of them no longer than the lower line, nine of "
                "ten no longer than the middle one.",
                unit=SECONDS,
                queries=[
                    Query(
                        expr=f"histogram_quantile({rank:g}, sum by (le) (rate({LATENCY}[$__rate_interval])))",
                        legend=f"{rank:.0%}",
                    )
                    for rank in (0.5, 0.9, 0.99)
                ],
            ),
        ],
    )


def lists() -> Row:
    """Return whether the lists are what the APIs say."""
    return Row(
        title="Are the lists whole, and understood?",
        panels=[
            lines(
                "Items, by source",
                "Different jobs or queue entries that the numbers of each source are made of.",
                unit=COUNT,
                queries=[Query(expr=f"sum by (source) ({LISTED})", legend="{{source}}")],
                size=THIRD,
            ),
            lines(
                "Difference to the API's own count",
                "By how many jobs what was listed and what the API counts differ. Not zero: the list "
                "changed while it was read, or the API cuts it short.",
                unit=COUNT,
                queries=[Query(expr=f"abs(sum by (source) ({LISTED} - {REPORTED}))", legend="{{source}}")],
                size=THIRD,
            ),
            lines(
                "Unknown values",
                "Values in the answers that no document of the API has, in a minute. They count as phase "
                "unknown; the exporter may need an update.",
                unit=PER_MINUTE,
                queries=[
                    Query(
                        expr="sum by (source, field) "
                        f"({per_minute(SCOPE.of('datajobs_unknown_values_total'))})",
                        legend="{{source}}: {{field}}",
                    )
                ],
                size=THIRD,
            ),
        ],
    )


def process() -> Row:
    """Return how the exporter's process is."""
    return Row(
        title="How is the process?",
        panels=[
            lines(
                "Time of a scrape",
                "How long Prometheus waited for each target: as long as its slowest source, within "
                "scrape_timeout.",
                unit=SECONDS,
                queries=[Query(expr=SCOPE.of("scrape_duration_seconds"), legend="{{instance}}")],
                size=THIRD,
            ),
            lines(
                "Memory",
                "Resident memory. It follows the number of series and of requests in flight, not that of "
                "jobs.",
                unit=BYTES,
                queries=[Query(expr=SCOPE.of("process_resident_memory_bytes"), legend="{{instance}}")],
                size=THIRD,
            ),
            lines(
                "Processor",
                "The share of one core that the process takes.",
                unit=RATIO,
                queries=[
                    Query(
                        expr=f"rate({SCOPE.of('process_cpu_seconds_total')}[$__rate_interval])",
                        legend="{{instance}}",
                    )
                ],
                size=THIRD,
            ),
        ],
    )
