"""Temporal activities: the only places of a cycle that do input and output."""
