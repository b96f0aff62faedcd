"""How each Temporal role fares, read from the decision's own gates, so by the same limits."""

from types import MappingProxyType

from copilot.api.responses import Service, Services
from copilot.api.signals import signal_reading
from copilot.api.verdict import Standing
from copilot.health.decision import CauseKind, Decision, Gate, Severity, State
from copilot.health.view import ROLES
from copilot.record import CycleRecord
from copilot.signals.names import SignalName

PERSISTENCE = "persistence"

KEY_SIGNALS = MappingProxyType(
    {
        "frontend": (
            SignalName.START_REQUEST_RATE,
            SignalName.FRONTEND_LATENCY_P95,
            SignalName.FRONTEND_ERROR_RATE,
        ),
        "history": (
            SignalName.HISTORY_TASK_RATE,
            SignalName.HISTORY_QUEUE_LATENCY_P95,
            SignalName.SHARD_CREATED_RATE,
        ),
        "matching": (
            SignalName.BACKLOG_COUNT,
            SignalName.POLL_SUCCESS_RATE,
            SignalName.NO_POLLER_RATE,
        ),
        "worker": (),
        PERSISTENCE: (
            SignalName.PERSISTENCE_REQUEST_RATE,
            SignalName.PERSISTENCE_LATENCY_P95,
            SignalName.PERSISTENCE_ERROR_RATE,
        ),
    }
)


def services(found: Standing) -> Services:
    """Every role of the cluster and its persistence, in the order in which a request meets them."""
    record = found.record
    listed = tuple(_service(name, found, record) for name in (*ROLES, PERSISTENCE))
    return Services(**found.verdict.model_dump(), services=listed)


def _service(name: str, found: Standing, record: CycleRecord | None) -> Service:
    if record is None or found.verdict.stale:
        status, reason = State.UNKNOWN, found.verdict.reason
    else:
        status, reason = _status(name, record)
    fired = [gate for gate in _gates_of(name, record.decision) if gate.fired] if record else []
    up = record.snapshot.metrics.targets.get(name) if record else None
    return Service(
        name=name,
        status=status,
        reason=reason,
        up=None if up is None or up.value is None else up.value > 0,
        fired_gates=len(fired),
        key_signals=tuple(signal_reading(signal, record) for signal in KEY_SIGNALS[name]),
    )


def _status(name: str, record: CycleRecord) -> tuple[State, str]:
    """A fired gate is known to be bad; without one, whatever could not be read is unknown."""
    decision = record.decision
    gates = _gates_of(name, decision)
    fired = [gate for gate in gates if gate.fired]
    if fired:
        # The decision calls a cluster critical only after its third such cycle: so do we.
        confirmed = decision.state is State.CRITICAL
        critical = confirmed and any(gate.severity is Severity.CRITICAL for gate in fired)
        names = dict.fromkeys(gate.name for gate in fired)
        return State.CRITICAL if critical else State.STRESSED, ", ".join(names)
    unread = [gate for gate in gates if gate.unread]
    if unread:
        return State.UNKNOWN, "not seen: " + ", ".join(dict.fromkeys(g.signal for g in unread))
    if not gates:
        return State.UNKNOWN, "no gate of it was read"
    return State.HAPPY, f"none of {len(gates)} gates fired"


def _gates_of(name: str, decision: Decision) -> list[Gate]:
    return [gate for gate in decision.gates if _owner(gate) == name]


def _owner(gate: Gate) -> str | None:
    """The role whose fault a gate would be, by the cause that it names."""
    if gate.cause is None:
        return None
    owners = {CauseKind.PERSISTENCE: PERSISTENCE, CauseKind.SHARDS: "history"}
    if gate.cause.kind is CauseKind.SERVICE:
        return gate.cause.name
    return owners.get(gate.cause.kind)
