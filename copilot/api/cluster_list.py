"""The response of `/clusters`."""

from pydantic import FiniteFloat

from copilot.health.decision import Cause, State
from copilot.signals.reading import Frozen, UtcDatetime


class ClusterEntry(Frozen):
    """A cluster's state as it holds now, and since when.

    `reason` says why there is no valid verdict, and is empty when there is one. `causes` are those
    of the last verdict while it is valid; the root is first.
    """

    cluster: str
    health_state: State
    since: UtcDatetime | None
    causes: tuple[Cause, ...]
    reason: str
    timestamp: UtcDatetime | None
    data_age_seconds: FiniteFloat | None
    stale: bool


class ClusterList(Frozen):
    """The monitored clusters: critical, unknown, stressed, happy, and then by name.

    `problems` has a line for each cluster file that cannot be used as it is.
    """

    clusters: tuple[ClusterEntry, ...]
    problems: tuple[str, ...]
