"""A real Temporal cluster on one machine, with load and faults, for the Copilot to monitor."""
