"""PromQL for panels: of the selected cluster, over Grafana's windows."""

from string import Template

from copilot.signals.catalog import BY_NAME
from copilot.signals.signal import CONDITION_MEANS, Condition, Signal
from copilot.signals.signal_names import SignalName
from copilot.signals.style import OPENTELEMETRY
from grafana.dashboard import PromQL, Variable

CLUSTER = 'cluster="$cluster"'
COPILOT_CLUSTER = 'cluster="copilot"'
"""The label on the Copilot's own metrics, for any cluster that it watches."""
NAMESPACE = 'namespace=~"$namespace"'
# At least four scrapes, and never shorter than the interval between two points.
SHORT_WINDOW = "$__rate_interval"
# The Copilot's default; a shorter window has too few observations of a quiet cluster.
LONG_WINDOW = "5m"

CLUSTER_VARIABLE = Variable(
    "cluster",
    "Cluster",
    "monitored: the cluster that the Copilot watches; copilot: its own Temporal.",
    default="monitored",
    query="label_values(persistence_requests_total, cluster)",
)
NAMESPACE_VARIABLE = Variable(
    "namespace",
    "Namespace",
    "Temporal namespaces. Panels of signals always show all namespaces together.",
    default=None,
    query=f"label_values(service_requests_total{{{CLUSTER}}}, namespace)",
)


def signal_query(name: SignalName, legend: str) -> PromQL:
    """A signal's query, with its reason for absence on a healthy cluster."""
    signal = BY_NAME[name]
    reason = signal.absent_when_healthy
    if signal.condition is not Condition.ALWAYS:
        reason = CONDITION_MEANS[signal.condition]
    return PromQL(signal_expr(signal), legend, reason)


def signal_expr(signal: Signal) -> str:
    """A signal's PromQL over Grafana's windows."""
    return Template(OPENTELEMETRY.write(signal.query.promql)).substitute(
        cluster=CLUSTER, target="job, instance", short=SHORT_WINDOW, long=LONG_WINDOW
    )


def rate(
    counter: str, matchers: str = "", *, by: str = "", top: int = 0, cluster: str = CLUSTER
) -> str:
    """Events a second, summed by the labels `by`; only the `top` largest series unless 0."""
    return _top(
        top, f"{_sum(by)}(rate({select(counter, matchers, cluster=cluster)}[{SHORT_WINDOW}]))"
    )


def quantile(
    share: float,
    histogram: str,
    matchers: str = "",
    *,
    by: str = "",
    top: int = 0,
    cluster: str = CLUSTER,
) -> str:
    """A quantile of a histogram, in the histogram's unit."""
    labels = f"le, {by}" if by else "le"
    buckets = f"rate({select(f'{histogram}_bucket', matchers, cluster=cluster)}[{LONG_WINDOW}])"
    return _top(top, f"histogram_quantile({share}, sum by ({labels}) ({buckets}))")


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
