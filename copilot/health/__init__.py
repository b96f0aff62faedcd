"""What the measurements mean: pure functions from a snapshot to a decision."""
