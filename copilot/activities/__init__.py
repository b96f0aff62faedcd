"""Temporal activities: all input and output of a cycle."""
