"""`/healthz`, `/readyz` and `/metrics`: the API's own process."""

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from copilot.api.dependencies import AppContext, Context
from copilot.errors import StoreError
from copilot.signals.snapshot import Frozen

router = APIRouter(tags=["process"])


class Process(Frozen):
    status: Literal["ok"] = "ok"


class Readiness(Frozen):
    """`reason` is empty when ready."""

    ready: bool
    reason: str = ""


@router.get("/healthz")
async def healthz() -> Process:
    """The process responds; independent of store and cluster."""
    return Process()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready"}})
async def readyz(context: AppContext, response: Response) -> Readiness:
    """Ready: the store is readable and migrated, there is a first verdict, the last is not old."""
    reason = await _unready_reason(context)
    response.status_code = 503 if reason else 200
    return Readiness(ready=not reason, reason=reason)


async def _unready_reason(context: Context) -> str:
    """Why this process cannot serve a verdict, empty when it can."""
    try:
        await context.repository.ping()
        health = await context.health(context.settings.cluster)
    except StoreError as error:
        return str(error)
    if health.record is None or health.verdict.stale:
        return health.verdict.reason
    if health.record.decision.memory.standing is None:
        return f"no first verdict yet: {health.verdict.reason}"
    return ""


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(context: AppContext) -> Response:
    """Prometheus exposition: requests, latency, reported state and age of the last verdict."""
    try:
        verdict = (await context.health(context.settings.cluster)).verdict
    except StoreError:
        verdict = None  # copilot_api_store_up is 0 then
    context.metrics.set_verdict(context.settings.cluster, verdict)
    return Response(context.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
