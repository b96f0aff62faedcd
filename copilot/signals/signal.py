"""What a signal is: one query with its meaning, and what a missing series means."""

from dataclasses import dataclass
from enum import StrEnum

from copilot.signals.queries import Query, Shape
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName

RARE = "counted only when it happens"


class Kind(StrEnum):
    PRIMARY = "primary"  # one of the twelve groups from which rules decide
    DEMAND = "demand"  # work that clients request: tells quiet from stuck
    SYSTEM = "system"  # retention and deletion: work without progress of workflows
    CONTRIBUTING = "amplifier"  # explains a bad primary signal
    WORKER = "worker"  # the users' own workers


class Condition(StrEnum):
    """Which clusters export a signal."""

    ALWAYS = "always"
    DSQL = "dsql"
    SDK = "sdk"


CONDITION_MEANS = {
    Condition.ALWAYS: "every server exports it",
    Condition.DSQL: "exported only by the server's fork for Aurora DSQL",
    Condition.SDK: "exported only by users' workers, where the metrics store scrapes them",
}
"""Why a cluster may not export a signal. Unless `ALWAYS`, a missing series is never a 0."""

ABSENCE_MEANS = {
    Shape.RATE: "0: a counter appears with its first event",
    Shape.RATIO: "no observations: a counter appears with its first event",
    Shape.QUANTILE: "no observations: a histogram appears with its first event",
    Shape.GAUGE: "0: the server reports a gauge only for task queues that are loaded",
}
"""What a missing series means while its role is scraped and `up`; otherwise it is unknown.

Of a gauge that decides nothing, a missing series means unknown, or not exported.
"""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One entry of the catalogue.

    `number` is the group of a primary signal, 1 to 12. `role` exports the series, None for users'
    workers; only while all its instances are `up` does `ABSENCE_MEANS` hold.
    `supports` is True where a rule reads a signal that explains: without it, it judges by the rest.
    `absent_when_healthy` is why a loaded and healthy cluster may have no such series; empty when it
    always has, where its `condition` holds.
    """

    name: SignalName
    number: int | None = None
    title: str
    unit: str
    kind: Kind = Kind.PRIMARY
    role: Role | None
    meaning: str
    query: Query
    supports: bool = False
    absent_when_healthy: str = ""
    condition: Condition = Condition.ALWAYS

    @property
    def explains(self) -> bool:
        """True when no rule needs it: it explains a verdict, and at most supports a rule."""
        return self.kind in (Kind.CONTRIBUTING, Kind.WORKER)

    @property
    def absence_means(self) -> str:
        if self.condition is not Condition.ALWAYS:
            return f"not exported here: {CONDITION_MEANS[self.condition]}"
        if self.explains and self.query.shape is Shape.GAUGE:
            return "not known"
        return ABSENCE_MEANS[self.query.shape]
