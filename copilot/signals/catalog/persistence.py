"""The services' calls to their store: latency, errors, connections."""

from functools import partial

from copilot.signals.matchers import (
    EXPECTED_ERRORS,
    HISTORY,
    NOT_CANARY,
    SERVICE_STORES,
    STORE_WRITES,
)
from copilot.signals.queries import gauge, newest, quantile, rate
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Kind, Signal
from copilot.signals.signal_names import SignalName as S

_LATENCY = "persistence_latency"
_UPDATES = HISTORY + ',operation="UpdateWorkflowExecution"'
_ERRORS = "persistence_error_with_type"
_REAL = f'{NOT_CANARY},error_type!~"{EXPECTED_ERRORS}"'
_store_signal = partial(Signal, role=Role.HISTORY)


PERSISTENCE = (
    _store_signal(
        name=S.UPDATE_LATENCY_P95,
        number=2,
        title="Time to write a workflow update, p95",
        unit="ms",
        meaning="What one step of a workflow costs in persistence.",
        query=quantile(0.95, _LATENCY, _UPDATES),
    ),
    _store_signal(
        name=S.UPDATE_LATENCY_P99,
        number=2,
        title="Time to write a workflow update, p99",
        unit="ms",
        meaning="What one step of a workflow costs in persistence.",
        query=quantile(0.99, _LATENCY, _UPDATES),
    ),
    _store_signal(
        name=S.PERSISTENCE_LATENCY_P95,
        number=11,
        title="Persistence latency, p95",
        unit="ms",
        meaning="The history service's way to its store and back, with its waits for a "
        "connection: not the database's own time.",
        query=quantile(0.95, _LATENCY, HISTORY),
    ),
    _store_signal(
        name=S.PERSISTENCE_LATENCY_P99,
        number=11,
        title="Persistence latency, p99",
        unit="ms",
        meaning="The history service's way to its store and back, with its waits for a "
        "connection: not the database's own time.",
        query=quantile(0.99, _LATENCY, HISTORY),
    ),
    _store_signal(
        name=S.PERSISTENCE_ERROR_RATE,
        number=12,
        title="Persistence errors",
        unit="errors/s",
        meaning="Failed calls of all services to their store: errors, time-outs and refusals for "
        "load, each once, without answers like 'not found' or 'condition failed'.",
        query=rate(_ERRORS, _REAL),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.PERSISTENCE_REQUEST_RATE,
        number=12,
        title="Persistence requests",
        unit="requests/s",
        meaning="Calls of all services to their store.",
        query=rate("persistence_requests", NOT_CANARY),
    ),
    _store_signal(
        name=S.STORE_WRITE_RATE,
        number=12,
        title="Persistence writes",
        unit="requests/s",
        meaning="Calls of all services that write to their store.",
        query=rate("persistence_requests", f'{NOT_CANARY},operation=~"{STORE_WRITES}"'),
    ),
    _store_signal(
        name=S.STORE_WRITE_ERROR_RATE,
        number=12,
        title="Persistence writes that fail",
        unit="errors/s",
        meaning="Failed writes: a store that is full or read-only refuses them all, and answers "
        "reads.",
        query=rate(_ERRORS, f'{_REAL},operation=~"{STORE_WRITES}"'),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.VISIBILITY_ERROR_RATE,
        number=12,
        title="Visibility errors",
        unit="errors/s",
        meaning="Failed calls of all services to the visibility store, without a user's mistakes "
        "in a query; the history service repeats a write until it succeeds.",
        query=rate("visibility_persistence_error_with_type", _REAL),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.VISIBILITY_REQUEST_RATE,
        number=12,
        title="Visibility requests",
        unit="requests/s",
        meaning="Calls of all services to the visibility store: writes of the history service, "
        "lists and counts of the frontend.",
        query=rate("visibility_persistence_requests"),
    ),
    _store_signal(
        name=S.CONDITION_FAILED_RATE,
        title="Writes that lost a race",
        unit="errors/s",
        kind=Kind.CONTRIBUTING,
        meaning="Writes refused because another one came first: some are usual, many mean "
        "contention on few workflows.",
        query=rate(_ERRORS, NOT_CANARY + r',error_type=~"persistence\\..*ConditionFailedError"'),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.SHARD_OWNERSHIP_LOST_RATE,
        title="Writes without shard ownership",
        unit="errors/s",
        kind=Kind.CONTRIBUTING,
        meaning="Writes refused because another history instance owns the shard by now.",
        query=rate(_ERRORS, NOT_CANARY + r',error_type=~"persistence\\..*ShardOwnershipLostError"'),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.STORE_UNAVAILABLE_RATE,
        title="Store unavailable",
        unit="errors/s",
        kind=Kind.CONTRIBUTING,
        meaning="Calls that the store did not answer or broke off; on Aurora DSQL also commits "
        "that lost to another one, which the server shows nowhere else.",
        query=rate(_ERRORS, NOT_CANARY + ',error_type="serviceerror.Unavailable"'),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.STORE_THROTTLED_RATE,
        title="Store calls over a limit",
        unit="errors/s",
        kind=Kind.CONTRIBUTING,
        meaning="Calls to the store refused for load, by the server's own limits or by the store.",
        query=rate("persistence_errors_resource_exhausted", NOT_CANARY),
        absent_when_healthy=RARE,
    ),
    _store_signal(
        name=S.STORE_SESSION_REFRESH_RATE,
        title="Store sessions renewed",
        unit="sessions/s",
        kind=Kind.CONTRIBUTING,
        meaning="Connection pools thrown away and built again after a connection error: none "
        "after the start.",
        query=rate("persistence_session_refresh_attempts", SERVICE_STORES),
    ),
    _store_signal(
        name=S.SQL_CONNECTIONS_IN_USE_RATIO,
        title="SQL connections in use",
        unit="ratio",
        kind=Kind.CONTRIBUTING,
        supports=True,
        meaning="Share of its connections that the busiest service uses, as of the last minute; at "
        "100 % calls wait for one.",
        query=gauge(
            f"max({newest('persistence_sql_in_use', SERVICE_STORES)}"
            f" / {newest('persistence_sql_max_open_conn', SERVICE_STORES)})"
        ),
        absent_when_healthy="only SQL stores have it, from a minute after their start",
    ),
)
