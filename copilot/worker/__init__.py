"""The Copilot's worker process: `python -m copilot.worker`."""
