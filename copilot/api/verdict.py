"""The fields with which every response about one cycle begins."""

from pydantic import FiniteFloat

from copilot.health.decision import State
from copilot.signals.reading import Frozen, UtcDatetime


class Verdict(Frozen):
    """The last decision as it holds now.

    `health_state` is `unknown` when the decision is older than three cycles (`stale`) or when
    there is none; `timestamp`, `data_age_seconds` and `cycle` are then those of the last decision,
    or null.
    """

    cluster: str
    health_state: State
    reason: str
    timestamp: UtcDatetime | None
    data_age_seconds: FiniteFloat | None
    cycle: int | None
    stale: bool
