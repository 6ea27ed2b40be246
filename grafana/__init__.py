"""Grafana dashboards of the exporter's metrics, written in Python; ``python -m grafana`` makes their JSON."""
