"""What of a model's answer is let through, by the evidence that it was given."""

import pytest

from copilot.explain.answer import Answer, AnswerError, admitted
from copilot.explain.brief import brief
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import State
from copilot.record import CycleRecord
from copilot.signals.names import SignalName as S
from tests.copilot.factories import every_cycle, facts, judged, snapshot, starved
from tests.copilot.store.records import START


def shown(text: str, record: CycleRecord) -> Explanation:
    """What is made of an answer of this summary."""
    told = brief(record.decision, record.snapshot, {}, [])
    answer = Answer(summary=text)
    return admitted(answer, record.decision, record.explanation, told, ExplainedBy.QUICK_MODEL)


# Names are told in alphabetical order: orders is queue-1.
ABANDONED = judged(
    snapshot(at, queues=[starved("orders"), facts("payments")]) for at in every_cycle(START, 3)
)[-1]
DOWN = judged(snapshot(at, down=["matching"]) for at in every_cycle(START, 5))[-1]
SLOW = judged(snapshot(at, {S.PERSISTENCE_LATENCY_P95: 9000.0}) for at in every_cycle(START, 3))[-1]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (ABANDONED, "Nobody polls queue-1; queue-2, history and the database are healthy."),
        (ABANDONED, "The previous state was stressed, and it is not critical."),
        (DOWN, "Matching is down; the history service and the workers are healthy."),
        (DOWN, "The state is critical until matching has recovered."),
        (SLOW, "Persistence is slow while the workers are healthy."),
    ],
)
def test_what_the_evidence_does_not_blame_may_be_called_healthy(
    record: CycleRecord, text: str
) -> None:
    assert shown(text, record).explained_by is ExplainedBy.QUICK_MODEL


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (ABANDONED, "queue-1 is healthy."),
        (ABANDONED, "The workers are healthy."),
        (ABANDONED, "All gates are healthy."),
        (ABANDONED, "The cluster has recovered."),
        (DOWN, "Temporal's matching is healthy."),
        (DOWN, "All services are healthy."),
        (DOWN, "Matching has recovered."),
        (SLOW, "Persistence is healthy."),
        (SLOW, "The database is healthy."),
        (SLOW, "Latency is healthy."),
    ],
)
def test_what_the_evidence_blames_may_not(record: CycleRecord, text: str) -> None:
    with pytest.raises(AnswerError, match="it states another state"):
        shown(text, record)


def test_the_records_are_what_they_are_named_for() -> None:
    assert ABANDONED.decision.state is SLOW.decision.state is State.STRESSED
    assert DOWN.decision.state is State.CRITICAL
