"""How the Copilot signs in to the sources of a cluster: metrics store, logs, Temporal."""
