"""What limits the cluster, its server or its users' workers: an explanation, never a state."""

from collections.abc import Iterator, Sequence

from copilot.health.decision import Bottleneck, RuleName, RuleResult, strongest, with_unit
from copilot.health.rules.queue_workers import has_pollers, worker_state
from copilot.health.rules.rule import RuleInputs
from copilot.signals.queue import QueueKind
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S

# Rules that fire when the server or its store cannot keep up.
_SERVER_RULES = {
    RuleName.SERVICE_DOWN: "a service is down",
    RuleName.HISTORY_STUCK: "the history service is stuck",
    RuleName.HISTORY_LAG: "the history service lags",
    RuleName.PERSISTENCE_ERRORS: "the store fails",
    RuleName.STORE_WRITES: "the store refuses writes",
    RuleName.PERSISTENCE_LATENCY: "the store is slow",
}
# The services that a task passes on its way to a worker.
_DISPATCHING = set(Role) - {Role.WORKER}
_NAMED_QUEUES = 3  # a cluster without workers has hundreds; the rules' results have them all
_SLOTS = {
    QueueKind.WORKFLOW: S.WORKFLOW_SLOTS_AVAILABLE,
    QueueKind.ACTIVITY: S.ACTIVITY_SLOTS_AVAILABLE,
}
_WAITS = {
    QueueKind.WORKFLOW: S.WORKFLOW_SCHEDULE_TO_START_P95,
    QueueKind.ACTIVITY: S.ACTIVITY_SCHEDULE_TO_START_P95,
}


def find_bottleneck(
    inputs: RuleInputs, results: Sequence[RuleResult]
) -> tuple[Bottleneck, tuple[str, ...]]:
    """The bottleneck and its reasons: sentences with value and limit, the server's first.

    `results` are the rules' for the same inputs. A missing reading is not evidence: workers that
    expose no metrics are not blamed.
    """
    server = tuple(_server_reasons(results))
    workers = tuple(_worker_reasons(inputs, results))
    if server and workers:
        return Bottleneck.MIXED, server + workers
    if server:
        return Bottleneck.SERVER, server
    return (Bottleneck.WORKER, workers) if workers else (Bottleneck.NONE, ())


def _server_reasons(results: Sequence[RuleResult]) -> Iterator[str]:
    """One for each fired rule and subject."""
    for result in strongest(one for one in results if one.fired and one.name in _SERVER_RULES):
        fault = _SERVER_RULES[result.name]
        if result.name is RuleName.SERVICE_DOWN:
            yield f"Server: {fault}: `up` of {result.subject} is 0, and 1 is needed."
        else:
            yield (
                f"Server: {fault}: {result.signal} is"
                f" {with_unit(result.observed or 0, result.unit)}, over its limit of"
                f" {with_unit(result.threshold or 0, result.unit)}."
            )


def _worker_reasons(inputs: RuleInputs, results: Sequence[RuleResult]) -> Iterator[str]:
    fired = {result.name for result in results if result.fired}
    down = {r.subject for r in results if r.fired and r.name is RuleName.SERVICE_DOWN}
    if RuleName.VIEW in fired or down & _DISPATCHING:
        return  # a missing service dispatches no tasks, and forgets its pollers
    server_works = not fired & _SERVER_RULES.keys()
    yield from _old_backlogs(inputs, server_works=server_works)
    yield from _slots(inputs)
    # A slow server also makes tasks wait: then the wait does not show slow workers.
    if server_works:
        yield from _waits(inputs)


def _old_backlogs(inputs: RuleInputs, *, server_works: bool) -> Iterator[str]:
    """The queues whose tasks wait longest, with the state of their workers, and how many more.

    While the server works, tasks grow old only for want of workers; the rule for a starved queue
    fires later, when nothing was dispatched for half a minute.
    """
    limit = inputs.thresholds.starved_age_seconds
    late = [
        facts
        for facts in inputs.snapshot.queues.queues
        if facts.backlog
        and facts.backlog_age_seconds > limit
        and facts.needed is not False
        and (server_works or not has_pollers(inputs, facts))
    ]
    late.sort(key=lambda facts: -facts.backlog_age_seconds)
    for facts in late[:_NAMED_QUEUES]:
        yield (
            f"Workers: the oldest of {facts.backlog:,} {facts.key.kind} tasks on"
            f" {facts.key.full_name} waits for"
            f" {with_unit(facts.backlog_age_seconds, 's')}, over {with_unit(limit, 's')}:"
            f" {worker_state(inputs, facts)}."
        )
    if (more := len(late) - _NAMED_QUEUES) > 0:
        yield f"Workers: on {more} more task queues tasks wait for over {with_unit(limit, 's')}."


def _slots(inputs: RuleInputs) -> Iterator[str]:
    """No free slot while tasks wait; without waiting tasks, workers are just busy."""
    for kind, signal in _SLOTS.items():
        waiting = _waiting(inputs, kind)
        if inputs.reading(signal).value == 0 and waiting:
            yield (
                f"Workers: {signal} is 0 on a task queue, and at least 1 is needed, while"
                f" {waiting:,} {kind} tasks wait."
            )


def _waits(inputs: RuleInputs) -> Iterator[str]:
    """Long waits for a worker, while tasks still wait.

    The quantile alone is not enough: for minutes after a slow store or a restart of workers it
    includes tasks that are done.
    """
    polls = inputs.reading(S.POLL_SUCCESS_RATE).value
    if polls is None or polls < inputs.limits.demand_floor:
        return  # too few tasks for a quantile
    for kind, signal in _WAITS.items():
        value, limit = inputs.reading(signal).value, _longest_wait(inputs, kind)
        if value is not None and value > limit and (waiting := _waiting(inputs, kind)):
            yield (
                f"Workers: {waiting:,} {kind} tasks wait for them: {signal} is"
                f" {with_unit(value, 'ms')}, over its limit of {with_unit(limit, 'ms')}."
            )


def _waiting(inputs: RuleInputs, kind: QueueKind) -> int:
    """Tasks now on queues whose oldest task waits longer than it should."""
    limit = _longest_wait(inputs, kind)
    return sum(
        facts.backlog
        for facts in inputs.snapshot.queues.queues
        if facts.key.kind is kind and 1000 * facts.backlog_age_seconds > limit
    )


def _longest_wait(inputs: RuleInputs, kind: QueueKind) -> float:
    """How long a task may wait for a worker, in milliseconds."""
    limits = inputs.thresholds
    return limits.workflow_wait_p95 if kind is QueueKind.WORKFLOW else limits.activity_wait_p95
