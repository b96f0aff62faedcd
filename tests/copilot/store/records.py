"""Cycles to store: their evidence is made up, their order and issues are what the tests say."""

from datetime import UTC, datetime, timedelta

from copilot.explain.explanation import Explanation, Issue
from copilot.health.decision import (
    Band,
    Cause,
    CauseKind,
    Decision,
    Gate,
    GateName,
    Memory,
    Severity,
    Stage,
    State,
)
from copilot.record import CycleRecord
from copilot.signals.snapshot import (
    Absence,
    Measurement,
    QueueFacts,
    QueueKey,
    QueueKind,
    QueueSurvey,
    Reading,
    Snapshot,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(cycle: int) -> datetime:
    return START + timedelta(seconds=30 * cycle)


def issue(subject: str, cycle: int = 0) -> Issue:
    """An issue whose words say which cycle wrote them."""
    return Issue(
        gate="starved_queue",
        subject=subject,
        severity="critical" if cycle % 2 else "stressed",
        title=f"{subject} starves",
        description=f"as of cycle {cycle}",
        likely_causes=("no worker polls", "workers are slow"),
        next_checks=("look at the workers",),
    )


def queue(name: str, backlog: int = 0, add_rate: float = 0) -> QueueFacts:
    return QueueFacts(
        key=QueueKey(namespace="default", name=name, kind=QueueKind.ACTIVITY),
        backlog=backlog,
        backlog_age_seconds=0,
        add_rate=add_rate,
        dispatch_rate=0,
        pollers=0,
    )


def record(
    cycle: int,
    state: State = State.HAPPY,
    *subjects: str,
    cluster: str = "monitored",
    previous: State | None = None,
) -> CycleRecord:
    """One cycle; without `previous` it is no change of state."""
    gate = Gate(
        name=GateName.STARVED_QUEUE,
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
            at=at(cycle),
            cycle=cycle,
            state=state,
            previous_state=state if previous is None else previous,
            band=Band.STARTER,
            idle=False,
            gates=(gate,),
            causes=tuple(Cause(kind=CauseKind.QUEUE, name=subject) for subject in subjects),
            memory=Memory(
                state=state, band=Band.STARTER, cycle=cycle, update_rates=(1.5, 0.1 + 0.2)
            ),
        ),
        snapshot=Snapshot(
            cluster=cluster,
            at=at(cycle),
            metrics=Measurement(
                readings={"a": Reading.of(0.1), "b": Reading.missing(Absence.STALE, "old")},
                targets={"history": Reading.of(1)},
            ),
            queues=QueueSurvey(queues=(queue("orders", 3),)),
        ),
        explanation=Explanation(
            summary=f"cycle {cycle}", issues=tuple(issue(subject, cycle) for subject in subjects)
        ),
    )
