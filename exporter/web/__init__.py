"""The HTTP side: metrics, probe, discovery, health, and a status page."""
