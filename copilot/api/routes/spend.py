"""`/status/spend`: usage of language models, and its limits."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import FiniteFloat

from copilot.api.dependencies import AppContext
from copilot.api.problems import DATA_PROBLEMS
from copilot.model.budget import open_until
from copilot.signals.reading import Frozen, UtcDatetime

router = APIRouter(prefix="/status", tags=["assessments"], responses=DATA_PROBLEMS)


class ModelSpend(Frozen):
    """Usage of models by all clusters together, and its limits.

    `cost_usd_today` is null when a price is unknown. `paused_until` is set while no model is
    called after repeated failures.
    """

    model: str
    deep_model: str
    calls_last_hour: int
    calls_per_hour: int
    tokens_today: int
    tokens_per_day: int
    cost_usd_today: FiniteFloat | None
    failures_in_a_row: int
    last_failure: str
    paused_until: UtcDatetime | None


@router.get("/spend")
async def spend(context: AppContext) -> ModelSpend:
    """Usage of language models in the last hour and since midnight UTC, and its limits."""
    settings, now = context.settings, datetime.now(UTC)
    usage = await context.repository.spend(now)
    pause = open_until(usage)
    return ModelSpend(
        **usage.model_dump(exclude={"own_calls", "own_tokens"}),
        model=settings.model,
        deep_model=settings.deep_model or settings.model,
        calls_per_hour=settings.model_calls_per_hour,
        tokens_per_day=settings.model_tokens_per_day,
        paused_until=pause if pause and pause > now else None,
    )
