"""`/status/timeline`: changes of state, and gaps without a verdict."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AwareDatetime, Field

from copilot.api.dependencies import AppContext, ClusterName
from copilot.api.problems import DATA_PROBLEMS
from copilot.health.decision import Cause, ScaleTier, State
from copilot.signals.reading import Frozen, UtcDatetime
from copilot.store.records import Gap

router = APIRouter(prefix="/status", tags=["history"], responses=DATA_PROBLEMS)

DEFAULT_WINDOW = timedelta(hours=24)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Change(Frozen):
    """A change of state and its cycle; read from a `StateChange` of the store."""

    id: UUID = Field(validation_alias="key")
    timestamp: UtcDatetime = Field(validation_alias="at")
    cycle: int
    health_state: State = Field(validation_alias="to_state")
    previous_state: State = Field(validation_alias="from_state")
    scale_band: ScaleTier | None = Field(validation_alias="band")
    causes: tuple[Cause, ...]
    summary: str


class Timeline(Frozen):
    """Changes of state in [start, end), oldest first.

    `state_at_start` holds until the first change; unknown when nothing older is stored. In each of
    `gaps` there was no verdict, so the state was unknown. Pass `next_cursor` as `cursor` to get
    the next page; it is null on the last one.
    """

    cluster: str
    start: UtcDatetime
    end: UtcDatetime
    state_at_start: State
    timeline: tuple[Change, ...]
    gaps: tuple[Gap, ...]
    next_cursor: str | None


def _validate_year(value: datetime) -> datetime:
    # Outside these years a change of zone can overflow in Python or PostgreSQL.
    if not EARLIEST <= value <= LATEST:
        raise ValueError("not between the years 2000 and 2100")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_validate_year)]


@router.get("/timeline")
async def timeline(
    *,
    context: AppContext,
    cluster: ClusterName,
    start: Annotated[
        Moment | None, Query(description="ISO 8601 with zone; 24 h before `end` when absent")
    ] = None,
    end: Annotated[Moment | None, Query(description="ISO 8601 with zone; now when absent")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[
        str | None, Query(description="`next_cursor` of the previous page", max_length=200)
    ] = None,
) -> Timeline:
    """Changes of state in [start, end), oldest first, and gaps without a verdict."""
    now = datetime.now(UTC)
    until = end or now
    since = start or max(until - DEFAULT_WINDOW, EARLIEST)
    if since >= until:
        raise _invalid("start", f"must be before end, {until.isoformat()}")
    try:
        page = await context.repository.timeline(cluster, since, until, limit, cursor)
    except ValueError as error:
        raise _invalid("cursor", str(error)) from error
    # The future is not a gap.
    gaps = await context.repository.gaps(
        cluster, since, min(until, now), context.settings.unknown_after_seconds
    )
    return Timeline(
        cluster=cluster,
        start=since,
        end=until,
        state_at_start=page.state_at_start,
        timeline=tuple(
            Change.model_validate(change, from_attributes=True) for change in page.changes
        ),
        gaps=gaps,
        next_cursor=page.next_cursor,
    )


def _invalid(parameter: str, message: str) -> RequestValidationError:
    return RequestValidationError(
        [{"type": "value_error", "loc": ("query", parameter), "msg": message}]
    )
