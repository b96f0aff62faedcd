"""PromQL as panels ask it: of the cluster that is chosen, over Grafana's own windows."""

from string import Template

from copilot.signals.catalog import BY_NAME
from copilot.signals.names import SignalName
from copilot.signals.signal import CONDITION_MEANS, Condition, Signal
from grafana.model import PromQL, Variable

CLUSTER = 'cluster="$cluster"'
OWN_CLUSTER = 'cluster="copilot"'
"""The label on the Copilot's own metrics, whatever cluster it watches."""
IN_NAMESPACE = 'namespace=~"$namespace"'
# At least four scrapes, and never shorter than the distance of two points.
SHORT = "$__rate_interval"
# A shorter window holds too few observations of a quiet cluster. The Copilot's default too.
LONG = "5m"
RARE = "counted only when it happens"

CLUSTER_VARIABLE = Variable(
    "cluster",
    "Cluster",
    "monitored is the cluster that the Copilot watches, copilot is its own Temporal.",
    default="monitored",
    query="label_values(persistence_requests_total, cluster)",
)
NAMESPACE_VARIABLE = Variable(
    "namespace",
    "Namespace",
    "Temporal namespaces; signals that the Copilot judges by are those of all together.",
    default=None,
    query=f"label_values(service_requests_total{{{CLUSTER}}}, namespace)",
)


def signal_query(name: SignalName, legend: str) -> PromQL:
    """A signal as the catalogue reads it."""
    signal = BY_NAME[name]
    reason = signal.absent_when_healthy
    if signal.condition is not Condition.ALWAYS:
        reason = CONDITION_MEANS[signal.condition]
    return PromQL(signal_expr(signal), legend, reason)


def signal_expr(signal: Signal) -> str:
    """A signal's PromQL over Grafana's windows."""
    return Template(signal.promql).substitute(cluster=CLUSTER, short=SHORT, long=LONG)


def rate(
    counter: str, where: str = "", *, by: str = "", top: int = 0, cluster: str = CLUSTER
) -> str:
    """Events a second, in the series of the labels `by`; of `top` series only the largest."""
    return _top(top, f"{_sum(by)}(rate({select(counter, where, cluster=cluster)}[{SHORT}]))")


def quantile(
    share: float,
    histogram: str,
    where: str = "",
    *,
    by: str = "",
    top: int = 0,
    cluster: str = CLUSTER,
) -> str:
    """A quantile of a histogram; its unit is the histogram's."""
    labels = f"le, {by}" if by else "le"
    buckets = f"rate({select(f'{histogram}_bucket', where, cluster=cluster)}[{LONG}])"
    return _top(top, f"histogram_quantile({share}, sum by ({labels}) ({buckets}))")


def total(
    gauge: str, where: str = "", *, by: str = "", top: int = 0, cluster: str = CLUSTER
) -> str:
    """The newest values of a gauge, summed over all series with the same labels `by`."""
    return _top(top, f"{_sum(by)}({select(gauge, where, cluster=cluster)})")


def select(metric: str, where: str = "", *, cluster: str = CLUSTER) -> str:
    """The series of the cluster that match."""
    return f"{metric}{{{cluster},{where}}}" if where else f"{metric}{{{cluster}}}"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _top(count: int, expr: str) -> str:
    return f"topk({count}, {expr})" if count else expr
