"""Dashboards as code: what Grafana shows of a Temporal cluster, its store and the Copilot."""
