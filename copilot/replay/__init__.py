"""Evaluate stored snapshots again, by the same or by other limits."""
