"""`/status/summary`: the explanation of the last verdict, and a model's reading beside it."""

from fastapi import APIRouter
from pydantic import FiniteFloat

from copilot.api.dependencies import CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.verdict import Verdict
from copilot.explain.explanation import Citation, ExplainedBy
from copilot.signals.reading import UtcDatetime

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)


class Summary(Verdict):
    """`summary` is the rules' explanation of the last decision; while `stale`, of the past.

    `reading` is a model's, and decides nothing: what it thinks happened and why, written at
    `assessed_at`, when the evidence was the same as now. `explained_by` is `rules` while there is
    none; `fallback_reason` says why, or what the model had to do without.
    """

    summary: str
    reading: str
    explained_by: ExplainedBy | None
    assessed_at: UtcDatetime | None
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None
    fallback_reason: str
    citations: tuple[Citation, ...]


@router.get("/summary")
async def summary(health: CurrentHealth) -> Summary:
    """The explanation of the last verdict in a paragraph."""
    explanation, assessment = health.explanation, health.assessment
    by_model = health.model_assessment
    return Summary(
        **health.verdict.model_dump(),
        summary=explanation.summary if explanation else "",
        reading=explanation.reading if explanation else "",
        explained_by=explanation.explained_by if explanation else None,
        assessed_at=assessment.at if assessment else None,
        model=by_model.model if by_model else "",
        input_tokens=by_model.input_tokens if by_model else 0,
        output_tokens=by_model.output_tokens if by_model else 0,
        cost_usd=by_model.cost_usd if by_model else None,
        fallback_reason=(assessment.failure or assessment.note) if assessment else "",
        citations=explanation.citations if explanation else (),
    )
