"""The roles of the Temporal server; imports no library, so that stacks and lab can use it."""

from enum import StrEnum


class Role(StrEnum):
    """A service of the Temporal server, in the order in which a request reaches them."""

    FRONTEND = "frontend"
    HISTORY = "history"
    MATCHING = "matching"
    WORKER = "worker"

    @property
    def job(self) -> str:
        """Name of its scrape job, and of its container: `temporal-<role>`."""
        return f"temporal-{self}"
