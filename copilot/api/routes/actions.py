"""`POST /actions`: refused, because the Copilot only advises."""

from fastapi import APIRouter, Response

from copilot.api.problems import Problem

router = APIRouter(tags=["actions"])

NOT_IMPLEMENTED: dict[int | str, dict[str, object]] = {
    501: {"model": Problem, "description": "The Copilot carries out nothing"}
}


@router.post("/actions", status_code=501, responses=NOT_IMPLEMENTED)
async def actions(response: Response) -> Problem:
    """Always 501: the Copilot advises, people act."""
    response.status_code = 501
    return Problem(
        error="not_implemented", reason="the Copilot does not carry out actions; do it by hand"
    )
