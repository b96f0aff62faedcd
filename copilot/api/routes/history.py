"""What was: issues and changes of state."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AwareDatetime

from copilot.api.context import ClusterName, FromContext, Present
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.responses import Change, Gap, IssueEntry, Issues, Timeline
from copilot.health.decision import Severity
from copilot.knowledge.corpus import document_name
from copilot.store.rows import StateChange, StoredIssue

router = APIRouter(prefix="/status", tags=["history"], responses=DATA_PROBLEMS)

DEFAULT_WINDOW = timedelta(hours=24)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _storable(value: datetime) -> datetime:
    # Beyond these years a change of zone leaves what Python and PostgreSQL can hold.
    if not EARLIEST <= value <= LATEST:
        raise ValueError("not between the years 2000 and 2100")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]


@router.get("/issues")
async def issues(
    *,
    context: FromContext,
    cluster: ClusterName,
    found: Present,
    severity: Annotated[Severity | None, Query(description="any when absent")] = None,
    only_open: Annotated[bool, Query(alias="open", description="false: resolved ones too")] = True,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Issues:
    """What is wrong, with likely causes and next checks; newest first."""
    stored = await context.repository.issues(cluster, only_open, severity, limit)
    told = found.assessment.explanation.issues if found.assessment else ()
    narratives = {issue.fingerprint: issue.narrative for issue in told}
    return Issues(
        **found.verdict.model_dump(),
        issues=tuple(
            _issue(row, "" if row.resolved_at else narratives.get(row.fingerprint, ""))
            for row in stored
        ),
    )


@router.get("/timeline")
async def timeline(
    *,
    context: FromContext,
    cluster: ClusterName,
    start: Annotated[
        Moment | None, Query(description="ISO 8601 with zone; 24 h before `end` when absent")
    ] = None,
    end: Annotated[Moment | None, Query(description="ISO 8601 with zone; now when absent")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[
        str | None, Query(description="`next_cursor` of the page before", max_length=200)
    ] = None,
) -> Timeline:
    """Changes of state in [start, end), oldest first, and when no verdict was made."""
    now = datetime.now(UTC)
    until = end or now
    since = start or max(until - DEFAULT_WINDOW, EARLIEST)
    if since >= until:
        raise _wrong("start", f"must be before end, {until.isoformat()}")
    try:
        page = await context.repository.timeline(cluster, since, until, limit, cursor)
    except ValueError as error:
        raise _wrong("cursor", str(error)) from error
    # What is to come is no gap yet.
    gaps = await context.repository.gaps(
        cluster, since, min(until, now), context.settings.unknown_after_seconds
    )
    return Timeline(
        cluster=cluster,
        start=since,
        end=until,
        state_at_start=page.state_at_start,
        timeline=tuple(_change(change) for change in page.changes),
        gaps=tuple(Gap(start=gap.start, end=gap.end) for gap in gaps),
        next_cursor=page.next_cursor,
    )


def _wrong(parameter: str, message: str) -> RequestValidationError:
    return RequestValidationError(
        [{"type": "value_error", "loc": ("query", parameter), "msg": message}]
    )


def _issue(row: StoredIssue, narrative: str) -> IssueEntry:
    known = row.model_dump(exclude={"fingerprint"})
    return IssueEntry.model_validate(
        {**known, "document": document_name(row.gate), "narrative": narrative}
    )


def _change(change: StateChange) -> Change:
    return Change(
        id=change.key,
        timestamp=change.at,
        cycle=change.cycle,
        health_state=change.to_state,
        previous_state=change.from_state,
        scale_band=change.band,
        causes=change.causes,
        summary=change.summary,
    )
