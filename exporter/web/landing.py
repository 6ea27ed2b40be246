"""The status page: what is served here, which sources there are, and how each was at its last scrape."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from exporter import __version__
from exporter.scrape import Result, Scraper

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>datajobs-exporter</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 64rem; margin: 2rem auto; padding: 0 1rem }}
a {{ color: light-dark(#0645ad, #8ab4f8) }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem 1.5rem .4rem 0 }}
tr {{ border-bottom: 1px solid #8884 }}
th, .short {{ white-space: nowrap }}
.number {{ text-align: right; font-variant-numeric: tabular-nums }}
.good {{ color: light-dark(#116329, #4ac26b) }}
.doubtful {{ color: light-dark(#7d4e00, #d4a72c) }}
.bad {{ color: light-dark(#a40e26, #ff8182) }}
dt {{ margin-top: 1rem; font-weight: bold }}
dd {{ margin: 0; overflow-wrap: anywhere }}
</style>
</head>
<body>
<h1>datajobs-exporter</h1>
<p>Version {version}. Jobs of data platforms for Prometheus, collected when it asks.</p>
<ul>
<li><a href="{metrics}">Metrics</a> of all sources</li>
<li><a href="/sd">Service discovery</a>: one target per source</li>
<li><a href="/-/healthy">Healthy</a> and <a href="/-/ready">ready</a></li>
</ul>
<h2>Sources</h2>
<p>As they were when Prometheus last asked; this page asks no cloud.</p>
<div class="wide">
<table>
<thead>
<tr><th>Source</th><th>State</th><th class="number">Listed</th>
<th>As of (UTC)</th><th>API</th><th>Region</th></tr>
</thead>
<tbody>
{rows}</tbody>
</table>
</div>
{troubles}</body>
</html>
"""
ROW = """<tr>
<td class="short"><a href="/probe?target={name}" title="Scrape this source now">{name}</a></td>
<td class="short {tone}">{state}</td>
<td class="number">{listed}</td>
<td class="short">{as_of}</td>
<td class="short">{api}</td>
<td class="short">{region}</td>
</tr>
"""
TROUBLES = """<h2>What is wrong</h2>
<dl>
{entries}</dl>
"""
TROUBLE = """<dt>{name}: {state}</dt>
<dd>{message}</dd>
<dd>{cure}</dd>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a source was at a scrape, in words; ``tone`` is the style class that fits."""

    state: str = "not asked yet"
    tone: str = ""
    message: str = ""
    cure: str = ""
    listed: str = ""
    as_of: str = ""

    @classmethod
    def of(cls, result: Result) -> "Status":
        """Return what a result says."""
        state, tone, message, cure = "ok", "good", "", ""
        if result.error is not None:
            state, tone = f"failed: {result.error.reason}", "bad"
            message = f"{result.error.reason.meaning} {result.error.message}"
            cure = result.error.reason.cure
        elif result.snapshot is not None and not result.snapshot.complete:
            state, tone = "incomplete", "doubtful"
            message = (
                f"The API reports {result.snapshot.reported} jobs; {result.snapshot.listed} were listed."
            )
            cure = (
                "Where both are the same, the list changed while it was read. The next scrape reads it anew."
            )
        return cls(
            state=state,
            tone=tone,
            message=message,
            cure=cure,
            listed="" if result.snapshot is None else str(result.snapshot.listed),
            as_of="" if result.last_success is None else utc(result.last_success),
        )


def utc(moment: float) -> str:
    """Write seconds since 1970 for people."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def landing(scraper: Scraper, statuses: Mapping[str, Status], telemetry_path: str) -> str:
    """Return the page; everything that a user or a cloud has written is escaped."""
    known = {name: statuses.get(name, Status()) for name in scraper.names}
    return PAGE.format(
        version=escape(__version__),
        metrics=escape(telemetry_path),
        rows="".join(row(scraper, name, status) for name, status in known.items()),
        troubles=troubles(known),
    )


def row(scraper: Scraper, name: str, status: Status) -> str:
    """Return the row of a source."""
    settings = scraper.settings(name)
    return ROW.format(
        name=escape(name),
        tone=status.tone,
        state=escape(status.state),
        listed=status.listed,
        as_of=status.as_of,
        api=escape(settings.api),
        region=escape(settings.region or settings.endpoint or ""),
    )


def troubles(statuses: Mapping[str, Status]) -> str:
    """Return what is wrong and what can be done about it; nothing where all is well."""
    entries = "".join(
        TROUBLE.format(
            name=escape(name),
            state=escape(status.state),
            message=escape(status.message),
            cure=escape(status.cure),
        )
        for name, status in statuses.items()
        if status.message
    )
    return TROUBLES.format(entries=entries) if entries else ""
