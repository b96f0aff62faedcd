"""Amplifiers of the server's fork for Aurora DSQL: its pools of connections and their reservoirs.

Only what the fork emits: it defines metrics of transactions, tokens and retries, too, but never
records them, and its duration of waits for a pool is a lifetime's total over and over. A pool's
waits, sizes and reservoirs carry the service's name; `server` are pools of the start, which
nobody uses later and whose failures rise for ever.
"""

from functools import partial

from copilot.signals.expressions import (
    newest,
    observations,
    per_second,
    per_second_of_any,
    quantile_of,
)
from copilot.signals.names import SignalName as S
from copilot.signals.scopes import RARE
from copilot.signals.signal import Condition, Kind, Role, Shape, Signal

_SERVICES = 'service_name!="server"'
_RESERVOIR = "only with a reservoir (DSQL_RESERVOIR_ENABLED)"

_signal = partial(Signal, kind=Kind.AMPLIFIER, condition=Condition.DSQL, role=Role.HISTORY)

DSQL: tuple[Signal, ...] = (
    _signal(
        name=S.DSQL_POOL_IN_USE_RATIO,
        title="DSQL connections in use",
        unit="ratio",
        shape=Shape.GAUGE,
        meaning="Share of its connections that the busiest service uses; at 100 % calls wait.",
        promql=f"max({newest('dsql_pool_in_use', _SERVICES)}"
        f" / {newest('dsql_pool_max_open', _SERVICES)})",
    ),
    _signal(
        name=S.DSQL_POOL_WAIT_RATE,
        title="Waits for a DSQL connection",
        unit="waits/s",
        shape=Shape.RATE,
        meaning="Calls that found every connection of their pool in use.",
        promql=per_second("dsql_pool_wait_total", _SERVICES),
        absent_when_healthy=RARE,
    ),
    _signal(
        name=S.DSQL_CONNECTION_CLOSE_RATE,
        title="DSQL connections closed",
        unit="connections/s",
        shape=Shape.RATE,
        meaning="Connections closed for their age or because they were idle; each must be opened "
        "again, and Aurora DSQL accepts a hundred a second.",
        # The fork exports these totals as gauges; they only rise, so their rate is right.
        promql=per_second_of_any(
            "dsql_db_closed_max_lifetime_total",
            "dsql_db_closed_max_idle_time_total",
            "dsql_db_closed_max_idle_total",
            where=_SERVICES,
        ),
    ),
    _signal(
        name=S.DSQL_KEEPER_FAILURE_RATE,
        title="Failed top-ups of a DSQL pool",
        unit="failures/s",
        shape=Shape.RATE,
        meaning="Connections that the keeper of a pool without a reservoir could not open.",
        promql=per_second("dsql_pool_keeper_topup_failures_total", _SERVICES),
        absent_when_healthy="only without a reservoir, and " + RARE,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_FILL_RATIO,
        title="DSQL reservoir filled",
        unit="ratio",
        shape=Shape.GAUGE,
        meaning="Connections that are ready, of those wanted, where it is worst; it reads 0 for a "
        "moment whenever a reservoir is found empty.",
        promql=f"min({newest('dsql_reservoir_size', _SERVICES)}"
        f" / {newest('dsql_reservoir_target', _SERVICES)})",
        absent_when_healthy=_RESERVOIR,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_EMPTY_RATE,
        title="DSQL reservoir found empty",
        unit="times/s",
        shape=Shape.RATE,
        meaning="Calls that found no connection ready and waited for one.",
        promql=per_second("dsql_reservoir_empty_total", _SERVICES),
        absent_when_healthy=RARE,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_REFILL_RATE,
        title="DSQL connections opened",
        unit="connections/s",
        shape=Shape.RATE,
        meaning="Connections opened for a reservoir.",
        promql=per_second("dsql_reservoir_refills_total", _SERVICES),
        absent_when_healthy=_RESERVOIR,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_REFILL_FAILURE_RATE,
        title="DSQL connections not opened",
        unit="failures/s",
        shape=Shape.RATE,
        meaning="Connections that a reservoir could not open: the label `reason` of the metric "
        "says whether for a limit, a lease, a token or the network.",
        promql=per_second("dsql_reservoir_refill_failures_total", _SERVICES),
        absent_when_healthy=RARE,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_DISCARD_RATE,
        title="DSQL connections discarded",
        unit="connections/s",
        shape=Shape.RATE,
        meaning="Connections that a reservoir dropped, mostly for their age.",
        promql=per_second("dsql_reservoir_discards_total", _SERVICES),
        absent_when_healthy=_RESERVOIR,
    ),
    _signal(
        name=S.DSQL_RESERVOIR_CHECKOUT_P95,
        title="Wait for a DSQL connection, p95",
        unit="ms",
        shape=Shape.QUANTILE,
        meaning="How long a call waits for a connection of the reservoir; under a millisecond "
        "reads as 0.",
        promql=quantile_of(0.95, "dsql_reservoir_checkout_latency_milliseconds", _SERVICES),
        count_promql=observations("dsql_reservoir_checkout_latency_milliseconds", _SERVICES),
        absent_when_healthy=_RESERVOIR,
    ),
)
