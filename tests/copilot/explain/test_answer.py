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
WELL = judged(snapshot(at) for at in every_cycle(START, 3))[-1]
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


@pytest.mark.parametrize("record", [ABANDONED, DOWN])
@pytest.mark.parametrize(
    "text",
    [
        "All is well with the cluster.",
        "No action is required.",
        "No further action is needed.",
        "No **action** needed",
        "It does not require any action.",
        "There is no need to act.",
        "There is nothing to worry about.",
        "You need not act.",
        "You don't need to do anything.",
        "There are no problems.",
        "Nothing is wrong with the cluster.",
        "You can ignore this alert.",
        "The alert can safely be ignored.",
        "It is a false alarm.",
    ],
)
def test_only_a_happy_cluster_gets_the_all_clear(record: CycleRecord, text: str) -> None:
    with pytest.raises(AnswerError, match="it gives the all-clear"):
        shown(text, record)
    assert shown(text, WELL).explained_by is ExplainedBy.QUICK_MODEL


@pytest.mark.parametrize(
    "text",
    [
        "Do not ignore this alert.",
        "No action of the server helps: start workers.",
        "It takes \u00b5s \u2013 \u201cfast\u201d \u26a0\ufe0f \u2192 scale.",
    ],
)
def test_what_is_no_all_clear_is_let_through(text: str) -> None:
    assert shown(text, ABANDONED).explained_by is ExplainedBy.QUICK_MODEL


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The cluster is health\u0443.", "cyrillic small letter u"),
        ("The cluster is heal\u200bthy.", "zero width space"),
        ("The cluster is heal\u00adthy.", "soft hyphen"),
        ("The cluster is heal\u0335thy.", "combining short stroke overlay"),
        ("The cluster is \uff48ealthy.", "fullwidth latin small letter h"),
    ],
)
def test_a_word_that_only_looks_like_one_is_refused(text: str, why: str) -> None:
    with pytest.raises(AnswerError, match=f"letters that may hide a word: {why}"):
        shown(text, ABANDONED)


def test_the_records_are_what_they_are_named_for() -> None:
    assert ABANDONED.decision.state is SLOW.decision.state is State.STRESSED
    assert DOWN.decision.state is State.CRITICAL
    assert WELL.decision.state is State.HAPPY
