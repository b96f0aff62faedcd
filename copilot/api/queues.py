"""Task queues of a cycle, each with what the decision's gates say of it."""

from copilot.api.responses import Queue, Queues
from copilot.api.verdict import Standing
from copilot.health.decision import Decision, Stage, State
from copilot.signals.snapshot import QueueFacts, QueueKey


def queues(found: Standing) -> Queues:
    """Queues with a fired gate first, then those that did not answer, then by backlog."""
    verdict = found.verdict.model_dump()
    if found.record is None:
        return Queues(**verdict, queues=(), truncated=0, absence=None, detail="")
    survey = found.record.snapshot.queues
    judgement = _Judgement(found.record.decision, stale=found.verdict.stale)
    described = [_described(facts, judgement.of(facts.key)) for facts in survey.queues]
    listed = described + [_undescribed(key) for key in survey.unanswered]
    return Queues(
        **verdict,
        queues=tuple(sorted(listed, key=_urgency)),
        truncated=survey.truncated,
        absence=survey.absence,
        detail=survey.detail,
    )


class _Judgement:
    """Which queues the gates were read for, and for which of them one fired."""

    def __init__(self, decision: Decision, *, stale: bool) -> None:
        starved = [gate for gate in decision.gates if gate.stage is Stage.STARVED]
        self._judged = bool(starved) and not stale
        self._fired = {gate.subject for gate in starved if gate.fired}

    def of(self, key: QueueKey) -> State:
        if not self._judged:
            return State.UNKNOWN
        subject = f"{key.namespace}/{key.name} ({key.kind})"
        return State.STRESSED if subject in self._fired else State.HAPPY


def _described(facts: QueueFacts, status: State) -> Queue:
    return Queue(
        namespace=facts.key.namespace,
        name=facts.key.name,
        kind=facts.key.kind,
        status=status,
        backlog=facts.backlog,
        backlog_age_seconds=facts.backlog_age_seconds,
        add_rate=facts.add_rate,
        dispatch_rate=facts.dispatch_rate,
        pollers=facts.pollers,
        last_poll=facts.last_poll,
    )


def _undescribed(key: QueueKey) -> Queue:
    return Queue(
        namespace=key.namespace,
        name=key.name,
        kind=key.kind,
        status=State.UNKNOWN,
        backlog=None,
        backlog_age_seconds=None,
        add_rate=None,
        dispatch_rate=None,
        pollers=None,
        last_poll=None,
    )


def _urgency(queue: Queue) -> tuple[int, float, float, str, str, str]:
    order = (State.STRESSED, State.UNKNOWN, State.HAPPY)
    backlog, added = queue.backlog or 0, queue.add_rate or 0.0
    return order.index(queue.status), -backlog, -added, queue.namespace, queue.name, queue.kind
