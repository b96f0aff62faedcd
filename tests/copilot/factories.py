"""Cycles as the Copilot makes them: chosen snapshots, judged and explained by the real rules."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from copilot.explain.templates import explain
from copilot.health.decision import Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.record import CycleRecord
from copilot.signals.catalog import CATALOG
from copilot.signals.names import SignalName as S
from copilot.signals.signal import Condition
from copilot.signals.snapshot import (
    Absence,
    LogCount,
    LogSurvey,
    Measurement,
    QueueFacts,
    QueueKey,
    QueueKind,
    QueueSurvey,
    Reading,
    Snapshot,
)

CLUSTER = "monitored"
ROLES = ("frontend", "history", "matching", "worker")

# A cluster that completes 9 workflows/s, in the size of what the lab showed.
HEALTHY: Mapping[S, float] = {
    S.STATE_TRANSITIONS_RATE: 145.2,
    S.UPDATE_LATENCY_P95: 31.0,
    S.UPDATE_LATENCY_P99: 73.0,
    S.WORKFLOW_SUCCESS_RATE: 9.02,
    S.WORKFLOW_FAILED_RATE: 0.04,
    S.WORKFLOW_TERMINATED_RATE: 0.0,
    S.WORKFLOW_CANCELED_RATE: 0.0,
    S.HISTORY_QUEUE_LATENCY_P95: 0.19,
    S.SCHEDULED_QUEUE_LAG_P95: 0.4,
    S.IMMEDIATE_QUEUE_LAG_P95: 5240.0,
    S.HISTORY_TASK_RATE: 212.0,
    S.SHARD_CREATED_RATE: 0.0,
    S.SHARD_CLOSED_RATE: 0.0,
    S.FRONTEND_ERROR_RATE: 0.0,
    S.FRONTEND_LATENCY_P95: 24.0,
    S.FRONTEND_LATENCY_P99: 48.0,
    S.LONG_POLL_LATENCY_P99: 1210.0,
    S.WORKFLOW_BACKLOG_AGE: 0.0,
    S.ACTIVITY_BACKLOG_AGE: 0.0,
    S.BACKLOG_COUNT: 3.0,
    S.NO_POLLER_RATE: 0.0,
    S.POLL_SUCCESS_RATE: 55.4,
    S.POLL_TIMEOUT_RATE: 1.3,
    S.POLL_LATENCY_P95: 410.0,
    S.PERSISTENCE_LATENCY_P95: 9.6,
    S.PERSISTENCE_LATENCY_P99: 22.0,
    S.PERSISTENCE_ERROR_RATE: 0.0,
    S.PERSISTENCE_REQUEST_RATE: 1830.0,
    S.START_REQUEST_RATE: 9.1,
    S.DELETION_RATE: 0.0,
    S.CLEANUP_DELETE_RATE: 0.0,
    S.CONDITION_FAILED_RATE: 0.2,
    S.SHARD_OWNERSHIP_LOST_RATE: 0.0,
    S.STORE_UNAVAILABLE_RATE: 0.0,
    S.STORE_THROTTLED_RATE: 0.0,
    S.STORE_SESSION_REFRESH_RATE: 0.0,
    S.SQL_CONNECTIONS_IN_USE_RATIO: 0.12,
    S.SHARD_IO_WAIT_P95: 4.1,
    S.MEMBERSHIP_CHANGE_RATE: 0.0,
    S.MUTABLE_STATE_CACHE_HIT_RATIO: 0.83,
    S.EVENTS_CACHE_HIT_RATIO: 1.0,
    S.MUTABLE_STATE_CACHE_FILL_RATIO: 0.002,
    S.FRONTEND_WAITING_CALLS: 26.0,
    S.THROTTLED_REQUEST_RATE: 0.0,
    S.BUSY_WORKFLOW_RATE: 0.0,
    S.GOROUTINES: 1636.0,
    S.HEAP: 14.2,
    S.WORKFLOW_SCHEDULE_TO_START_P95: 16.0,
    S.ACTIVITY_SCHEDULE_TO_START_P95: 9.0,
    S.SYNC_MATCH_RATIO: 0.98,
}
# Of a cluster on PostgreSQL whose workers nobody scrapes.
NOT_EXPORTED = [signal.name for signal in CATALOG if signal.condition is not Condition.ALWAYS]


def facts(name: str, kind: QueueKind = QueueKind.WORKFLOW, **changes: object) -> QueueFacts:
    """A queue that is well served, but for `changes`."""
    usual: dict[str, object] = {
        "key": QueueKey(namespace="default", name=name, kind=kind),
        "backlog": 0,
        "backlog_age_seconds": 0.0,
        "add_rate": 4.2,
        "dispatch_rate": 4.2,
        "pollers": 4,
    }
    return QueueFacts.model_validate(usual | changes)


def starved(name: str, kind: QueueKind = QueueKind.WORKFLOW) -> QueueFacts:
    """A queue whose workers are gone, as the server described one in the lab."""
    gone: dict[str, object] = {"dispatch_rate": 0.0, "pollers": 0}
    return facts(name, kind, backlog=1270, backlog_age_seconds=171.0, add_rate=7.25, **gone)


def snapshot(
    at: datetime,
    changes: Mapping[S, float | Reading] | None = None,
    *,
    queues: Sequence[QueueFacts] = (),
    down: Iterable[str] = (),
    cluster: str = CLUSTER,
    survey: QueueSurvey | None = None,
    logs: LogSurvey | None = None,
) -> Snapshot:
    """A healthy cluster but for `changes`, with the roles in `down` not `up`."""
    values = {**HEALTHY, **(changes or {})}
    readings = dict.fromkeys(map(str, NOT_EXPORTED), Reading.missing(Absence.NOT_EXPORTED))
    readings |= {
        str(name): value if isinstance(value, Reading) else Reading.of(value)
        for name, value in values.items()
    }
    targets = {role: Reading.of(0.0 if role in down else 1.0) for role in ROLES}
    return Snapshot(
        cluster=cluster,
        at=at,
        metrics=Measurement(readings=readings, targets=targets),
        queues=survey or QueueSurvey(queues=tuple(queues)),
        logs=logs,
    )


def logged(at: datetime, *counts: LogCount, **changes: object) -> LogSurvey:
    """What a cycle at `at` counted in the logs."""
    usual: dict[str, object] = {
        "start": at - timedelta(seconds=35),
        "end": at - timedelta(seconds=5),
        "counts": counts,
    }
    return LogSurvey.model_validate(usual | changes)


def blind_snapshot(at: datetime, cluster: str = CLUSTER) -> Snapshot:
    """What a cycle sees of a metrics store that refuses connections."""
    gone = Reading.missing(Absence.REFUSED, "127.0.0.1:9009 refused the connection")
    return Snapshot(
        cluster=cluster,
        at=at,
        metrics=Measurement(
            readings=dict.fromkeys(map(str, HEALTHY), gone),
            targets=dict.fromkeys(ROLES, gone),
            source_absence=Absence.REFUSED,
            source_detail=gone.detail,
        ),
        queues=QueueSurvey(),
    )


def judged(snapshots: Iterable[Snapshot], run_id: str = "run-1") -> list[CycleRecord]:
    """A record for each snapshot, every cycle with the memory of the one before."""
    memory, records = Memory(), []
    for seen in snapshots:
        decision = evaluate(memory, seen, Thresholds())
        memory = decision.memory
        records.append(
            CycleRecord(
                run_id=run_id,
                decision=decision,
                snapshot=seen,
                explanation=explain(decision, seen),
            )
        )
    return records


def every_cycle(last: datetime, count: int, cycle_seconds: float = 30) -> list[datetime]:
    """`count` times of cycles, oldest first, that end with `last`."""
    return [last - timedelta(seconds=cycle_seconds * back) for back in reversed(range(count))]
