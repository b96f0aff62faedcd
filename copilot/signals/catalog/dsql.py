"""The fork of the server for Aurora DSQL: its connection pools and their reservoirs.

Only what the fork emits: it defines metrics of transactions, tokens and retries, too, but never
records them, and its duration of waits for a pool repeats a lifetime's total.
"""

from functools import partial

from copilot.signals.matchers import SERVICE_STORES
from copilot.signals.queries import gauge, newest, quantile, rate, rate_of_any
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Condition, Kind, Signal
from copilot.signals.signal_names import SignalName as S

_RESERVOIR = "only with a reservoir (DSQL_RESERVOIR_ENABLED)"
_dsql_signal = partial(Signal, kind=Kind.CONTRIBUTING, condition=Condition.DSQL, role=Role.HISTORY)


DSQL = (
    _dsql_signal(
        name=S.DSQL_POOL_IN_USE_RATIO,
        title="DSQL connections in use",
        unit="ratio",
        meaning="Share of its connections that the busiest service uses; at 100 % calls wait.",
        query=gauge(
            f"max({newest('dsql_pool_in_use', SERVICE_STORES)}"
            f" / {newest('dsql_pool_max_open', SERVICE_STORES)})"
        ),
    ),
    _dsql_signal(
        name=S.DSQL_POOL_WAIT_RATE,
        title="Waits for a DSQL connection",
        unit="waits/s",
        meaning="Calls that found every connection of their pool in use.",
        query=rate("dsql_pool_wait_total", SERVICE_STORES),
        absent_when_healthy=RARE,
    ),
    _dsql_signal(
        name=S.DSQL_CONNECTION_CLOSE_RATE,
        title="DSQL connections closed",
        unit="connections/s",
        meaning="Connections closed for their age or because they were idle; each must be opened "
        "again, and Aurora DSQL accepts a hundred a second.",
        # The fork exports these totals as gauges; they only rise, so their rate is right.
        query=rate_of_any(
            "gauge:dsql_db_closed_max_lifetime_total",
            "gauge:dsql_db_closed_max_idle_time_total",
            "gauge:dsql_db_closed_max_idle_total",
            where=SERVICE_STORES,
        ),
    ),
    _dsql_signal(
        name=S.DSQL_KEEPER_FAILURE_RATE,
        title="Failed top-ups of a DSQL pool",
        unit="failures/s",
        meaning="Connections that the keeper of a pool without a reservoir could not open.",
        query=rate("dsql_pool_keeper_topup_failures_total", SERVICE_STORES),
        absent_when_healthy="only without a reservoir, and " + RARE,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_FILL_RATIO,
        title="DSQL reservoir filled",
        unit="ratio",
        meaning="Connections that are ready, of those wanted, where it is worst; it reads 0 for a "
        "moment whenever a reservoir is found empty.",
        query=gauge(
            f"min({newest('dsql_reservoir_size', SERVICE_STORES)}"
            f" / {newest('dsql_reservoir_target', SERVICE_STORES)})"
        ),
        absent_when_healthy=_RESERVOIR,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_EMPTY_RATE,
        title="DSQL reservoir found empty",
        unit="times/s",
        meaning="Calls that found no connection ready and waited for one.",
        query=rate("dsql_reservoir_empty_total", SERVICE_STORES),
        absent_when_healthy=RARE,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_REFILL_RATE,
        title="DSQL connections opened",
        unit="connections/s",
        meaning="Connections opened for a reservoir.",
        query=rate("dsql_reservoir_refills_total", SERVICE_STORES),
        absent_when_healthy=_RESERVOIR,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_REFILL_FAILURE_RATE,
        title="DSQL connections not opened",
        unit="failures/s",
        meaning="Connections that a reservoir could not open: the label `reason` of the metric "
        "has the reason: a limit, a lease, a token or the network.",
        query=rate("dsql_reservoir_refill_failures_total", SERVICE_STORES),
        absent_when_healthy=RARE,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_DISCARD_RATE,
        title="DSQL connections discarded",
        unit="connections/s",
        meaning="Connections that a reservoir dropped, mostly for their age.",
        query=rate("dsql_reservoir_discards_total", SERVICE_STORES),
        absent_when_healthy=_RESERVOIR,
    ),
    _dsql_signal(
        name=S.DSQL_RESERVOIR_CHECKOUT_P95,
        title="Wait for a DSQL connection, p95",
        unit="ms",
        meaning="How long a call waits for a connection of the reservoir; under a millisecond "
        "reads as 0.",
        query=quantile(0.95, "dsql_reservoir_checkout_latency", SERVICE_STORES),
        absent_when_healthy=_RESERVOIR,
    ),
)
