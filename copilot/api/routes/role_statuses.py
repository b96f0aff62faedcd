"""`/status/services`: the status of each Temporal role and of the persistence."""

from types import MappingProxyType

from fastapi import APIRouter

from copilot.api.cluster_health import ClusterHealth
from copilot.api.dependencies import CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.signal_values import SignalValue, signal_value
from copilot.api.verdict import Verdict
from copilot.health.decision import CauseKind, Decision, RuleResult, Severity, State
from copilot.signals.reading import Frozen
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName
from copilot.store.records import CycleRecord

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)

PERSISTENCE = "persistence"
KEY_SIGNALS = MappingProxyType(
    {
        Role.FRONTEND: (
            SignalName.START_REQUEST_RATE,
            SignalName.FRONTEND_LATENCY_P95,
            SignalName.FRONTEND_ERROR_RATE,
        ),
        Role.HISTORY: (
            SignalName.HISTORY_TASK_RATE,
            SignalName.HISTORY_QUEUE_LATENCY_P95,
            SignalName.SHARD_CREATED_RATE,
        ),
        Role.MATCHING: (
            SignalName.BACKLOG_COUNT,
            SignalName.POLL_SUCCESS_RATE,
            SignalName.NO_POLLER_RATE,
        ),
        Role.WORKER: (),
        PERSISTENCE: (
            SignalName.PERSISTENCE_REQUEST_RATE,
            SignalName.PERSISTENCE_LATENCY_P95,
            SignalName.PERSISTENCE_ERROR_RATE,
        ),
    }
)


class RoleStatus(Frozen):
    """A Temporal role, or the persistence behind them; `up` is null when unknown."""

    name: str
    status: State
    reason: str
    up: bool | None
    fired_gates: int
    key_signals: tuple[SignalValue, ...]


class RoleStatuses(Verdict):
    services: tuple[RoleStatus, ...]


@router.get("/services")
async def list_services(health: CurrentHealth) -> RoleStatuses:
    """Each Temporal role and the persistence, by the rules that decide the verdict."""
    statuses = tuple(_role_status(name, health) for name in (*Role, PERSISTENCE))
    return RoleStatuses(**health.verdict.model_dump(), services=statuses)


def _role_status(name: str, health: ClusterHealth) -> RoleStatus:
    record = health.record
    if record is None or health.verdict.stale:
        status, reason = State.UNKNOWN, health.verdict.reason
    else:
        status, reason = _status(name, record)
    fired = [gate for gate in _gates_of(name, record.decision) if gate.fired] if record else []
    up = record.snapshot.metrics.targets.get(name) if record else None
    return RoleStatus(
        name=name,
        status=status,
        reason=reason,
        up=None if up is None or up.value is None else up.value > 0,
        fired_gates=len(fired),
        key_signals=tuple(signal_value(signal, record) for signal in KEY_SIGNALS[name]),
    )


def _status(name: str, record: CycleRecord) -> tuple[State, str]:
    """Bad when a gate fired; otherwise unknown when a gate could not be evaluated."""
    decision = record.decision
    gates = _gates_of(name, decision)
    fired = [gate for gate in gates if gate.fired]
    if fired:
        # As the decision, which is critical only after the third such cycle.
        confirmed = decision.state is State.CRITICAL
        critical = confirmed and any(gate.severity is Severity.CRITICAL for gate in fired)
        names = dict.fromkeys(gate.name for gate in fired)
        return State.CRITICAL if critical else State.STRESSED, ", ".join(names)
    unread = [gate for gate in gates if gate.unread]
    if unread:
        return State.UNKNOWN, "no value of: " + ", ".join(dict.fromkeys(g.signal for g in unread))
    if not gates:
        return State.UNKNOWN, "no gate was evaluated"
    return State.HAPPY, f"none of {len(gates)} rules fired"


def _gates_of(name: str, decision: Decision) -> list[RuleResult]:
    """Those that decide; a notice changes no status."""
    return [
        gate
        for gate in decision.gates
        if _role_of(gate) == name and gate.severity is not Severity.NOTICE
    ]


def _role_of(gate: RuleResult) -> str | None:
    """The role, or the persistence, that the gate's cause names."""
    if gate.cause is None:
        return None
    if gate.cause.kind is CauseKind.SERVICE:
        return gate.cause.name
    roles = {CauseKind.PERSISTENCE: PERSISTENCE, CauseKind.SHARDS: Role.HISTORY}
    return roles.get(gate.cause.kind)
