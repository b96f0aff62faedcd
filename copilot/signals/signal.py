"""What a signal is: one PromQL query with its meaning, and what its absence says."""

from enum import StrEnum
from string import Template

from copilot.signals.names import SignalName
from copilot.signals.snapshot import Frozen


class Role(StrEnum):
    """A service of the Temporal server; its scrape job is named `temporal-<role>`."""

    FRONTEND = "frontend"
    HISTORY = "history"
    MATCHING = "matching"
    WORKER = "worker"

    @property
    def job(self) -> str:
        return f"temporal-{self}"


class Kind(StrEnum):
    PRIMARY = "primary"  # the twelve by which health is judged
    DEMAND = "demand"  # what clients ask for, so that quiet is told from stuck
    SYSTEM = "system"  # retention and deletion: work without progress of workflows
    AMPLIFIER = "amplifier"  # says why a primary signal is bad; decides nothing
    WORKER = "worker"  # what the users' own workers say of themselves; decides nothing


class Shape(StrEnum):
    RATE = "rate"  # of a counter, over the short window
    RATIO = "ratio"  # of two rates, over the short window
    QUANTILE = "quantile"  # of a histogram, over the long window
    GAUGE = "gauge"  # its newest value in the short window


class Condition(StrEnum):
    """Where a signal is exported at all."""

    ALWAYS = "always"
    DSQL = "dsql"
    SDK = "sdk"


CONDITION_MEANS = {
    Condition.ALWAYS: "every server exports it",
    Condition.DSQL: "exported only by the server's fork for Aurora DSQL",
    Condition.SDK: "exported only by users' workers, where the metrics store scrapes them",
}
"""Why a signal may not be there. Elsewhere than under `ALWAYS`, its absence is never a 0."""


ABSENCE_MEANS = {
    Shape.RATE: "0: a counter appears with its first event",
    Shape.RATIO: "no observations: a counter appears with its first event",
    Shape.QUANTILE: "no observations: a histogram appears with its first event",
    Shape.GAUGE: "0: the server reports a gauge only for task queues that are loaded",
}
"""What a missing series says of a role that is scraped and `up`; otherwise the value is unknown.

A gauge that only explains is then not known, or not exported where its condition asks for more.
"""


class Signal(Frozen):
    """One entry of the catalogue.

    `promql` and `count_promql` are templates of `$cluster` (a label matcher), `$short` and `$long`
    (seconds): see `query` and `count_query`. `count_promql` is the rate of what was counted behind
    a quantile or a ratio, None for other shapes. `role` is the service that exports the series,
    None for users' workers; only while all its instances are `up` does absence mean what
    `ABSENCE_MEANS` says. `absent_when_healthy` is why a loaded and healthy cluster may have no
    such series; empty when it always has, where its `condition` holds.
    """

    name: SignalName
    number: int | None = None
    title: str
    unit: str
    kind: Kind
    shape: Shape
    role: Role | None
    meaning: str
    promql: str
    count_promql: str | None = None
    absent_when_healthy: str = ""
    condition: Condition = Condition.ALWAYS

    @property
    def explains(self) -> bool:
        """True when no gate reads it: it says why, and decides nothing."""
        return self.kind in (Kind.AMPLIFIER, Kind.WORKER)

    @property
    def absence_means(self) -> str:
        if self.condition is not Condition.ALWAYS:
            return f"not exported here: {CONDITION_MEANS[self.condition]}"
        if self.explains and self.shape is Shape.GAUGE:
            return "not known"
        return ABSENCE_MEANS[self.shape]


def query(signal: Signal, cluster: str, short: float, long: float) -> str:
    """The signal's PromQL for one cluster; windows are seconds."""
    return fill(signal.promql, cluster, short, long)


def count_query(signal: Signal, cluster: str, short: float, long: float) -> str | None:
    """What was counted a second behind a quantile or ratio, to tell "none" from "not seen"."""
    return signal.count_promql and fill(signal.count_promql, cluster, short, long)


def fill(template: str, cluster: str, short: float, long: float) -> str:
    """Put the cluster matcher and the windows (seconds) into a PromQL template."""
    escaped = cluster.replace("\\", "\\\\").replace('"', '\\"')
    return Template(template).substitute(
        cluster=f'cluster="{escaped}"', short=duration(short), long=duration(long)
    )


def duration(seconds: float) -> str:
    """PromQL's form of a duration, which must be a whole number."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{seconds:.0f}s"
