"""The history service: task queues, shards, membership, caches."""

from functools import partial

from copilot.signals.matchers import HISTORY as SERVICE
from copilot.signals.matchers import HISTORY_OF_USERS, USER, USUAL_TASK_FAILURES, VISIBILITY_TASK
from copilot.signals.queries import (
    counted,
    dimensionless,
    gauge,
    newest,
    per_second,
    quantile,
    rate,
    ratio,
)
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Kind, Signal
from copilot.signals.signal_names import SignalName as S
from copilot.signals.style import Unit

_LAG_IS_RARE = "a shard reports its lag every 5 minutes; a shorter window is often empty"
_STATE_CACHE = SERVICE + ',cache_type="mutablestate"'
# Events that are put into the cache count as requests, too.
_EVENTS_CACHE = SERVICE + ',cache_type="events",operation="EventsCacheGetEvent"'
_QUEUE_LATENCY = "task_latency_queue"
_MISSES, _LOOKUPS = "cache_miss", "cache_requests"
_history_signal = partial(Signal, role=Role.HISTORY)


HISTORY = (
    _history_signal(
        name=S.HISTORY_QUEUE_LATENCY_P95,
        number=4,
        title="History task queue latency, p95",
        unit="s",
        meaning="Lag of the engine: from a history task's due time to its end. "
        "Recorded when a task ends, so a queue that stands still is silent.",
        query=quantile(
            0.95,
            _QUEUE_LATENCY,
            SERVICE + f',task_type!~"{VISIBILITY_TASK}"',
            unit=Unit.SECONDS,
        ),
    ),
    _history_signal(
        name=S.VISIBILITY_LAG_P95,
        number=4,
        title="Visibility lag, p95",
        unit="s",
        meaning="How late changes of workflows arrive in visibility: lists and counts are as old, "
        "while the workflows themselves run.",
        query=quantile(
            0.95,
            _QUEUE_LATENCY,
            SERVICE + f',task_type=~"{VISIBILITY_TASK}"',
            unit=Unit.SECONDS,
        ),
    ),
    _history_signal(
        name=S.WORKFLOW_TASK_FAILURE_RATE,
        number=3,
        title="Workflow tasks failed",
        unit="tasks/s",
        meaning="Workflow tasks that workers fail, such as for code that does not match the "
        "history: the server retries them without end.",
        query=rate("failed_workflow_tasks", USER + f',failure!~"{USUAL_TASK_FAILURES}"'),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.START_DEDUPLICATED_RATE,
        title="Starts of a workflow that runs already",
        unit="requests/s",
        kind=Kind.DEMAND,
        meaning="Starts whose workflow id is taken: most are answered by the workflow that runs, "
        "and are not new work.",
        query=rate(
            "persistence_error_with_type",
            'operation="CreateWorkflowExecution",'
            r'error_type=~"persistence\\.CurrentWorkflowConditionFailedError"',
        ),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.SHARD_COUNT,
        number=6,
        title="Shards",
        unit="shards",
        meaning="History shards that the instances own.",
        query=gauge(f"sum({newest('numshards_gauge')})"),
    ),
    _history_signal(
        name=S.OVERSIZED_REQUESTS,
        number=7,
        title="Requests refused for their size",
        unit="requests",
        meaning="Payloads above the server's limit (limit.blobSize.error, 2 MiB by default) in the "
        "long window: the request is refused, or the workflow or activity fails.",
        query=counted("blob_size_error", USER),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.DEAD_LETTERS_WRITTEN,
        number=5,
        title="Tasks put into the dead letter queue",
        unit="tasks",
        meaning="History tasks that the server gave up in the long window: each may be one without "
        "which its workflow never goes on.",
        query=counted("dlq_writes"),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.DEAD_LETTERS_WAITING,
        number=5,
        title="Tasks in the dead letter queue",
        unit="tasks",
        meaning="History tasks that wait until an operator merges or purges them; the owner of "
        "shard 1 counts them every 3 hours.",
        query=gauge(f"sum(max by (task_category) ({newest('dlq_message_count')}))"),
        absent_when_healthy="counted for the first time 3 hours after a start",
    ),
    _history_signal(
        name=S.SCHEDULED_QUEUE_LAG_P95,
        number=4,
        title="Timer queue lag, p95",
        unit="s",
        meaning="How far the oldest pending timer of a shard is behind the clock; "
        "up to a minute is usual, because shards save their position that rarely.",
        query=quantile(0.95, "shardinfo_scheduled_queue_lag", unit=Unit.SECONDS),
        absent_when_healthy=_LAG_IS_RARE,
    ),
    _history_signal(
        name=S.IMMEDIATE_QUEUE_LAG_P95,
        number=4,
        title="Transfer queue lag, p95",
        # Not a time: the difference of two task ids, which grow with the shard's work.
        unit="task ids",
        meaning="How many task ids lie between a shard's oldest pending task and its newest; "
        "thousands are usual.",
        query=quantile(
            0.95,
            dimensionless("shardinfo_immediate_queue_lag"),
            'task_category=~"transfer|visibility"',
        ),
        absent_when_healthy=_LAG_IS_RARE,
    ),
    _history_signal(
        name=S.HISTORY_TASK_RATE,
        number=5,
        title="History tasks executed",
        unit="tasks/s",
        meaning="Capacity of the engine, in attempts at tasks of user workflows.",
        query=rate("task_requests", HISTORY_OF_USERS),
    ),
    _history_signal(
        name=S.SHARD_CREATED_RATE,
        number=6,
        title="Shards acquired",
        unit="shards/s",
        meaning="Shards that a history instance takes over: many at a start, none later.",
        query=rate("sharditem_created_count"),
    ),
    _history_signal(
        name=S.SHARD_CLOSED_RATE,
        number=6,
        title="Shards closed",
        unit="shards/s",
        meaning="Shards that a history instance gives up, also when it loses their ownership.",
        query=rate("shard_closed_count"),
        absent_when_healthy=RARE,
    ),
    _history_signal(
        name=S.SHARD_IO_WAIT_P95,
        title="Wait for a shard's turn, p95",
        unit="ms",
        kind=Kind.CONTRIBUTING,
        meaning="How long writes wait until their shard may write: grows when a store is slow or "
        "one shard has too much of the work.",
        query=quantile(0.95, "semaphore_latency", 'operation="ShardInfo"'),
    ),
    _history_signal(
        name=S.MEMBERSHIP_CHANGE_RATE,
        title="Changes of membership",
        unit="changes/s",
        kind=Kind.CONTRIBUTING,
        meaning="History instances that came or went, as the history service saw it: a deployment, "
        "a crash or a network that breaks.",
        query=rate("membership_changed_count"),
    ),
    _history_signal(
        name=S.MUTABLE_STATE_CACHE_HIT_RATIO,
        title="Workflow cache hits",
        unit="ratio",
        kind=Kind.CONTRIBUTING,
        meaning="Share of workflow states found in the history service's memory; the others are "
        "read from the store.",
        query=ratio(
            per_second(_MISSES, _STATE_CACHE), per_second(_LOOKUPS, _STATE_CACHE), complement=True
        ),
    ),
    _history_signal(
        name=S.EVENTS_CACHE_HIT_RATIO,
        title="Events cache hits",
        unit="ratio",
        kind=Kind.CONTRIBUTING,
        meaning="Share of events found in the history service's memory; the others are read from "
        "the store.",
        query=ratio(
            per_second(_MISSES, _EVENTS_CACHE), per_second(_LOOKUPS, _EVENTS_CACHE), complement=True
        ),
    ),
    _history_signal(
        name=S.MUTABLE_STATE_CACHE_FILL_RATIO,
        title="Workflow cache filled",
        unit="ratio",
        kind=Kind.CONTRIBUTING,
        meaning="How full the cache of workflow states is, at the fullest history instance; full "
        "is usual after a while, full with few hits is too small.",
        query=gauge(
            f"max({newest('cache_usage', _STATE_CACHE)} / {newest('cache_size', _STATE_CACHE)})"
        ),
    ),
    _history_signal(
        name=S.BUSY_WORKFLOW_RATE,
        title="Calls to a busy workflow",
        unit="requests/s",
        kind=Kind.CONTRIBUTING,
        meaning="Calls refused because too many were made to one workflow at once: its lock was "
        "held.",
        query=rate(
            "service_errors_resource_exhausted",
            SERVICE + ',resource_exhausted_cause="BusyWorkflow"',
        ),
        absent_when_healthy=RARE,
    ),
)
