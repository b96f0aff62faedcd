"""What was told, by whom, and what it cost."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from copilot.api import views
from copilot.api.context import ClusterName, FromContext
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.responses import Assessments, ModelSpend
from copilot.explain.budget import open_until

router = APIRouter(prefix="/status", tags=["assessments"], responses=DATA_PROBLEMS)


@router.get("/assessments")
async def assessments(
    *,
    context: FromContext,
    cluster: ClusterName,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Assessments:
    """Explanations that were kept, with their evidence; newest first."""
    stored = await context.repository.assessments(cluster, limit)
    return Assessments(
        cluster=cluster, assessments=tuple(views.assessment(found) for found in stored)
    )


@router.get("/spend")
async def spend(context: FromContext) -> ModelSpend:
    """What language models took in the last hour and since midnight UTC, and their limits."""
    settings, now = context.settings, datetime.now(UTC)
    found = await context.repository.spend(now)
    pause = open_until(found)
    return ModelSpend(
        model=settings.model,
        deep_model=settings.deep_model or settings.model,
        calls_last_hour=found.calls_last_hour,
        calls_per_hour=settings.model_calls_per_hour,
        tokens_today=found.tokens_today,
        tokens_per_day=settings.model_tokens_per_day,
        cost_usd_today=found.cost_usd_today,
        failures_in_a_row=found.failures_in_a_row,
        last_failure=found.last_failure,
        paused_until=pause if pause and pause > now else None,
    )
