"""Temporal workflows of the Copilot."""
