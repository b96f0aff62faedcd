"""`/clusters`: the state of every cluster, the worst first."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from copilot.api.cluster_health import stale_reason
from copilot.api.cluster_list import ClusterEntry, ClusterList
from copilot.api.dependencies import AppContext, Context
from copilot.api.problems import DATA_PROBLEMS
from copilot.health.decision import State
from copilot.store.records import CyclePoint, StateStart

router = APIRouter(tags=["clusters"], responses=DATA_PROBLEMS)

# A cluster that cannot be seen may be critical.
WORST_FIRST = (State.CRITICAL, State.UNKNOWN, State.STRESSED, State.HAPPY)


@router.get("/clusters")
async def clusters(context: AppContext) -> ClusterList:
    """Every monitored cluster with its state, the worst first."""
    described = await context.clusters.now()
    return ClusterList(
        clusters=await entries(context),
        problems=tuple(problem.text for problem in described.problems),
    )


async def entries(context: Context) -> tuple[ClusterEntry, ...]:
    """All clusters, the worst first. Raises StoreError."""
    names = await context.clusters.names()
    points = await context.repository.last_points(names)
    now, valid_seconds = datetime.now(UTC), context.settings.unknown_after_seconds
    found = []
    for name in names:
        last, start = points.get(name, (None, None))
        hint = await context.clusters.stale_hint(name)
        found.append(_entry(name, last, start, now=now, valid_seconds=valid_seconds, hint=hint))
    return tuple(sorted(found, key=lambda one: (WORST_FIRST.index(one.health_state), one.cluster)))


def _entry(
    cluster: str,
    last: CyclePoint | None,
    start: StateStart | None,
    *,
    now: datetime,
    valid_seconds: float,
    hint: str,
) -> ClusterEntry:
    age = max(0.0, (now - last.at).total_seconds()) if last else None
    stale = age is not None and age > valid_seconds
    state, since, reason = State.UNKNOWN, None, ""
    if last is None or age is None:
        reason = f"no verdict yet; {hint}"
    elif stale:
        since = last.at + timedelta(seconds=valid_seconds)
        if last.state is State.UNKNOWN and start:
            since = start.at
        reason = stale_reason(last.state, age, valid_seconds, hint)
    else:
        state, since = last.state, start.at if start else None
    return ClusterEntry(
        cluster=cluster,
        health_state=state,
        since=since,
        causes=last.causes if last and not stale else (),
        reason=reason,
        timestamp=last.at if last else None,
        data_age_seconds=None if age is None else round(age, 3),
        stale=stale,
    )
