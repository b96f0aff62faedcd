"""DSQL Persistence: connections to Aurora DSQL, persistence, conflicts, AWS's own metrics."""

from collections.abc import Mapping

from copilot.signals.signal import CONDITION_MEANS, Condition
from copilot.signals.signal_names import SignalName as S
from grafana.colors import RED_ABOVE_ZERO, higher_is_worse, lower_is_worse
from grafana.dashboard import (
    DSQL,
    DSQL_VARIABLE,
    CloudWatchMetric,
    Dashboard,
    PromQL,
    Row,
    Source,
    Variable,
    time_series,
)
from grafana.dashboards.persistence_row import persistence_row
from grafana.promql import CLUSTER_VARIABLE, quantile, rate, total
from grafana.signal_panels import signal_panel, signal_stat

_TOP = 8
# Leaves out pools that a process opens at its start and never closes; no request uses them.
_SERVING = 'service_name!="server"'
_ONLY_DSQL = CONDITION_MEANS[Condition.DSQL]
_LEGEND = "{{service_name}}"


def _gauge(gauge: str, legend: str) -> PromQL:
    return PromQL(total(gauge, _SERVING, by="service_name"), legend, _ONLY_DSQL)


def _rate(counter: str, legend: str, by: str = "") -> PromQL:
    return PromQL(rate(counter, _SERVING, by=by), legend, _ONLY_DSQL)


_CONNECTIONS = Row(
    "Connections",
    (
        # A ratio, because limits in connections would depend on the size of each service's reserve
        # and on the number of services.
        signal_stat(S.DSQL_RESERVOIR_FILL_RATIO, *lower_is_worse(0.2, 0.6)),
        signal_stat(S.DSQL_POOL_IN_USE_RATIO, *higher_is_worse(0.8, 0.95)),
        signal_stat(S.DSQL_RESERVOIR_CHECKOUT_P95, *higher_is_worse(1, 10)),
        signal_stat(S.DSQL_RESERVOIR_REFILL_RATE, *higher_is_worse(50, 100)),
        signal_stat(S.DSQL_RESERVOIR_EMPTY_RATE, *RED_ABOVE_ZERO),
        signal_stat(S.DSQL_RESERVOIR_REFILL_FAILURE_RATE, *RED_ABOVE_ZERO),
        time_series(
            "Reserve",
            "Ready connections in each service, and how many there should be.",
            "short",
            _gauge("gauge:dsql_reservoir_size", _LEGEND),
            _gauge("gauge:dsql_reservoir_target", f"{_LEGEND}, wanted"),
        ),
        time_series(
            "Pools",
            "Connections in use and open connections, in each service.",
            "short",
            _gauge("gauge:dsql_pool_in_use", f"{_LEGEND}, in use"),
            _gauge("gauge:dsql_pool_open", f"{_LEGEND}, open"),
        ),
        time_series(
            "Wait for a connection from the reserve",
            "Wait time of requests; values below a millisecond read 0.",
            "ms",
            *(
                PromQL(
                    quantile(share, "timer:dsql_reservoir_checkout_latency", _SERVING),
                    f"p{share * 100:.0f}",
                    _ONLY_DSQL,
                )
                for share in (0.5, 0.95, 0.99)
            ),
        ),
        time_series(
            "Reserve activity",
            "Connections taken from the reserve, opened for it, and requested while it was empty.",
            "suffix: /s",
            *(
                _rate(f"counter:dsql_reservoir_{counter}_total", counter)
                for counter in ("checkouts", "refills", "empty")
            ),
        ),
        time_series(
            "Discarded connections by reason",
            "Discards for age are normal: a connection lives eleven to thirteen minutes.",
            "suffix: /s",
            _rate("counter:dsql_reservoir_discards_total", "{{reason}}", by="reason"),
        ),
        time_series(
            "Failures to open a connection by reason",
            "rate_limit: too many at once; token_provider: no AWS credentials; connection_open: "
            "Aurora DSQL refused or was unreachable.",
            "suffix: /s",
            _rate("counter:dsql_reservoir_refill_failures_total", "{{reason}}", by="reason"),
        ),
        signal_panel(S.DSQL_POOL_WAIT_RATE),
        signal_panel(S.DSQL_CONNECTION_CLOSE_RATE),
    ),
)
# The fork does not count transaction conflicts: one that is not retried counts as `unavailable`.
_CONFLICTS = Row(
    "Conflicts",
    (
        signal_panel(S.STORE_UNAVAILABLE_RATE, width=8),
        signal_panel(S.CONDITION_FAILED_RATE, width=8),
        signal_panel(S.SHARD_OWNERSHIP_LOST_RATE, width=8),
    ),
)


_CLOUDWATCH = Row(
    "CloudWatch",
    (
        time_series(
            "Throughput",
            "Bytes that the cluster read and wrote.",
            "bytes",
            CloudWatchMetric("BytesRead", "Sum", "read"),
            CloudWatchMetric("BytesWritten", "Sum", "written"),
        ),
        time_series(
            "Commit latency",
            "Average duration of a commit, measured by Aurora DSQL.",
            "ms",
            CloudWatchMetric("CommitLatency", "Average", "commit"),
        ),
        time_series(
            "Transactions and conflicts",
            "Transactions, and those rejected because another one changed the same rows.",
            "short",
            CloudWatchMetric("TotalTransactions", "Sum", "transactions"),
            CloudWatchMetric("OccConflicts", "Sum", "conflicts"),
        ),
        time_series(
            "DPU",
            "Distributed processing units, the unit of AWS's bill.",
            "short",
            CloudWatchMetric("TotalDPU", "Sum", "total"),
            CloudWatchMetric("ReadDPU", "Sum", "read"),
            CloudWatchMetric("WriteDPU", "Sum", "write"),
        ),
    ),
    # Each query is a request to AWS.
    collapsed=True,
)


def dashboard(clusters: Mapping[str, str]) -> Dashboard:
    """The dashboard; `clusters` are identifiers of Aurora DSQL clusters, by name.

    The first one is selected; without any, the options come from CloudWatch.
    """
    return Dashboard(
        uid="dsql-persistence",
        title="DSQL Persistence",
        folder=DSQL,
        description="Connections to Aurora DSQL, persistence, conflicts, and AWS's own metrics.",
        guide=(
            "**Connections**: requests take them from a reserve that is filled in advance, because "
            "Aurora DSQL opens at most 100 a second and ends each after an hour. An empty reserve "
            "makes requests wait, which shows as persistence latency. **Conflicts** are normal in "
            "small numbers: the server retries the request. Aurora DSQL's own count of them is "
            "under CloudWatch. Start-up pools (service_name `server`) are left out."
        ),
        rows=(_CONNECTIONS, persistence_row(_TOP), _CONFLICTS, _CLOUDWATCH),
        variables=(CLUSTER_VARIABLE, _cluster_variable(clusters)),
    )


def _cluster_variable(clusters: Mapping[str, str]) -> Variable:
    return Variable(
        DSQL_VARIABLE,
        "Aurora DSQL cluster",
        "Identifier of the cluster whose CloudWatch metrics are shown.",
        default=next(iter(clusters.values()), ""),
        query="" if clusters else "dimension_values(default, AWS/AuroraDSQL, BytesRead, ClusterId)",
        source=Source.CLOUDWATCH,
        options=dict(clusters),
    )
