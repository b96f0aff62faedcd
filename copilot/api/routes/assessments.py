"""`/status/assessments`: stored explanations with their evidence."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AliasPath, BeforeValidator, Field, FiniteFloat

from copilot.api.dependencies import AppContext, ClusterName
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.routes.gates import GateResult, gate_results
from copilot.explain.assessment import Depth, Trigger
from copilot.explain.explanation import Action, Citation, ExplainedBy, Issue
from copilot.health.decision import Bottleneck, Cause, LogPattern, ScaleTier, State
from copilot.signals.reading import Frozen, UtcDatetime

router = APIRouter(prefix="/status", tags=["assessments"], responses=DATA_PROBLEMS)


class AssessmentEntry(Frozen):
    """The explanation of one cycle, its evidence and its cost; read from a `StoredAssessment`.

    `stored_at` is when the rules' explanation was stored, before any request to a model.
    `failure` says why a model gave no reading; `note` what else was missing.
    """

    id: UUID = Field(validation_alias="key")
    timestamp: UtcDatetime = Field(validation_alias="at")
    stored_at: UtcDatetime
    cycle: int
    trigger: Trigger
    health_state: State = Field(validation_alias="state")
    scale_band: ScaleTier | None = Field(validation_alias="band")
    causes: tuple[Cause, ...]
    fired_gates: Annotated[tuple[GateResult, ...], BeforeValidator(gate_results)] = Field(
        validation_alias=AliasPath("evidence", "gates")
    )
    bottleneck: Bottleneck = Field(validation_alias=AliasPath("evidence", "bottleneck"))
    bottleneck_reasons: tuple[str, ...] = Field(
        validation_alias=AliasPath("evidence", "bottleneck_reasons")
    )
    log_patterns: tuple[LogPattern, ...] = Field(
        validation_alias=AliasPath("evidence", "log_patterns")
    )
    logs_missing: str = Field(validation_alias=AliasPath("evidence", "logs_missing"))
    summary: str = Field(validation_alias=AliasPath("explanation", "summary"))
    reading: str = Field(validation_alias=AliasPath("explanation", "reading"))
    issues: tuple[Issue, ...] = Field(validation_alias=AliasPath("explanation", "issues"))
    actions: tuple[Action, ...] = Field(validation_alias=AliasPath("explanation", "actions"))
    citations: tuple[Citation, ...] = Field(validation_alias=AliasPath("explanation", "citations"))
    depth: Depth
    explained_by: ExplainedBy
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: FiniteFloat | None
    failure: str
    note: str


class Assessments(Frozen):
    """Newest first."""

    cluster: str
    assessments: tuple[AssessmentEntry, ...]


@router.get("/assessments")
async def assessments(
    *, context: AppContext, cluster: ClusterName, limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> Assessments:
    """Stored explanations with their evidence; newest first."""
    stored = await context.repository.newest_assessments(cluster, limit)
    entries = tuple(AssessmentEntry.model_validate(one, from_attributes=True) for one in stored)
    return Assessments(cluster=cluster, assessments=entries)
