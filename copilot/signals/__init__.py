"""What is measured: the catalogue of signals, and the clients of the sources."""
