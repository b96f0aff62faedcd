"""Explanations by rules and models, and their cost, in the API's responses."""

from datetime import UTC, datetime, timedelta

import httpx

from copilot.explain.explanation import Explanation
from copilot.store.records import ModelAnswer
from copilot.store.repository import Repository
from tests.builders import cycle_times, records_of, snapshot, starved_queue
from tests.copilot.api.assessed_cycles import (
    CITATION,
    LIMITS,
    MODEL,
    save_model_answer,
    starved_cycles,
    with_reading,
)


async def test_a_models_reading_is_beside_the_summary_while_the_evidence_is_the_same(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    records = starved_cycles(datetime.now(UTC))
    await repository.save(records)
    answer = ModelAnswer(
        explanation=with_reading(records[0]), input_tokens=2000, output_tokens=300, cost_usd=0.01
    )
    await save_model_answer(repository, records[0], answer)
    summary = (await api.get("/status/summary")).json()
    assert summary["summary"] == records[-1].explanation.summary
    assert summary["reading"] == "The workers of orders are gone."
    assert (summary["explained_by"], summary["model"]) == ("quick_model", MODEL)
    assert (summary["input_tokens"], summary["cost_usd"]) == (2000, 0.01)
    assert summary["citations"] == [CITATION.model_dump()]
    status = (await api.get("/status")).json()
    assert status["health_state"] == "stressed"
    assert [action["target_service"] for action in status["recommended_actions"]] == ["orders"]
    (issue,) = (await api.get("/status/issues")).json()["issues"]
    assert issue["narrative"] == "Nobody polls it."
    assert issue["title"] == records[-1].explanation.issues[0].title
    (assessment,) = (await api.get("/status/assessments")).json()["assessments"]
    assert assessment["summary"] == records[0].explanation.summary
    assert assessment["reading"] == "The workers of orders are gone."


async def test_an_explanation_stored_by_an_earlier_version_has_no_reading(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    """In that version a model's text was the summary."""
    records = starved_cycles(datetime.now(UTC))
    await repository.save(records)
    old = with_reading(records[0]).model_copy(update={"summary": "All is well.", "reading": ""})
    stored = Explanation.model_validate(old.model_dump(exclude={"reading"}))
    await save_model_answer(repository, records[0], ModelAnswer(explanation=stored))
    summary = (await api.get("/status/summary")).json()
    assert summary["summary"] == records[-1].explanation.summary
    assert summary["reading"] == ""
    assert summary["citations"] == [CITATION.model_dump()]


async def test_new_evidence_has_no_reading_yet(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    now = datetime.now(UTC)
    records = starved_cycles(now - timedelta(seconds=30))
    await repository.save(records)
    await save_model_answer(
        repository, records[0], ModelAnswer(explanation=with_reading(records[0]))
    )
    seen = [snapshot(at, queues=[starved_queue("payments")]) for at in cycle_times(now, 2)]
    other = records_of(seen, "another run")
    await repository.save(other[-1:])
    summary = (await api.get("/status/summary")).json()
    assert summary["explained_by"] == "rules"
    assert "payments" in summary["summary"]
    assert (summary["model"], summary["reading"]) == ("", "")


async def test_the_failure_of_a_model_is_reported(
    api: httpx.AsyncClient, repository: Repository
) -> None:
    records = starved_cycles(datetime.now(UTC))
    await repository.save(records)
    await save_model_answer(
        repository, records[0], ModelAnswer(failure=f"{MODEL} is throttled", cost_usd=0.0)
    )
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
        first = starved_cycles(now, 1)[0].model_copy(update={"run_id": f"run-{run}"})
        await repository.save([first])
        good = ModelAnswer(
            explanation=with_reading(first), input_tokens=100, output_tokens=10, cost_usd=0.02
        )
        bad = ModelAnswer(failure="no answer", cost_usd=0.0)
        await save_model_answer(repository, first, good if run < 2 else bad)
    spend = (await api.get("/status/spend")).json()
    assert (spend["calls_last_hour"], spend["tokens_today"]) == (7, 220)
    assert abs(spend["cost_usd_today"] - 0.04) < 1e-9
    assert spend["paused_until"]


async def test_a_call_without_an_answer_counts_with_its_most_tokens(
    repository: Repository,
) -> None:
    record = starved_cycles(datetime.now(UTC))[0]
    await repository.save([record])
    now = datetime.now(UTC)
    assert not await repository.reserve_model_call(record.key, MODEL, LIMITS, tokens=9000, now=now)
    spend = await repository.spend(datetime.now(UTC))
    assert (spend.calls_last_hour, spend.tokens_today, spend.failures_in_a_row) == (1, 9000, 1)


async def test_actions_are_not_carried_out(api: httpx.AsyncClient) -> None:
    response = await api.post("/actions", json={"action_type": "restart"})
    assert response.status_code == 501
    assert set(response.json()) == {"error", "reason"}
