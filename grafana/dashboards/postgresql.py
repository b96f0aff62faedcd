"""PostgreSQL Persistence: the store of the stack `local`, in place of Aurora DSQL."""

from copilot.signals.signal import RARE
from copilot.signals.signal_names import SignalName as S
from grafana.colors import higher_is_worse
from grafana.dashboard import DSQL, Dashboard, PromQL, Row, stat, time_series
from grafana.dashboards.persistence_row import persistence_row
from grafana.promql import CLUSTER_VARIABLE, quantile, rate, total
from grafana.signal_panels import signal_stat

_TOP = 8
_POOL = "service_name, db_kind"
_LEGEND = "{{service_name}}, {{db_kind}}"
_IN_USE = total("gauge:persistence_sql_in_use", by=_POOL)
_ALLOWED = total("gauge:persistence_sql_max_open_conn", by=_POOL)

_CONNECTIONS = Row(
    "Connections",
    (
        stat(
            "Connections in use",
            "Connections that requests hold now, in all services and both databases.",
            "short",
            PromQL(total("gauge:persistence_sql_in_use"), "in use"),
            width=6,
        ),
        stat(
            "Connections open",
            "Connections that PostgreSQL holds for Temporal.",
            "short",
            PromQL(total("gauge:persistence_sql_open_conn"), "open"),
            width=6,
        ),
        signal_stat(S.SQL_CONNECTIONS_IN_USE_RATIO, *higher_is_worse(0.8, 0.95), width=6),
        stat(
            "Connections allowed",
            "Sum of the limits of all pools: one pool for each service and database, limited by "
            "the stack's settings sql_max_conns and copilot_sql_max_conns.",
            "short",
            PromQL(total("gauge:persistence_sql_max_open_conn"), "allowed"),
            width=6,
        ),
        time_series(
            "Share of each pool in use",
            "Requests wait while a pool is at its limit, which shows as persistence latency.",
            "percentunit",
            PromQL(f"{_IN_USE} / {_ALLOWED}", _LEGEND),
        ),
        time_series(
            "Connections of each pool",
            "Open connections, and how many of them are idle.",
            "short",
            PromQL(total("gauge:persistence_sql_open_conn", by=_POOL), f"{_LEGEND}: open"),
            PromQL(total("gauge:persistence_sql_idle_conn", by=_POOL), f"{_LEGEND}: idle"),
        ),
    ),
)
_VISIBILITY = Row(
    "Visibility",
    (
        time_series(
            "Requests by operation",
            "Requests for lists of workflows; this stack stores visibility in PostgreSQL too.",
            "reqps",
            PromQL(
                rate("counter:visibility_persistence_requests", by="operation"), "{{operation}}"
            ),
            width=8,
        ),
        time_series(
            "Latency by operation, p95",
            "Latency of the visibility store.",
            "ms",
            PromQL(
                quantile(0.95, "timer:visibility_persistence_latency", by="operation"),
                "{{operation}}",
            ),
            width=8,
        ),
        time_series(
            "Errors by type",
            "Failed requests to the visibility store.",
            "suffix: errors/s",
            PromQL(
                rate("counter:visibility_persistence_error_with_type", by="error_type"),
                "{{error_type}}",
                RARE,
            ),
            width=8,
        ),
    ),
)

DASHBOARD = Dashboard(
    uid="postgresql-persistence",
    title="PostgreSQL Persistence",
    folder=DSQL,
    description="Connections, persistence and visibility of one cluster on PostgreSQL.",
    guide=(
        "The counterpart of the dashboard for Aurora DSQL. **Connections**: requests wait while a "
        "pool is at its limit. **Persistence**: latency includes these waits; the Copilot's rules "
        "read the history service's. High latency with free pools means a slow database; with "
        "full pools, too few connections or too many requests."
    ),
    rows=(_CONNECTIONS, persistence_row(_TOP), _VISIBILITY),
    variables=(CLUSTER_VARIABLE,),
)
