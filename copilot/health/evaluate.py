"""From a snapshot to a decision: pure, total, and the only place where a state is chosen."""

from collections.abc import Iterable

from copilot.health.bands import next_band
from copilot.health.bottleneck import find_bottleneck
from copilot.health.decision import (
    Band,
    Cause,
    CauseKind,
    Decision,
    Gate,
    Memory,
    Severity,
    State,
)
from copilot.health.gates import (
    down_gates,
    failing_gates,
    pressure_gates,
    stuck_gates,
    view_gates,
)
from copilot.health.logs import log_patterns, logs_missing
from copilot.health.starvation import starved_gates
from copilot.health.thresholds import Thresholds
from copilot.health.view import ROLES, View
from copilot.signals.names import SignalName
from copilot.signals.snapshot import Snapshot


def evaluate(previous: Memory, snapshot: Snapshot, thresholds: Thresholds) -> Decision:
    """Judge one snapshot, given what earlier cycles left.

    Total: any snapshot gives a decision. The decision holds every gate that was read, so that
    state, causes and explanation can be checked against it, and the memory for the next cycle.
    """
    memory = _remember(previous, snapshot, thresholds)
    band = memory.band or Band.STARTER
    view = View(snapshot, previous, thresholds, thresholds.of(band))
    gates = tuple(view_gates(view))
    if not any(gate.fired for gate in gates):
        gates += tuple(
            gate
            for stage in (down_gates, stuck_gates, failing_gates, starved_gates, pressure_gates)
            for gate in stage(view)
        )
    state, memory = _next_state(memory, gates, thresholds)
    bottleneck, bottleneck_reasons = find_bottleneck(view, gates)
    return Decision(
        cluster=snapshot.cluster,
        at=snapshot.at,
        cycle=memory.cycle,
        state=state,
        previous_state=previous.state,
        band=memory.band,
        idle=_is_idle(view),
        gates=gates,
        causes=_causes(state, gates),
        log_patterns=log_patterns(snapshot.logs),
        logs_missing=logs_missing(snapshot.logs),
        bottleneck=bottleneck,
        bottleneck_reasons=bottleneck_reasons,
        memory=memory,
    )


def _remember(previous: Memory, snapshot: Snapshot, thresholds: Thresholds) -> Memory:
    """Add this cycle's demand to the trailing figures; what was not seen adds nothing."""
    readings = snapshot.metrics.readings
    updates = readings.get(SignalName.STATE_TRANSITIONS_RATE)
    demand = readings.get(SignalName.START_REQUEST_RATE)
    changes: dict[str, object] = {"cycle": previous.cycle + 1}
    if updates and demand and updates.value is not None and demand.value is not None:
        keep = thresholds.trailing_cycles
        rates = (*previous.update_rates, max(0.0, updates.value))[-keep:]
        changes["update_rates"] = rates
        changes["demand_rates"] = (*previous.demand_rates, max(0.0, demand.value))[-keep:]
        changes["band"] = next_band(previous.band, rates, thresholds)
    seen = {role for role, up in snapshot.metrics.targets.items() if up.value is not None}
    changes["roles_seen"] = tuple(role for role in ROLES if role in seen | {*previous.roles_seen})
    return previous.model_copy(update=changes)


def _next_state(
    memory: Memory, gates: tuple[Gate, ...], thresholds: Thresholds
) -> tuple[State, Memory]:
    """Apply the counters: slow to become critical, slow to become well, blind at once."""
    severities = {gate.severity for gate in gates if gate.fired}
    unread = {gate.severity for gate in gates if gate.unread}
    if Severity.BLIND in severities:
        return _unknown(memory)
    if Severity.CRITICAL in severities:
        run = memory.critical_run + 1
        confirmed = memory.standing in (State.STRESSED, State.CRITICAL)
        critical = run >= thresholds.critical_after and confirmed
        holds = critical or memory.standing is State.CRITICAL
        state = State.CRITICAL if holds else State.STRESSED
        return _known(memory, state, critical_run=run)
    if Severity.CRITICAL in unread and (memory.critical_run or memory.standing is State.CRITICAL):
        return _unknown(memory)  # what was critical cannot be seen: not a recovery
    if Severity.STRESSED not in severities and unread:
        return _unknown(memory)
    below = memory.below_critical_run + 1
    clear = 0 if Severity.STRESSED in severities else memory.clear_run + 1
    troubled = memory.standing in (State.STRESSED, State.CRITICAL)
    if memory.standing is State.CRITICAL and below < thresholds.clear_after:
        state = State.CRITICAL
    elif clear == 0 or (troubled and clear < thresholds.clear_after):
        state = State.STRESSED
    else:
        state = State.HAPPY
    return _known(memory, state, below_critical_run=below, clear_run=clear)


def _known(
    memory: Memory,
    state: State,
    *,
    critical_run: int = 0,
    below_critical_run: int = 0,
    clear_run: int = 0,
) -> tuple[State, Memory]:
    counters = {
        "state": state,
        "standing": state,
        "critical_run": critical_run,
        "below_critical_run": below_critical_run,
        "clear_run": clear_run,
    }
    return state, memory.model_copy(update=counters)


def _unknown(memory: Memory) -> tuple[State, Memory]:
    """A blind cycle is neither a bad nor a good one: every counter waits."""
    return State.UNKNOWN, memory.model_copy(update={"state": State.UNKNOWN})


def _causes(state: State, gates: Iterable[Gate]) -> tuple[Cause, ...]:
    """Causes of the fired gates in the order of the stages; of an unknown, what is not seen."""
    causes = [gate.cause for gate in gates if gate.fired and gate.cause]
    if state is State.UNKNOWN and not causes:
        causes = [
            Cause(kind=CauseKind.SOURCE, name=gate.subject or gate.signal)
            for gate in gates
            if gate.unread
        ]
    return tuple(dict.fromkeys(causes))


def _is_idle(view: View) -> bool:
    """Nothing is asked for and next to nothing happens; said, but it decides nothing."""
    demand = view.reading(SignalName.START_REQUEST_RATE)
    updates = view.reading(SignalName.STATE_TRANSITIONS_RATE)
    if demand.value is None or updates.value is None:
        return False
    limits = view.thresholds
    return demand.value < limits.idle_demand and updates.value < limits.idle_updates
