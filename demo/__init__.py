"""The whole chain on one machine: simulated clouds, the exporter, Prometheus and Alertmanager."""
