"""The landing page: what is served here, and which sources there are."""

from html import escape

from exporter import __version__
from exporter.scrape import Scraper

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>datajobs-exporter</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 56rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #8884 }}
.wide {{ overflow-x: auto }}
</style>
</head>
<body>
<h1>datajobs-exporter</h1>
<p>Version {version}. Jobs of data platforms for Prometheus, collected when it asks.</p>
<ul>
<li><a href="{metrics}">Metrics</a>, all sources</li>
<li><a href="/sd">Service discovery</a>, one target per source</li>
<li><a href="/-/healthy">Healthy</a> and <a href="/-/ready">ready</a></li>
</ul>
<h2>Sources</h2>
<div class="wide">
<table>
<thead><tr><th>Source</th><th>API</th><th>Region</th><th></th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
</body>
</html>
"""
ROW = (
    '<tr><td>{name}</td><td>{api}</td><td>{region}</td><td><a href="/probe?target={name}">probe</a></td></tr>'
)


def landing(scraper: Scraper, telemetry_path: str) -> str:
    """Return the page; everything that the user chose is escaped."""
    rows = []
    for name in scraper.names:
        settings = scraper.settings(name)
        region = settings.region or settings.endpoint or ""
        rows.append(ROW.format(name=escape(name), api=escape(settings.api), region=escape(region)))
    return PAGE.format(version=escape(__version__), metrics=escape(telemetry_path), rows="\n".join(rows))
