"""PromQL for panels: templates, which a ShownCluster fills.

A metric of the server is named as in the catalogue of signals, such as
`counter:persistence_requests`; others, such as the Copilot's own, by the name that they have.
Further variables than the catalogue's are those of ShownCluster. What stays a variable in Grafana
begins with `$$`.
"""

from copilot.signals.catalog import BY_NAME
from copilot.signals.signal import CONDITION_MEANS, Condition
from copilot.signals.signal_names import SignalName
from grafana.dashboard import PromQL, Variable
from grafana.shown import CLUSTER_VARIABLE_NAME

CLUSTER = "$cluster"
COPILOT = "$copilot"
"""The matchers of the Copilot's own metrics."""
WATCHED = "$watched"
"""The matchers of those of them that are of the shown cluster."""
NAMESPACE = 'namespace=~"$$namespace"'

CLUSTER_VARIABLE = Variable(
    CLUSTER_VARIABLE_NAME,
    "Cluster",
    "monitored: the cluster that the Copilot watches; copilot: its own Temporal.",
    default="monitored",
    query="label_values(counter:persistence_requests, cluster)",
)
NAMESPACE_VARIABLE = Variable(
    "namespace",
    "Namespace",
    "Temporal namespaces. Panels of signals always show all namespaces together.",
    default=None,
    query=f"label_values(counter:service_requests{{{CLUSTER}}}, $namespace_label)",
)


def signal_query(name: SignalName, legend: str) -> PromQL:
    """A signal's query, with its reason for absence on a healthy cluster."""
    signal = BY_NAME[name]
    reason = signal.absent_when_healthy
    if signal.condition is not Condition.ALWAYS:
        reason = CONDITION_MEANS[signal.condition]
    return PromQL(signal.query.promql, legend, reason)


def rate(
    counter: str, matchers: str = "", *, by: str = "", top: int = 0, cluster: str = CLUSTER
) -> str:
    """Events a second, summed by the labels `by`; only the `top` largest series unless 0."""
    return _top(top, f"{_sum(by)}(rate({select(counter, matchers, cluster=cluster)}[$short]))")


def quantile(
    share: float,
    histogram: str,
    matchers: str = "",
    *,
    by: str = "",
    top: int = 0,
    cluster: str = CLUSTER,
) -> str:
    """A quantile of a histogram: of a timer in milliseconds, else in the histogram's unit."""
    labels = f"le, {by}" if by else "le"
    buckets = f"rate({select(f'{histogram}_bucket', matchers, cluster=cluster)}[$long])"
    scale = " in:ms" if histogram.startswith("timer:") else ""
    return _top(top, f"histogram_quantile({share}, sum by ({labels}) ({buckets})){scale}")


def total(
    gauge: str, matchers: str = "", *, by: str = "", top: int = 0, cluster: str = CLUSTER
) -> str:
    """The last values of a gauge, summed by the labels `by`."""
    return _top(top, f"{_sum(by)}({select(gauge, matchers, cluster=cluster)})")


def select(metric: str, matchers: str = "", *, cluster: str = CLUSTER) -> str:
    """A selector of the cluster's series with further label `matchers`."""
    return f"{metric}{{{cluster},{matchers}}}" if matchers else f"{metric}{{{cluster}}}"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _top(count: int, expr: str) -> str:
    return f"topk({count}, {expr})" if count else expr
