"""Checks of what this machine and AWS must offer, before anything is created."""

from collections.abc import Iterable

import pulumi


def require(problems: Iterable[str]) -> None:
    """Raise pulumi.RunError with all the problems, if there are any."""
    found = list(problems)
    if len(found) == 1:
        raise pulumi.RunError(found[0])
    if found:
        raise pulumi.RunError("this cannot run here:\n  " + "\n  ".join(found))
