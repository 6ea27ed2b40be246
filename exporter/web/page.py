"""The status page as HTML: whole as it comes from the server, with nothing from elsewhere."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from exporter import __version__
from exporter.web.status import Count, Status, Tone, Trouble

HERE = Path(__file__).parent
STYLE = (HERE / "status.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "status.js").read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return a text's hash as a content security policy names what may stand in the page itself."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src {digest(STYLE)}; script-src {digest(SCRIPT)}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE = """<!doctype html>
<html lang="en" data-version="{version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>datajobs-exporter</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<h1>datajobs-exporter <small>{version}</small></h1>
<nav>
{links}
</nav>
<p id="stale" class="banner" role="status" hidden>The exporter does not answer: this is as it was before.</p>
<main>
{main}
</main>
<script>{script}</script>
</body>
</html>
"""
MAIN = """{banner}<p class="summary">{summary}</p>
<p class="soft small">As they were when Prometheus last asked; this page asks no cloud.
<time datetime="{now}" title="{now}">{clock} UTC</time></p>
<div class="sources">
{articles}
</div>"""
BANNER = """<p class="banner">The configuration file was read again and has mistakes: the one before it is
still at work. The log tells every mistake, and so does a reload.</p>
"""
ARTICLE = """<article id="source-{anchor}">
<header><h2>{name}</h2><span class="state {tone}">{state}</span></header>
<p class="soft small">{api}{place}</p>
{trouble}{jobs}{last_runs}{queues}<dl>
{facts}
</dl>
<p class="links small"><a href="{metrics}?source={anchor}">Metrics</a>
<a href="probe?target={anchor}" title="Asks the cloud">Scrape it now</a></p>
</article>"""

BAR = '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">{rectangles}</svg>'


def page(
    statuses: Sequence[Status], telemetry_path: str, pages: Sequence[str], now: float, *, reload_failed: bool
) -> str:
    """Return the page; ``pages`` are the paths of those that may be linked beside the metrics.

    Everything that a user or a cloud has written is escaped. Links are relative, so that they hold behind a
    proxy that puts a path before ours.
    """
    metrics = telemetry_path.lstrip("/")
    main = MAIN.format(
        banner=BANNER if reload_failed else "",
        summary=summary(statuses),
        now=exact(now),
        clock=exact(now)[11:19],
        articles="\n".join(article(one, metrics) for one in statuses),
    )
    return PAGE.format(
        version=escape(__version__), style=STYLE, script=SCRIPT, links=links(metrics, pages), main=main
    )


TITLES = {
    "/config": "Configuration",
    "/sd": "Service discovery",
    "/-/healthy": "Healthy",
    "/-/ready": "Ready",
}


def links(metrics: str, pages: Sequence[str]) -> str:
    """Return the links to the other pages."""
    named = {metrics: "Metrics", **{path.lstrip("/"): TITLES[path] for path in pages if path in TITLES}}
    return "\n".join(f'<a href="{escape(path)}">{title}</a>' for path, title in named.items())


def summary(statuses: Sequence[Status]) -> str:
    """Say how many sources are how, with a way to each that is not well."""
    counts = Counter(one.tone for one in statuses)
    words = {Tone.GOOD: "ok", Tone.DOUBTFUL: "incomplete", Tone.BAD: "failed", Tone.NEUTRAL: "not asked yet"}
    parts = [
        f'<span class="{tone}">{counts[tone]} {word}</span>' for tone, word in words.items() if counts[tone]
    ]
    sources = "1 source" if len(statuses) == 1 else f"{len(statuses)} sources"
    unwell = [
        f'<a href="#source-{anchor(one.name)}">{escape(one.name)}</a>'
        for one in statuses
        if one.tone in {Tone.BAD, Tone.DOUBTFUL}
    ]
    told = f"{sources}: {', '.join(parts)}"
    return f"{told} ({', '.join(unwell)})" if unwell else told


def anchor(name: str) -> str:
    """Return a source's name as it stands in an address."""
    return escape(quote(name, safe=""))


def article(one: Status, metrics: str) -> str:
    """Return the card of a source."""
    return ARTICLE.format(
        anchor=anchor(one.name),
        name=escape(one.name),
        tone=one.tone,
        state=escape(one.state),
        api=escape(one.api),
        place=f" · {escape(one.place)}" if one.place else "",
        trouble="" if one.trouble is None else trouble(one.trouble, one.tone),
        jobs=distribution("Jobs", one.jobs),
        last_runs=distribution("Last runs", one.last_runs),
        queues=queues(one.queues),
        facts="\n".join(f"<dt>{name}</dt><dd>{told}</dd>" for name, told in facts(one)),
        metrics=escape(metrics),
    )


def trouble(found: Trouble, tone: Tone) -> str:
    """Return what is wrong and what to do."""
    cures = "".join(f"<li>{escape(cure)}</li>" for cure in found.cures)
    meanwhile = f"\n<p>{escape(found.meanwhile)}</p>" if found.meanwhile else ""
    return (
        f'<div class="trouble {tone} small">\n<strong>{escape(found.meaning)}</strong>\n'
        f"<p>{'<br>'.join(f'<code>{escape(line)}</code>' for line in found.found)}</p>\n"
        f"<h3>What to do</h3>\n<ul>{cures}</ul>{meanwhile}\n</div>\n"
    )


def distribution(title: str, counts: Sequence[Count]) -> str:
    """Return counts by phase as a bar and in words; nothing where there are none."""
    if not counts:
        return ""
    whole = sum(count for _, count in counts)
    rectangles, start = [], 0.0
    for phase, count in counts:
        width = 100 * count / whole
        rectangles.append(f'<rect class="{phase}" x="{start:.2f}" width="{width:.2f}" height="6"/>')
        start += width
    bar = BAR.format(rectangles="".join(rectangles))
    items = "".join(
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="{phase}" width="1" height="1"/></svg>'
        f"<b>{count}</b> {phase.replace('_', ' ')}</li>"
        for phase, count in counts
    )
    return f'<h3>{title}</h3>\n{bar}\n<ul class="counts small">{items}</ul>\n'


def queues(counts: Sequence[Count]) -> str:
    """Return how deep the queues are; nothing where there are none."""
    if not counts:
        return ""
    items = "".join(f"<li><b>{count}</b> in {escape(name)}</li>" for name, count in counts)
    return f'<h3>Waiting in queues</h3>\n<ul class="counts small">{items}</ul>\n'


def facts(one: Status) -> list[tuple[str, str]]:
    """Return what is known of a source beside its jobs, as names and HTML."""
    told = []
    if one.as_of is not None and one.age is not None:
        moment = exact(one.as_of)
        told.append(("Data of", f'<time datetime="{moment}" title="{moment}">{ago(one.age)}</time>'))
    if one.listed:
        told.append(("Listed", one.listed))
    if one.asked is not None:
        took = "" if one.seconds is None else f", took {one.seconds:.2f} s"
        requests = "1 request" if one.requests == 1 else f"{one.requests or 0} requests"
        told.append(("Last scrape", f"{ago(one.asked)}{took}, {requests}"))
    return told or [("Last scrape", "none yet")]


UNITS = ((86_400, "days"), (3600, "h"), (60, "min"), (1, "s"))


def ago(seconds: float) -> str:
    """Say how long ago something was, in the largest unit of which it is at least two."""
    for unit, word in UNITS:
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {word} ago"
    return "just now"


def exact(moment: float) -> str:
    """Write seconds since 1970 for people and for machines."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
