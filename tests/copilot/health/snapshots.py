"""Snapshots for tests of the rules: a healthy one, and strategies for all others."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from copilot.health.decision import Band, Memory, State
from copilot.health.view import ROLES
from copilot.signals.names import SignalName
from copilot.signals.snapshot import (
    Absence,
    Measurement,
    QueueFacts,
    QueueKey,
    QueueKind,
    QueueSurvey,
    Reading,
    Snapshot,
    WorkflowOutcome,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HEALTHY: dict[SignalName, float] = {
    **dict.fromkeys(SignalName, 0.0),
    SignalName.STATE_TRANSITIONS_RATE: 80,
    SignalName.HISTORY_TASK_RATE: 60,
    SignalName.START_REQUEST_RATE: 5,
    SignalName.WORKFLOW_SUCCESS_RATE: 5,
    SignalName.PERSISTENCE_REQUEST_RATE: 400,
    SignalName.PERSISTENCE_LATENCY_P95: 40,
    SignalName.UPDATE_LATENCY_P95: 60,
    SignalName.FRONTEND_LATENCY_P95: 50,
    SignalName.HISTORY_QUEUE_LATENCY_P95: 0.2,
    SignalName.WORKFLOW_SLOTS_AVAILABLE: 20,
    SignalName.ACTIVITY_SLOTS_AVAILABLE: 50,
}
IDLE: dict[SignalName, float] = dict.fromkeys(SignalName, 0.0)


@dataclass
class Scene:
    """A snapshot in the making; `build` freezes it."""

    values: dict[SignalName, float] = field(default_factory=lambda: dict(HEALTHY))
    missing: dict[SignalName, Absence] = field(default_factory=dict)
    up: dict[str, Reading] = field(default_factory=lambda: dict.fromkeys(ROLES, Reading.of(1)))
    queues: QueueSurvey = field(default_factory=lambda: QueueSurvey(queues=(queue(),)))
    outcomes: tuple[WorkflowOutcome, ...] = ()
    source_absence: Absence | None = None

    def build(self, cycle: int = 0) -> Snapshot:
        readings = {str(name): Reading.of(value) for name, value in self.values.items()}
        readings |= {str(name): Reading.missing(why) for name, why in self.missing.items()}
        return Snapshot(
            cluster="monitored",
            at=START + timedelta(seconds=30 * cycle),
            metrics=Measurement(
                readings=readings,
                targets=self.up,
                outcomes=self.outcomes,
                source_absence=self.source_absence,
            ),
            queues=self.queues,
        )


def queue(
    name: str = "orders",
    *,
    backlog: int = 0,
    age: float = 0,
    added: float = 5,
    dispatched: float = 5,
    pollers: int = 2,
    last_poll: datetime | None = None,
    kind: QueueKind = QueueKind.WORKFLOW,
) -> QueueFacts:
    key = QueueKey(namespace="default", name=name, kind=kind)
    return QueueFacts(
        key=key,
        backlog=backlog,
        backlog_age_seconds=age,
        add_rate=added,
        dispatch_rate=dispatched,
        pollers=pollers,
        last_poll=last_poll,
    )


rates = st.floats(0, 5000, allow_nan=False)
readings = st.one_of(
    st.builds(Reading.of, rates),
    st.builds(Reading.missing, st.sampled_from(Absence)),
)
ups = st.one_of(
    st.builds(Reading.of, st.sampled_from([0.0, 1.0])),
    st.builds(Reading.missing, st.sampled_from(Absence)),
)
facts = st.builds(
    queue,
    st.sampled_from(["orders", "payments", "order-fulfilment"]),
    backlog=st.integers(0, 2000),
    age=rates,
    added=rates,
    dispatched=rates,
    pollers=st.integers(0, 4),
)
surveys = st.one_of(
    st.builds(QueueSurvey, queues=st.lists(facts, max_size=3).map(tuple)),
    st.builds(QueueSurvey, absence=st.sampled_from(Absence)),
)
snapshots = st.builds(
    Snapshot,
    cluster=st.just("monitored"),
    at=st.just(START),
    metrics=st.builds(
        Measurement,
        readings=st.fixed_dictionaries({str(name): readings for name in SignalName}),
        targets=st.fixed_dictionaries(dict.fromkeys(ROLES, ups)),
        source_absence=st.one_of(st.none(), st.none(), st.sampled_from(Absence)),
    ),
    queues=surveys,
)
# Snapshots that can be read whole: most properties would be vacuous where all is unknown.
readable = st.builds(
    Snapshot,
    cluster=st.just("monitored"),
    at=st.just(START),
    metrics=st.builds(
        Measurement,
        readings=st.fixed_dictionaries(
            {
                str(name): st.builds(Reading.of, st.one_of(st.just(value), rates))
                for name, value in HEALTHY.items()
            }
        ),
        targets=st.fixed_dictionaries(
            dict.fromkeys(ROLES, st.builds(Reading.of, st.sampled_from([1.0, 1.0, 0.0])))
        ),
    ),
    queues=st.builds(QueueSurvey, queues=st.lists(facts, max_size=2).map(tuple)),
)
_known = st.sampled_from([State.HAPPY, State.STRESSED, State.CRITICAL])
memories = st.builds(
    lambda standing, blind, **rest: Memory(
        state=State.UNKNOWN if blind or standing is None else standing, standing=standing, **rest
    ),
    st.one_of(st.none(), _known),
    st.booleans(),
    band=st.one_of(st.none(), st.sampled_from(Band)),
    cycle=st.integers(0, 10_000),
    critical_run=st.integers(0, 5),
    below_critical_run=st.integers(0, 5),
    clear_run=st.integers(0, 5),
    roles_seen=st.sampled_from([(), ROLES]),
)
