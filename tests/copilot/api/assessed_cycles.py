"""Cycles with a starved queue, assessed with and without a model's reading."""

from datetime import UTC, datetime

from copilot.explain.assessment import Assessment, Depth, Trigger, fingerprint
from copilot.explain.explanation import Action, ActionType, Citation, ExplainedBy, Explanation
from copilot.model.budget import Limits
from copilot.store.records import CycleRecord, ModelAnswer
from copilot.store.repository import Repository
from tests.builders import cycle_times, records_of, snapshot, starved_queue

MODEL = "bedrock:eu.anthropic.claude"
LIMITS = Limits(calls_per_hour=100, tokens_per_day=1_000_000)
CITATION = Citation(document="starved-queue", heading="Causes", uri="/knowledge/starved-queue")


def starved_cycles(last: datetime, count: int = 3) -> list[CycleRecord]:
    """Cycles with a starved queue, the first of them assessed."""
    first, *rest = records_of(
        [snapshot(at, queues=[starved_queue("orders")]) for at in cycle_times(last, count)]
    )
    assessment = Assessment(
        trigger=Trigger.STATE_CHANGE,
        fingerprint=fingerprint(first.decision),
        depth=Depth.QUICK,
    )
    return [first.model_copy(update={"assessment": assessment}), *rest]


def with_reading(record: CycleRecord) -> Explanation:
    (issue,) = record.explanation.issues
    return Explanation(
        summary=record.explanation.summary,
        reading="The workers of orders are gone.",
        issues=(issue.model_copy(update={"narrative": "Nobody polls it."}),),
        actions=(
            Action(
                action_type=ActionType.RESTART,
                target_service="orders",
                description="Start its workers.",
                confidence=0.8,
            ),
        ),
        citations=(CITATION,),
        explained_by=ExplainedBy.QUICK_MODEL,
    )


async def save_model_answer(
    repository: Repository, record: CycleRecord, answer: ModelAnswer
) -> None:
    now = datetime.now(UTC)
    assert not await repository.reserve_model_call(record.key, MODEL, LIMITS, tokens=9000, now=now)
    await repository.save_model_answer(record.key, answer)
