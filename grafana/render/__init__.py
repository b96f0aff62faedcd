"""Grafana's JSON of a dashboard, built with its SDK."""
