"""From a snapshot to a decision: pure functions, no I/O and no clock."""
