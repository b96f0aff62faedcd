"""The monitored clusters: what describes one, and where the descriptions are read."""
