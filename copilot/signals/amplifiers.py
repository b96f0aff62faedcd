"""What says why a primary signal is bad: the store, the engine's caches and shards, processes.

They decide nothing. Each is what server 1.31.0 emits: no figure of a shard's load, of blocked
goroutines or of CPU throttling is among them, because it has none.
"""

from copilot.signals.expressions import newest, observations, per_second, quantile_of, share
from copilot.signals.names import SignalName as S
from copilot.signals.scopes import FRONTEND, HISTORY, RARE, USER
from copilot.signals.signal import Kind, Role, Shape, Signal

_ERRORS = "persistence_error_with_type_total"
# At the store of a service, not at those that a process opens for its start and never uses again.
_SERVICES = 'service_name!="server"'
_STATE_CACHE = HISTORY + ',cache_type="mutablestate"'
# Events that are put into the cache count as requests, too.
_EVENTS_CACHE = HISTORY + ',cache_type="events",operation="EventsCacheGetEvent"'
_LOOKUPS = "cache_requests_total"
# The server counts only calls that may take long.
_PENDING = "service_pending_requests"
_BUSY = 'resource_exhausted_cause="BusyWorkflow"'
_NOT_BUSY = 'resource_exhausted_cause!="BusyWorkflow"'


def _hits(where: str) -> str:
    return f"1 - {share(per_second('cache_miss_total', where), per_second(_LOOKUPS, where))}"


AMPLIFIERS: tuple[Signal, ...] = (
    Signal(
        name=S.CONDITION_FAILED_RATE,
        title="Writes that lost a race",
        unit="errors/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Writes refused because someone else had written first: some are usual, many mean "
        "contention on few workflows.",
        promql=per_second(_ERRORS, r'error_type=~"persistence\\..*ConditionFailedError"'),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.SHARD_OWNERSHIP_LOST_RATE,
        title="Writes without shard ownership",
        unit="errors/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Writes refused because another history instance owns the shard by now.",
        promql=per_second(_ERRORS, r'error_type=~"persistence\\..*ShardOwnershipLostError"'),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.STORE_UNAVAILABLE_RATE,
        title="Store unavailable",
        unit="errors/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Calls that the store did not answer or broke off; on Aurora DSQL also commits "
        "that lost to another one, which the server shows nowhere else.",
        promql=per_second(_ERRORS, 'error_type="serviceerror.Unavailable"'),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.STORE_THROTTLED_RATE,
        title="Store calls over a limit",
        unit="errors/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Calls to the store refused for load, by the server's own limits or by the store.",
        promql=per_second("persistence_errors_resource_exhausted_total"),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.STORE_SESSION_REFRESH_RATE,
        title="Store sessions renewed",
        unit="sessions/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Connection pools thrown away and built again after a connection error: none "
        "after the start.",
        promql=per_second("persistence_session_refresh_attempts_total", _SERVICES),
    ),
    Signal(
        name=S.SQL_CONNECTIONS_IN_USE_RATIO,
        title="SQL connections in use",
        unit="ratio",
        kind=Kind.AMPLIFIER,
        shape=Shape.GAUGE,
        role=Role.HISTORY,
        meaning="Share of its connections that the busiest service uses, as of the last minute; at "
        "100 % calls wait for one.",
        promql=f"max({newest('persistence_sql_in_use', _SERVICES)}"
        f" / {newest('persistence_sql_max_open_conn', _SERVICES)})",
        absent_when_healthy="only SQL stores have it, from a minute after their start",
    ),
    Signal(
        name=S.SHARD_IO_WAIT_P95,
        title="Wait for a shard's turn, p95",
        unit="ms",
        kind=Kind.AMPLIFIER,
        shape=Shape.QUANTILE,
        role=Role.HISTORY,
        meaning="How long writes wait until their shard may write: grows when a store is slow or "
        "one shard has too much of the work.",
        promql=quantile_of(0.95, "semaphore_latency_milliseconds", 'operation="ShardInfo"'),
        count_promql=observations("semaphore_latency_milliseconds", 'operation="ShardInfo"'),
    ),
    Signal(
        name=S.MEMBERSHIP_CHANGE_RATE,
        title="Changes of membership",
        unit="changes/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="History instances that came or went, as the history service saw it: a deployment, "
        "a crash or a network that breaks.",
        promql=per_second("membership_changed_count_total"),
    ),
    Signal(
        name=S.MUTABLE_STATE_CACHE_HIT_RATIO,
        title="Workflow cache hits",
        unit="ratio",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATIO,
        role=Role.HISTORY,
        meaning="Share of workflow states found in the history service's memory; the others are "
        "read from the store.",
        promql=_hits(_STATE_CACHE),
        count_promql=per_second(_LOOKUPS, _STATE_CACHE),
    ),
    Signal(
        name=S.EVENTS_CACHE_HIT_RATIO,
        title="Events cache hits",
        unit="ratio",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATIO,
        role=Role.HISTORY,
        meaning="Share of events found in the history service's memory; the others are read from "
        "the store.",
        promql=_hits(_EVENTS_CACHE),
        count_promql=per_second(_LOOKUPS, _EVENTS_CACHE),
    ),
    Signal(
        name=S.MUTABLE_STATE_CACHE_FILL_RATIO,
        title="Workflow cache filled",
        unit="ratio",
        kind=Kind.AMPLIFIER,
        shape=Shape.GAUGE,
        role=Role.HISTORY,
        meaning="How full the cache of workflow states is, at the fullest history instance; full "
        "is usual after a while, full with few hits is too small.",
        promql=f"max({newest('cache_usage', _STATE_CACHE)} / {newest('cache_size', _STATE_CACHE)})",
    ),
    Signal(
        name=S.FRONTEND_WAITING_CALLS,
        title="Calls that wait at a frontend",
        unit="calls",
        kind=Kind.AMPLIFIER,
        shape=Shape.GAUGE,
        role=Role.FRONTEND,
        meaning="Calls of one API method, such as polls or queries, that wait in one namespace at "
        "one frontend, where there are most; over frontend.namespaceCount, 1,200 by default, it "
        "refuses them.",
        promql=f"max({newest(_PENDING, f'{FRONTEND},{USER}')})",
    ),
    Signal(
        name=S.THROTTLED_REQUEST_RATE,
        title="Requests over a limit",
        unit="requests/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.FRONTEND,
        meaning="Calls refused by a limit of a namespace or of the system, for their rate, their "
        "number or the store's load.",
        promql=per_second("service_errors_resource_exhausted_total", f"{FRONTEND},{_NOT_BUSY}"),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.BUSY_WORKFLOW_RATE,
        title="Calls to a busy workflow",
        unit="requests/s",
        kind=Kind.AMPLIFIER,
        shape=Shape.RATE,
        role=Role.HISTORY,
        meaning="Calls refused because one workflow was asked too much at once: its lock was held.",
        promql=per_second("service_errors_resource_exhausted_total", f"{HISTORY},{_BUSY}"),
        absent_when_healthy=RARE,
    ),
    Signal(
        name=S.GOROUTINES,
        title="Goroutines",
        unit="goroutines",
        kind=Kind.AMPLIFIER,
        shape=Shape.GAUGE,
        role=Role.HISTORY,
        meaning="Most goroutines in one process of the server: they pile up where work waits.",
        promql=f"max({newest('num_goroutines')})",
    ),
    Signal(
        name=S.HEAP,
        title="Heap",
        unit="MiB",
        kind=Kind.AMPLIFIER,
        shape=Shape.GAUGE,
        role=Role.HISTORY,
        meaning="Largest heap of one process of the server.",
        promql=f"max({newest('memory_heap')}) / 1048576",
    ),
)
