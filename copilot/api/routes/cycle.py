"""The newest cycle: state, prose, gates, services, queues."""

from fastapi import APIRouter

from copilot.api import queues, services, views
from copilot.api.context import Present
from copilot.api.problems import DATA_PROBLEMS
from copilot.api.responses import Gates, Queues, Services, Status, Summary

router = APIRouter(prefix="/status", tags=["cycle"], responses=DATA_PROBLEMS)


@router.get("")
async def status(found: Present) -> Status:
    """State, since when, why, and the primary signals."""
    return views.status(found)


@router.get("/summary")
async def summary(found: Present) -> Summary:
    """The explanation of the newest verdict in a paragraph."""
    return views.summary(found)


@router.get("/gates")
async def gates(found: Present) -> Gates:
    """Every rule as it was applied, with observed value and limit."""
    return views.gates(found)


@router.get("/services")
async def list_services(found: Present) -> Services:
    """Each Temporal role and the persistence, judged by the gates."""
    return services.services(found)


@router.get("/queues")
async def list_queues(found: Present) -> Queues:
    """Each task queue as the server describes it, worst first."""
    return queues.queues(found)
