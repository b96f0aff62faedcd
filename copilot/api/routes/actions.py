"""Carrying out a recommended action: not done here, and said so."""

from fastapi import APIRouter, Response

from copilot.api.responses import Problem

router = APIRouter(tags=["actions"])

NOT_IMPLEMENTED: dict[int | str, dict[str, object]] = {
    501: {"model": Problem, "description": "The Copilot carries out nothing"}
}


@router.post("/actions", status_code=501, responses=NOT_IMPLEMENTED)
async def actions(response: Response) -> Problem:
    """Always 501: people act, the Copilot advises."""
    response.status_code = 501
    return Problem(
        error="not_implemented",
        reason="the Copilot recommends actions and carries out none: do it by hand",
    )
