"""From a snapshot to a decision: pure, total, and the only place where a state is chosen."""

from collections.abc import Collection

from copilot.health.bottleneck import find_bottleneck
from copilot.health.decision import (
    Cause,
    CauseKind,
    Decision,
    Memory,
    RuleResult,
    ScaleTier,
    Severity,
    State,
)
from copilot.health.log_evidence import log_patterns, logs_missing
from copilot.health.memory import keep_usual, remember
from copilot.health.root_cause import root_first
from copilot.health.rules import (
    dead_letters,
    down,
    dropped_samples,
    duplicates,
    failing,
    left_tasks,
    limits_of_users,
    log_notices,
    membership,
    no_view,
    pressure,
    probe,
    queues_left_out,
    size_limit,
    slow_queue,
    starved_queue,
    store_writes,
    stuck,
    system_queues,
    visibility,
    worker_versions,
)
from copilot.health.rules.rule import RuleInputs
from copilot.health.thresholds import Thresholds
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot

_STAGES = (
    down,
    membership,
    probe,
    stuck,
    failing,
    store_writes,
    dead_letters,
    size_limit,
    limits_of_users,
    visibility,
    starved_queue,
    worker_versions,
    slow_queue,
    left_tasks,
    queues_left_out,
    system_queues,
    pressure,
    log_notices,
    duplicates,
    dropped_samples,
)


def evaluate(previous: Memory, snapshot: Snapshot, thresholds: Thresholds) -> Decision:
    """Decide on one snapshot, with the memory of earlier cycles.

    Total: any snapshot gives a decision. The decision holds the results of all rules, against which
    state, causes and explanation can be checked, and the memory for the next cycle.
    """
    memory = remember(previous, snapshot, thresholds)
    limits = thresholds.of(memory.band or ScaleTier.STARTER)
    inputs = RuleInputs(snapshot, previous, thresholds, limits, memory)
    results = tuple(no_view.check(inputs))
    if not any(result.fired for result in results):
        results += tuple(result for stage in _STAGES for result in stage.check(inputs))
    memory = keep_usual(previous, memory, results, thresholds)
    state, memory = _next_state(memory, results, thresholds)
    bottleneck, bottleneck_reasons = find_bottleneck(inputs, results)
    return Decision(
        cluster=snapshot.cluster,
        at=snapshot.at,
        cycle=memory.cycle,
        state=state,
        previous_state=previous.state,
        band=memory.band,
        idle=_is_idle(inputs),
        gates=results,
        causes=_causes(state, results),
        log_patterns=log_patterns(snapshot.logs),
        logs_missing=logs_missing(snapshot.logs),
        bottleneck=bottleneck,
        bottleneck_reasons=bottleneck_reasons,
        memory=memory,
    )


def _next_state(
    memory: Memory, results: Collection[RuleResult], thresholds: Thresholds
) -> tuple[State, Memory]:
    """Apply the counters: critical and clear states need several cycles, unknown is immediate."""
    severities = {result.severity for result in results if result.fired} - {Severity.NOTICE}
    unread = {result.severity for result in results if result.unread}
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
        return _unknown(memory)  # not a recovery: the rule that was critical cannot be read
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
    """An unknown cycle changes no counter."""
    return State.UNKNOWN, memory.model_copy(update={"state": State.UNKNOWN})


def _causes(state: State, results: Collection[RuleResult]) -> tuple[Cause, ...]:
    """Causes of the fired rules, the root first; of an unknown, the missing sources."""
    deciding = [r for r in results if r.fired and r.severity is not Severity.NOTICE]
    causes = [result.cause for result in root_first(deciding) if result.cause]
    if state is State.UNKNOWN and not causes:
        notices = [result.cause for result in results if result.fired and result.cause]
        causes = [cause for cause in notices if cause.kind is CauseKind.SOURCE]
        causes += [
            Cause(kind=CauseKind.SOURCE, name=result.subject or result.signal)
            for result in results
            if result.unread
        ]
    return tuple(dict.fromkeys(causes))


def _is_idle(inputs: RuleInputs) -> bool:
    """Next to no demand and next to no updates; reported, but decides nothing."""
    demand = inputs.demand
    updates = inputs.reading(SignalName.STATE_TRANSITIONS_RATE)
    if demand.value is None or updates.value is None:
        return False
    limits = inputs.thresholds
    return demand.value < limits.idle_demand and updates.value < limits.idle_updates
