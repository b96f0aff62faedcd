"""Prose for a decision; it never changes one."""
