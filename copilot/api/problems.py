"""Error responses: JSON with one line of reason, never a traceback."""

from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from copilot.errors import StoreError
from copilot.health.decision import State
from copilot.signals.reading import Frozen


class Problem(Frozen):
    """Why a request failed; `reason` is one line that says what to do."""

    error: str
    reason: str


class StoreProblem(Problem):
    """The store cannot be read, so the state is unknown."""

    health_state: Literal[State.UNKNOWN] = State.UNKNOWN


# Error responses in the OpenAPI document.
WRONG_PARAMETER: dict[int | str, dict[str, object]] = {
    422: {"model": Problem, "description": "A parameter is wrong"},
}
DATA_PROBLEMS: dict[int | str, dict[str, object]] = {
    **WRONG_PARAMETER,
    503: {"model": StoreProblem, "description": "The store cannot be read"},
}


def add_problem_handlers(app: FastAPI) -> None:
    """Register a handler for each kind of failure."""

    @app.exception_handler(StoreError)
    async def store(_: Request, error: StoreError) -> JSONResponse:
        return _respond(503, StoreProblem(error="store_unavailable", reason=str(error)))

    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> JSONResponse:
        messages = [f"{item['loc'][-1]}: {item['msg']}" for item in error.errors()]
        return _respond(422, Problem(error="wrong_parameter", reason="; ".join(messages)))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        path = request.url.path
        reasons = {404: f"no route {path}; see /openapi.json"}
        reason = reasons.get(error.status_code, str(error.detail))
        name = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
        response = _respond(error.status_code, Problem(error=name, reason=reason))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def internal(_: Request, error: Exception) -> JSONResponse:
        # The traceback is in the server's log only.
        reason = f"the API failed with {type(error).__name__}; see its log"
        return _respond(500, Problem(error="internal_error", reason=reason))


def _respond(status: int, problem: Problem) -> JSONResponse:
    return JSONResponse(problem.model_dump(mode="json"), status)
