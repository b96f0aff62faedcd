"""`/status/issues`: open and resolved issues."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from copilot.api.dependencies import AppContext, ClusterName, CurrentHealth
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.verdict import Verdict
from copilot.health.decision import Severity
from copilot.knowledge.corpus import document_name
from copilot.signals.reading import Frozen, UtcDatetime
from copilot.store.records import StoredIssue

router = APIRouter(prefix="/status", tags=["history"], responses=DATA_PROBLEMS)


class IssueEntry(Frozen):
    """An issue; open while `resolved_at` is null.

    `document` is the corpus document about it; `narrative` is a model's view of it, if any.
    """

    id: UUID
    gate: str
    subject: str
    severity: Severity
    title: str
    description: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]
    document: str
    narrative: str
    opened_at: UtcDatetime
    last_seen_at: UtcDatetime
    resolved_at: UtcDatetime | None


class Issues(Verdict):
    """Newest first."""

    issues: tuple[IssueEntry, ...]


@router.get("/issues")
async def issues(
    *,
    context: AppContext,
    cluster: ClusterName,
    health: CurrentHealth,
    severity: Annotated[Severity | None, Query(description="any when absent")] = None,
    only_open: Annotated[bool, Query(alias="open", description="false: resolved ones too")] = True,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Issues:
    """Issues with likely causes and next checks; newest first."""
    stored = await context.repository.newest_issues(cluster, only_open, severity, limit)
    assessed = health.assessment.explanation.issues if health.assessment else ()
    narratives = {issue.fingerprint: issue.narrative for issue in assessed}
    return Issues(
        **health.verdict.model_dump(),
        issues=tuple(
            _entry(issue, "" if issue.resolved_at else narratives.get(issue.fingerprint, ""))
            for issue in stored
        ),
    )


def _entry(issue: StoredIssue, narrative: str) -> IssueEntry:
    return IssueEntry(**issue.model_dump(), document=document_name(issue.gate), narrative=narrative)
