"""The process itself: is it alive, can it serve, what does it count."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from copilot.api.context import Context, FromContext
from copilot.api.responses import Process, Readiness
from copilot.errors import StoreError

router = APIRouter(tags=["process"])


@router.get("/healthz")
async def healthz() -> Process:
    """The process answers; says nothing of store or cluster."""
    return Process()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready"}})
async def readyz(context: FromContext, response: Response) -> Readiness:
    """The store is readable and migrated, a first verdict was made, and the last cycle is young."""
    reason = await _unready(context)
    response.status_code = 503 if reason else 200
    return Readiness(ready=not reason, reason=reason)


async def _unready(context: Context) -> str:
    """Why this process cannot serve a verdict, empty when it can."""
    try:
        await context.repository.ping()
        found = await context.standing(context.settings.cluster)
    except StoreError as error:
        return str(error)
    if found.record is None or found.verdict.stale:
        return found.verdict.reason
    if found.record.decision.memory.standing is None:
        return f"no first verdict yet: {found.verdict.reason}"
    return ""


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(context: FromContext) -> Response:
    """Prometheus exposition: requests, latency, served state and age of its data."""
    try:
        verdict = (await context.standing(context.settings.cluster)).verdict
    except StoreError:
        verdict = None  # the exposition itself says so: store_up is 0
    context.metrics.verdict(context.settings.cluster, verdict)
    return Response(context.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
