"""Who explains, on what, and at what cost: as the API says it."""

from datetime import UTC, datetime, timedelta

import httpx

from copilot.explain.assessment import Assessment, Depth, Trigger, fingerprint
from copilot.explain.budget import Limits
from copilot.explain.explanation import (
    Action,
    ActionType,
    Citation,
    ExplainedBy,
    Explanation,
)
from copilot.record import CycleRecord
from copilot.store.repository import Repository
from copilot.store.rows import ModelAnswer
from tests.copilot.factories import every_cycle, judged, snapshot, starved

MODEL = "bedrock:eu.anthropic.claude"
PLENTY = Limits(calls_per_hour=100, tokens_per_day=1_000_000)
CITATION = Citation(document="starved-queue", heading="Causes", uri="/knowledge/starved-queue")


def troubled(last: datetime, count: int = 3) -> list[CycleRecord]:
    """Cycles with a starved queue, the first of them assessed."""
    first, *rest = judged(
        [snapshot(at, queues=[starved("orders")]) for at in every_cycle(last, count)]
    )
    assessment = Assessment(
        trigger=Trigger.STATE_CHANGE,
        fingerprint=fingerprint(first.decision),
        depth=Depth.QUICK,
    )
    return [first.model_copy(update={"assessment": assessment}), *rest]


def worded(record: CycleRecord) -> Explanation:
    (issue,) = record.explanation.issues
    return Explanation(
        summary="The workers of orders are gone.",
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


async def asked(repository: Repository, record: CycleRecord, answer: ModelAnswer) -> None:
    now = datetime.now(UTC)
    assert not await repository.ask_model(record.key, MODEL, PLENTY, tokens=9000, now=now)
    await repository.conclude(record.key, answer)


async def test_a_models_words_stand_while_the_evidence_is_the_same(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    records = troubled(datetime.now(UTC))
    await repository.save(records)
    answer = ModelAnswer(
        explanation=worded(records[0]), input_tokens=2000, output_tokens=300, cost_usd=0.01
    )
    await asked(repository, records[0], answer)
    summary = (await api.get("/status/summary")).json()
    assert summary["summary"] == "The workers of orders are gone."
    assert (summary["explained_by"], summary["model"]) == ("quick_model", MODEL)
    assert (summary["input_tokens"], summary["cost_usd"]) == (2000, 0.01)
    assert summary["citations"] == [CITATION.model_dump()]
    status = (await api.get("/status")).json()
    assert status["health_state"] == "stressed"
    assert [action["target_service"] for action in status["recommended_actions"]] == ["orders"]
    (issue,) = (await api.get("/status/issues")).json()["issues"]
    assert issue["narrative"] == "Nobody polls it."
    # What the rules say is there as before.
    assert issue["title"] == records[-1].explanation.issues[0].title


async def test_new_evidence_is_told_by_the_rules_again(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    records = troubled(now - timedelta(seconds=30))
    await repository.save(records)
    await asked(repository, records[0], ModelAnswer(explanation=worded(records[0])))
    seen = [snapshot(at, queues=[starved("payments")]) for at in every_cycle(now, 2)]
    other = judged(seen, "another run")
    await repository.save(other[-1:])
    summary = (await api.get("/status/summary")).json()
    assert summary["explained_by"] == "rules"
    assert "payments" in summary["summary"]
    assert summary["model"] == ""


async def test_why_a_model_did_not_explain_is_said(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    records = troubled(datetime.now(UTC))
    await repository.save(records)
    await asked(repository, records[0], ModelAnswer(failure=f"{MODEL} is throttled", cost_usd=0.0))
    summary = (await api.get("/status/summary")).json()
    assert summary["explained_by"] == "rules"
    assert summary["fallback_reason"] == f"{MODEL} is throttled"
    (assessment,) = (await api.get("/status/assessments")).json()["assessments"]
    assert assessment["failure"] == f"{MODEL} is throttled"
    assert assessment["trigger"] == "state_change"
    assert [gate["subject"] for gate in assessment["fired_gates"]]
    spend = (await api.get("/status/spend")).json()
    assert (spend["calls_last_hour"], spend["failures_in_a_row"]) == (1, 1)
    assert spend["last_failure"] == f"{MODEL} is throttled"
    assert spend["paused_until"] is None


async def test_spend_adds_up_and_a_failing_model_is_paused(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    for run in range(7):
        first = troubled(now, 1)[0].model_copy(update={"run_id": f"run-{run}"})
        await repository.save([first])
        good = ModelAnswer(
            explanation=worded(first), input_tokens=100, output_tokens=10, cost_usd=0.02
        )
        bad = ModelAnswer(failure="no answer", cost_usd=0.0)
        await asked(repository, first, good if run < 2 else bad)
    spend = (await api.get("/status/spend")).json()
    assert (spend["calls_last_hour"], spend["tokens_today"]) == (7, 220)
    assert abs(spend["cost_usd_today"] - 0.04) < 1e-9
    assert spend["paused_until"]


async def test_a_call_that_is_not_answered_counts_with_all_it_could_take(
    repository: Repository,
) -> None:
    record = troubled(datetime.now(UTC))[0]
    await repository.save([record])
    now = datetime.now(UTC)
    assert not await repository.ask_model(record.key, MODEL, PLENTY, tokens=9000, now=now)
    spend = await repository.spend(datetime.now(UTC))
    assert (spend.calls_last_hour, spend.tokens_today, spend.failures_in_a_row) == (1, 9000, 1)


async def test_nothing_is_carried_out(api: httpx.AsyncClient) -> None:
    answer = await api.post("/actions", json={"action_type": "restart"})
    assert answer.status_code == 501
    assert set(answer.json()) == {"error", "reason"}
