"""PostgreSQL Persistence: what the stack `local` has in place of Aurora DSQL."""

from copilot.signals.names import SignalName as S
from grafana.model import DSQL, Dashboard, Panel, PromQL, Row, View
from grafana.persistence import persistence_row
from grafana.promql import CLUSTER_VARIABLE, RARE, quantile, rate, total
from grafana.signals import signal_stat
from grafana.words import rising

_TOP = 8
_OF = "service_name, db_kind"
_LEGEND = "{{service_name}}, {{db_kind}}"
_IN_USE = total("persistence_sql_in_use", by=_OF)
_MOST = total("persistence_sql_max_open_conn", by=_OF)

_CONNECTIONS = Row(
    "Connections",
    (
        Panel(
            "Connections in use",
            "Connections of all services and both databases that a request holds now.",
            View.STAT,
            (PromQL(total("persistence_sql_in_use"), "in use"),),
            unit="short",
            width=6,
            height=4,
        ),
        Panel(
            "Connections open",
            "Connections that PostgreSQL holds for Temporal.",
            View.STAT,
            (PromQL(total("persistence_sql_open_conn"), "open"),),
            unit="short",
            width=6,
            height=4,
        ),
        signal_stat(S.SQL_CONNECTIONS_IN_USE_RATIO, *rising(0.8, 0.95), width=6),
        Panel(
            "Connections allowed",
            "Sum of the limits of all pools: the stack's settings sql_max_conns and "
            "copilot_sql_max_conns, a pool each service and database.",
            View.STAT,
            (PromQL(total("persistence_sql_max_open_conn"), "allowed"),),
            unit="short",
            width=6,
            height=4,
        ),
        Panel(
            "Share of each pool in use",
            "A pool at its limit makes requests wait, which shows as persistence latency.",
            queries=(PromQL(f"{_IN_USE} / {_MOST}", _LEGEND),),
            unit="percentunit",
        ),
        Panel(
            "Connections of each pool",
            "Open connections, and those of them that are idle.",
            queries=(
                PromQL(total("persistence_sql_open_conn", by=_OF), f"{_LEGEND}: open"),
                PromQL(total("persistence_sql_idle_conn", by=_OF), f"{_LEGEND}: idle"),
            ),
            unit="short",
        ),
    ),
)
_VISIBILITY = Row(
    "Visibility",
    (
        Panel(
            "Requests by operation",
            "What lists of workflows cost; here they are kept in PostgreSQL too.",
            queries=(
                PromQL(
                    rate("visibility_persistence_requests_total", by="operation"), "{{operation}}"
                ),
            ),
            unit="reqps",
            width=8,
        ),
        Panel(
            "Latency by operation, p95",
            "How long the visibility store takes.",
            queries=(
                PromQL(
                    quantile(0.95, "visibility_persistence_latency_milliseconds", by="operation"),
                    "{{operation}}",
                ),
            ),
            unit="ms",
            width=8,
        ),
        Panel(
            "Errors by type",
            "Failed requests to the visibility store.",
            queries=(
                PromQL(
                    rate("visibility_persistence_error_with_type_total", by="error_type"),
                    "{{error_type}}",
                    RARE,
                ),
            ),
            unit="suffix: errors/s",
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
        "The twin of the dashboard for Aurora DSQL. **Connections**: a pool near its limit makes "
        "requests wait. **Persistence**: latency with these waits; the history service's is what "
        "the Copilot judges. Slow with free pools is a slow database; slow with full pools is "
        "too few connections, or too many requests."
    ),
    rows=(_CONNECTIONS, persistence_row(_TOP), _VISIBILITY),
    variables=(CLUSTER_VARIABLE,),
)
