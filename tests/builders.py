"""Builders of snapshots, decisions and cycle records; see `strategies.py` for generated ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from copilot.explain.explanation import Explanation, Issue
from copilot.explain.templates import explain
from copilot.health.decision import (
    Cause,
    CauseKind,
    Decision,
    Memory,
    RuleName,
    RuleResult,
    ScaleTier,
    Severity,
    Stage,
    State,
)
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.catalog import CATALOG
from copilot.signals.measurement import Instance, Measurement, WorkflowOutcome
from copilot.signals.queue import QueueFacts, QueueKey, QueueKind, QueueSurvey
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal import Condition
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import LogCount, LogSurvey, Snapshot
from copilot.store.records import CycleRecord

CLUSTER = "monitored"
START = datetime(2026, 1, 1, tzinfo=UTC)
CYCLE_SECONDS = 30
THRESHOLDS = Thresholds()

# A cluster that completes 9 workflows/s, with figures like the lab's.
HEALTHY: Mapping[S, float] = {
    S.STATE_TRANSITIONS_RATE: 145.2,
    S.UPDATE_LATENCY_P95: 31.0,
    S.UPDATE_LATENCY_P99: 73.0,
    S.WORKFLOW_SUCCESS_RATE: 9.02,
    S.WORKFLOW_FAILED_RATE: 0.04,
    S.WORKFLOW_RETRY_RATE: 0.0,
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
    S.VISIBILITY_ERROR_RATE: 0.0,
    S.VISIBILITY_REQUEST_RATE: 27.0,
    S.START_REQUEST_RATE: 9.1,
    S.DELETION_RATE: 0.0,
    S.CLEANUP_DELETE_RATE: 0.0,
    S.START_REFUSED_RATE: 0.0,
    S.START_DEDUPLICATED_RATE: 0.0,
    S.SIGNAL_REQUEST_RATE: 1.5,
    S.FRONTEND_REQUEST_RATE: 190.0,
    S.WORKFLOW_TASK_FAILURE_RATE: 0.0,
    S.VISIBILITY_LAG_P95: 0.2,
    S.SHARD_COUNT: 4.0,
    S.STORE_WRITE_RATE: 620.0,
    S.STORE_WRITE_ERROR_RATE: 0.0,
    S.OVERSIZED_REQUESTS: 0.0,
    S.DEAD_LETTERS_WRITTEN: 0.0,
    S.DEAD_LETTERS_WAITING: 0.0,
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
IDLE: Mapping[S, float] = dict.fromkeys(HEALTHY, 0.0)
# A cluster on PostgreSQL whose workers are not scraped.
NOT_EXPORTED = [signal.name for signal in CATALOG if signal.condition is not Condition.ALWAYS]


def cycle_time(cycle: int) -> datetime:
    return START + timedelta(seconds=CYCLE_SECONDS * cycle)


def cycle_times(last: datetime, count: int, cycle_seconds: float = CYCLE_SECONDS) -> list[datetime]:
    """`count` times of cycles, oldest first, that end with `last`."""
    return [last - timedelta(seconds=cycle_seconds * back) for back in reversed(range(count))]


def queue_facts(
    name: str = "orders", kind: QueueKind = QueueKind.WORKFLOW, **changes: object
) -> QueueFacts:
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


def starved_queue(
    name: str = "orders", kind: QueueKind = QueueKind.WORKFLOW, **changes: object
) -> QueueFacts:
    """A queue whose workers are gone, as the server described one in the lab, but for `changes`."""
    gone: dict[str, object] = {
        "backlog": 1270,
        "backlog_age_seconds": 171.0,
        "add_rate": 7.25,
        "dispatch_rate": 0.0,
        "pollers": 0,
    }
    return queue_facts(name, kind, **(gone | changes))


def snapshot(
    at: datetime = START,
    changes: Mapping[S, float | Reading] | None = None,
    *,
    queues: Sequence[QueueFacts] = (),
    down: Iterable[str] = (),
    targets: Mapping[str, Reading] | None = None,
    instances: Mapping[str, Sequence[bool]] | None = None,
    outcomes: Sequence[WorkflowOutcome] = (),
    source_absence: Absence | None = None,
    cluster: str = CLUSTER,
    survey: QueueSurvey | None = None,
    logs: LogSurvey | None = None,
) -> Snapshot:
    """A healthy cluster but for `changes`, with the roles in `down` not `up`.

    `instances` has `up` of each instance of a role; without it a role has one.
    """
    values = {**HEALTHY, **(changes or {})}
    readings = dict.fromkeys(map(str, NOT_EXPORTED), Reading.missing(Absence.NOT_EXPORTED))
    readings |= {
        str(name): value if isinstance(value, Reading) else Reading.of(value)
        for name, value in values.items()
    }
    ups = {role: [role not in down] for role in Role} | dict(instances or {})
    up = {role: Reading.of(float(any(ups[role]))) for role in Role}
    return Snapshot(
        cluster=cluster,
        at=at,
        metrics=Measurement(
            readings=readings,
            targets={**up, **(targets or {})},
            instances={
                role: tuple(
                    Instance(name=f"{role}-{number}", up=answers)
                    for number, answers in enumerate(ups[role])
                )
                for role in Role
            },
            outcomes=tuple(outcomes),
            source_absence=source_absence,
        ),
        queues=survey or QueueSurvey(queues=tuple(queues)),
        logs=logs,
    )


def blind_snapshot(at: datetime = START, cluster: str = CLUSTER) -> Snapshot:
    """The snapshot of a cycle whose metrics store refuses connections."""
    gone = Reading.missing(Absence.REFUSED, "127.0.0.1:9009 refused the connection")
    return Snapshot(
        cluster=cluster,
        at=at,
        metrics=Measurement(
            readings=dict.fromkeys(map(str, HEALTHY), gone),
            targets=dict.fromkeys(Role, gone),
            source_absence=Absence.REFUSED,
            source_detail=gone.detail,
        ),
        queues=QueueSurvey(),
    )


def log_survey(at: datetime, *counts: LogCount, **changes: object) -> LogSurvey:
    """The log counts of a cycle at `at`."""
    usual: dict[str, object] = {
        "start": at - timedelta(seconds=35),
        "end": at - timedelta(seconds=5),
        "counts": counts,
    }
    return LogSurvey.model_validate(usual | changes)


def decisions_of(snapshots: Iterable[Snapshot], memory: Memory | None = None) -> list[Decision]:
    """The decisions of consecutive cycles, each with the memory of the one before.

    Without `memory` every service was up before.
    """
    memory, decisions = memory or Memory(roles_seen=tuple(Role)), []
    for one in snapshots:
        decisions.append(evaluate(memory, one, THRESHOLDS))
        memory = decisions[-1].memory
    return decisions


def records_of(
    snapshots: Iterable[Snapshot], run_id: str = "run-1", memory: Memory | None = None
) -> list[CycleRecord]:
    """The records of consecutive cycles, evaluated and explained by the real rules."""
    snapshots = tuple(snapshots)
    return [
        CycleRecord(
            run_id=run_id, decision=decision, snapshot=one, explanation=explain(decision, one)
        )
        for one, decision in zip(snapshots, decisions_of(snapshots, memory), strict=True)
    ]


def issue(subject: str, cycle: int = 0) -> Issue:
    """An issue whose description names its cycle."""
    return Issue(
        gate="starved_queue",
        subject=subject,
        severity="critical" if cycle % 2 else "stressed",
        title=f"{subject} starves",
        description=f"as of cycle {cycle}",
        likely_causes=("no worker polls", "workers are slow"),
        next_checks=("look at the workers",),
    )


def record(
    cycle: int,
    state: State = State.HAPPY,
    *subjects: str,
    cluster: str = CLUSTER,
    previous: State | None = None,
) -> CycleRecord:
    """A record in a given state with an issue for each subject; the rules are not evaluated.

    Without `previous` the state did not change.
    """
    result = RuleResult(
        name=RuleName.STARVED_QUEUE,
        stage=Stage.STARVED,
        severity=Severity.STRESSED,
        signal="backlog_count",
        fired=bool(subjects),
        observed=12.5,
        threshold=10,
        fires_when="above",
    )
    return CycleRecord(
        run_id="run",
        decision=Decision(
            cluster=cluster,
            at=cycle_time(cycle),
            cycle=cycle,
            state=state,
            previous_state=state if previous is None else previous,
            band=ScaleTier.STARTER,
            idle=False,
            gates=(result,),
            causes=tuple(Cause(kind=CauseKind.QUEUE, name=subject) for subject in subjects),
            memory=Memory(
                state=state, band=ScaleTier.STARTER, cycle=cycle, update_rates=(1.5, 0.1 + 0.2)
            ),
        ),
        snapshot=Snapshot(
            cluster=cluster,
            at=cycle_time(cycle),
            metrics=Measurement(
                readings={"a": Reading.of(0.1), "b": Reading.missing(Absence.STALE, "old")},
                targets={"history": Reading.of(1)},
            ),
            queues=QueueSurvey(queues=(queue_facts(backlog=3),)),
        ),
        explanation=Explanation(
            summary=f"cycle {cycle}", issues=tuple(issue(subject, cycle) for subject in subjects)
        ),
    )
