"""What limits the cluster, its server or its users' workers: an explanation, never a verdict."""

from collections.abc import Iterator, Sequence

from copilot.health.decision import Bottleneck, Gate, GateName
from copilot.health.starvation import has_pollers
from copilot.health.view import View
from copilot.signals.names import SignalName as S
from copilot.signals.snapshot import QueueFacts, QueueKind

# Fired, each of them means that the server or its store cannot keep up.
_SERVER_GATES = {
    GateName.SERVICE_DOWN: "a service is down",
    GateName.HISTORY_STUCK: "the history service is stuck",
    GateName.HISTORY_LAG: "the history service lags",
    GateName.PERSISTENCE_ERRORS: "the store fails",
    GateName.PERSISTENCE_LATENCY: "the store is slow",
}
# The services that a task passes on its way to a worker.
_DISPATCHING = {"frontend", "history", "matching"}
_NAMED_QUEUES = 3  # a cluster without workers has hundreds; all are in the gates
_SLOTS = {
    QueueKind.WORKFLOW: S.WORKFLOW_SLOTS_AVAILABLE,
    QueueKind.ACTIVITY: S.ACTIVITY_SLOTS_AVAILABLE,
}
_WAITS = {
    QueueKind.WORKFLOW: S.WORKFLOW_SCHEDULE_TO_START_P95,
    QueueKind.ACTIVITY: S.ACTIVITY_SCHEDULE_TO_START_P95,
}


def find_bottleneck(view: View, gates: Sequence[Gate]) -> tuple[Bottleneck, tuple[str, ...]]:
    """The bottleneck and why: a sentence with value and limit for each reason, server's first.

    `gates` are those of the same view. What cannot be read is no evidence of anything, so nothing
    is claimed of workers that expose no metrics.
    """
    server = tuple(_server_reasons(gates))
    workers = tuple(_worker_reasons(view, gates))
    if server and workers:
        return Bottleneck.MIXED, server + workers
    if server:
        return Bottleneck.SERVER, server
    return (Bottleneck.WORKER, workers) if workers else (Bottleneck.NONE, ())


def _server_reasons(gates: Sequence[Gate]) -> Iterator[str]:
    """One for each gate and subject, by the higher of two limits: it comes first."""
    seen = set[tuple[str, str]]()
    for gate in gates:
        if not gate.fired or gate.name not in _SERVER_GATES or (gate.name, gate.subject) in seen:
            continue
        seen.add((gate.name, gate.subject))
        what = _SERVER_GATES[gate.name]
        if gate.name is GateName.SERVICE_DOWN:
            yield f"Server: {what}: `up` of {gate.subject} is 0, and 1 is needed."
        else:
            yield (
                f"Server: {what}: {gate.signal} is {_number(gate.observed or 0, gate.unit)},"
                f" over its limit of {_number(gate.threshold or 0, gate.unit)}."
            )


def _worker_reasons(view: View, gates: Sequence[Gate]) -> Iterator[str]:
    fired = {gate.name for gate in gates if gate.fired}
    down = {gate.subject for gate in gates if gate.fired and gate.name is GateName.SERVICE_DOWN}
    if GateName.VIEW in fired or down & _DISPATCHING:
        return  # who is not there hands out no tasks, and forgets who polls
    server_works = not fired & _SERVER_GATES.keys()
    yield from _old_backlogs(view, server_works=server_works)
    yield from _slots(view)
    # A slow server makes tasks wait as well: then their wait says nothing of workers.
    if server_works:
        yield from _waits(view)


def _old_backlogs(view: View, *, server_works: bool) -> Iterator[str]:
    """The queues whose tasks wait longest, each with how its workers fare, and how many more.

    While the server works, workers are late wherever tasks grow old; a queue is starved only when
    nothing of it was dispatched for half a minute.
    """
    limit = view.thresholds.starved_age_seconds
    late = [
        facts
        for facts in view.snapshot.queues.queues
        if facts.backlog
        and facts.backlog_age_seconds > limit
        and (server_works or not has_pollers(view, facts))
    ]
    late.sort(key=lambda facts: -facts.backlog_age_seconds)
    for facts in late[:_NAMED_QUEUES]:
        yield (
            f"Workers: the oldest of {facts.backlog:,} {facts.key.kind} tasks on"
            f" {facts.key.namespace}/{facts.key.name} waits for"
            f" {_number(facts.backlog_age_seconds, 's')}, over {_number(limit, 's')}:"
            f" {_effort(view, facts)}."
        )
    if (more := len(late) - _NAMED_QUEUES) > 0:
        yield f"Workers: on {more} more task queues tasks wait for over {_number(limit, 's')}."


def _effort(view: View, facts: QueueFacts) -> str:
    if not has_pollers(view, facts):
        return "nobody polls it"
    return "its workers do not keep up" if facts.dispatch_rate else "its workers take nothing"


def _slots(view: View) -> Iterator[str]:
    """No free slot while tasks wait: without the wait, workers are just busy."""
    for kind, signal in _SLOTS.items():
        waiting = _waiting(view, kind)
        if view.reading(signal).value == 0 and waiting:
            yield (
                f"Workers: {signal} is 0 on a task queue, and at least 1 is needed, while"
                f" {waiting:,} {kind} tasks wait."
            )


def _waits(view: View) -> Iterator[str]:
    """Long waits for a worker, and tasks that still wait.

    The quantile remembers: for minutes after a slow store or a restart of workers it tells of
    tasks that have long been done.
    """
    polls = view.reading(S.POLL_SUCCESS_RATE).value
    if polls is None or polls < view.limits.demand_floor:
        return  # a few tasks make no quantile
    for kind, signal in _WAITS.items():
        value, limit = view.reading(signal).value, _longest_wait(view, kind)
        if value is not None and value > limit and (waiting := _waiting(view, kind)):
            yield (
                f"Workers: {waiting:,} {kind} tasks wait for them: {signal} is"
                f" {_number(value, 'ms')}, over its limit of {_number(limit, 'ms')}."
            )


def _waiting(view: View, kind: QueueKind) -> int:
    """Tasks on queues whose oldest task waits longer than it should, as they are now."""
    limit = _longest_wait(view, kind)
    return sum(
        facts.backlog
        for facts in view.snapshot.queues.queues
        if facts.key.kind is kind and 1000 * facts.backlog_age_seconds > limit
    )


def _longest_wait(view: View, kind: QueueKind) -> float:
    """How long a task may wait for a worker, in milliseconds."""
    limits = view.thresholds
    return limits.workflow_wait_p95 if kind is QueueKind.WORKFLOW else limits.activity_wait_p95


def _number(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value:.1%}"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"  # noqa: PLR2004
