"""Every failure as JSON with one line of reason, never a traceback."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from copilot.api.responses import Problem, StoreProblem
from copilot.errors import StoreError

# Said in the OpenAPI document by each data route.
WRONG_PARAMETER: dict[int | str, dict[str, object]] = {
    422: {"model": Problem, "description": "A parameter is wrong"},
}
DATA_PROBLEMS: dict[int | str, dict[str, object]] = {
    **WRONG_PARAMETER,
    503: {"model": StoreProblem, "description": "The store cannot be read"},
}


def answer_problems(app: FastAPI) -> None:
    """Give `app` an answer for each kind of failure."""
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)


def _answer(status: int, problem: Problem) -> JSONResponse:
    return JSONResponse(problem.model_dump(mode="json"), status)


async def _store(_: Request, error: Exception) -> JSONResponse:
    return _answer(503, StoreProblem(error="store_unavailable", reason=str(error)))


async def _validation(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [f"{item['loc'][-1]}: {item['msg']}" for item in error.errors()]
    return _answer(422, Problem(error="wrong_parameter", reason="; ".join(found)))


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path
    reasons = {404: f"there is no {path}; /openapi.json lists what there is"}
    reason = reasons.get(error.status_code, str(error.detail))
    name = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    answer = _answer(error.status_code, Problem(error=name, reason=reason))
    answer.headers.update(error.headers or {})
    return answer


async def _defect(_: Request, error: Exception) -> JSONResponse:
    # The server logs the traceback; a caller gets the kind of failure only.
    reason = f"the API failed with {type(error).__name__}; its log says more"
    return _answer(500, Problem(error="internal_error", reason=reason))
