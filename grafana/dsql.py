"""DSQL Persistence: the connections to Aurora DSQL, what they carry, and what AWS measures."""

from collections.abc import Mapping

from copilot.signals.names import SignalName as S
from copilot.signals.signal import CONDITION_MEANS, Condition
from grafana.model import (
    DSQL,
    CloudWatchMetric,
    Dashboard,
    Panel,
    PromQL,
    Row,
    Source,
    Variable,
)
from grafana.persistence import persistence_row
from grafana.promql import CLUSTER_VARIABLE, quantile, rate, total
from grafana.queries import DSQL_VARIABLE
from grafana.signals import signal_panel, signal_stat
from grafana.words import NONE_IS_GOOD, falling, rising

_TOP = 8
# Pools that a process opens at its start and never closes; no request uses them.
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
        # Of those that should be ready, the share that is: limits in connections would have to
        # know how many each service keeps, and how many services there are.
        signal_stat(S.DSQL_RESERVOIR_FILL_RATIO, *falling(0.2, 0.6)),
        signal_stat(S.DSQL_POOL_IN_USE_RATIO, *rising(0.8, 0.95)),
        signal_stat(S.DSQL_RESERVOIR_CHECKOUT_P95, *rising(1, 10)),
        signal_stat(S.DSQL_RESERVOIR_REFILL_RATE, *rising(50, 100)),
        signal_stat(S.DSQL_RESERVOIR_EMPTY_RATE, *NONE_IS_GOOD),
        signal_stat(S.DSQL_RESERVOIR_REFILL_FAILURE_RATE, *NONE_IS_GOOD),
        Panel(
            "Reserve",
            "Connections that wait ready in each service, and how many should.",
            queries=(
                _gauge("dsql_reservoir_size", _LEGEND),
                _gauge("dsql_reservoir_target", f"{_LEGEND}, wanted"),
            ),
            unit="short",
        ),
        Panel(
            "Pools",
            "Connections that requests hold, and that are open, in each service.",
            queries=(
                _gauge("dsql_pool_in_use", f"{_LEGEND}, in use"),
                _gauge("dsql_pool_open", f"{_LEGEND}, open"),
            ),
            unit="short",
        ),
        Panel(
            "Wait for a connection of the reserve",
            "How long requests wait; less than a millisecond reads 0.",
            queries=tuple(
                PromQL(
                    quantile(share, "dsql_reservoir_checkout_latency_milliseconds", _SERVING),
                    f"p{share * 100:.0f}",
                    _ONLY_DSQL,
                )
                for share in (0.5, 0.95, 0.99)
            ),
            unit="ms",
        ),
        Panel(
            "Connections that come and go",
            "Taken from the reserve, opened for it, and found missing.",
            queries=tuple(
                _rate(f"dsql_reservoir_{counter}_total", counter)
                for counter in ("checkouts", "refills", "empty")
            ),
            unit="suffix: /s",
        ),
        Panel(
            "Connections given up, by reason",
            "Those that are too old to be handed out are usual: each lives eleven to thirteen "
            "minutes.",
            queries=(_rate("dsql_reservoir_discards_total", "{{reason}}", by="reason"),),
            unit="suffix: /s",
        ),
        Panel(
            "Connections that could not be opened, by reason",
            "rate_limit: too many at once; token_provider: no AWS credentials; connection_open: "
            "Aurora DSQL refused or was not reached.",
            queries=(_rate("dsql_reservoir_refill_failures_total", "{{reason}}", by="reason"),),
            unit="suffix: /s",
        ),
        signal_panel(S.DSQL_POOL_WAIT_RATE),
        signal_panel(S.DSQL_CONNECTION_CLOSE_RATE),
    ),
)
# The fork counts no conflicts of transactions: one that is not tried again is `unavailable`.
_CONFLICTS = Row(
    "Conflicts",
    (
        signal_panel(S.STORE_UNAVAILABLE_RATE, width=8),
        signal_panel(S.CONDITION_FAILED_RATE, width=8),
        signal_panel(S.SHARD_OWNERSHIP_LOST_RATE, width=8),
    ),
)


def _cloudwatch(title: str, meaning: str, unit: str, *metrics: CloudWatchMetric) -> Panel:
    return Panel(title, meaning, queries=metrics, unit=unit)


_CLOUDWATCH = Row(
    "CloudWatch",
    (
        _cloudwatch(
            "Throughput",
            "Bytes that the cluster read and wrote.",
            "bytes",
            CloudWatchMetric("BytesRead", "Sum", "read"),
            CloudWatchMetric("BytesWritten", "Sum", "written"),
        ),
        _cloudwatch(
            "Commit latency",
            "Average time of a commit, by the service's own measure.",
            "ms",
            CloudWatchMetric("CommitLatency", "Average", "commit"),
        ),
        _cloudwatch(
            "Transactions and conflicts",
            "Transactions, and those refused because another had changed the same rows.",
            "short",
            CloudWatchMetric("TotalTransactions", "Sum", "transactions"),
            CloudWatchMetric("OccConflicts", "Sum", "conflicts"),
        ),
        _cloudwatch(
            "DPU",
            "Distributed processing units, which the bill counts.",
            "short",
            CloudWatchMetric("TotalDPU", "Sum", "total"),
            CloudWatchMetric("ReadDPU", "Sum", "read"),
            CloudWatchMetric("WriteDPU", "Sum", "write"),
        ),
    ),
    # Each of its queries is a request to AWS.
    collapsed=True,
)


def dashboard(clusters: Mapping[str, str]) -> Dashboard:
    """The dashboard; `clusters` are the identifiers of Aurora DSQL clusters, by what they hold.

    The first is chosen; without any, CloudWatch is asked which there are.
    """
    return Dashboard(
        uid="dsql-persistence",
        title="DSQL Persistence",
        folder=DSQL,
        description="Connections to Aurora DSQL, persistence, conflicts, and AWS's own metrics.",
        guide=(
            "**Connections**: requests take them from a reserve that is filled in advance, because "
            "Aurora DSQL opens 100 a second at most and ends each after an hour. An empty reserve "
            "makes requests wait, which shows as persistence latency. **Conflicts** are usual in "
            "small numbers: the request is tried again; Aurora DSQL's own count of them is under "
            "CloudWatch. Start-up pools (service_name "
            "`server`) are left out."
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
        choices=dict(clusters),
    )
