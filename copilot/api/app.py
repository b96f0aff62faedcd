"""The API and its page, over one store."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from copilot.api.context import Context
from copilot.api.metrics import Metrics
from copilot.api.middleware import EveryAnswer
from copilot.api.newest import Newest
from copilot.api.problems import answer_problems
from copilot.api.routes import actions, assessments, cycle, history, knowledge, process
from copilot.settings import Settings
from copilot.store.repository import Repository

PAGE = Path(__file__).parent / "page"


def create_app(settings: Settings, repository: Repository) -> FastAPI:
    """The application; `repository` stays its caller's to close, after the last request."""
    metrics = Metrics()
    # The interactive documents of FastAPI load scripts from another origin: left out.
    app = FastAPI(title="Temporal SRE Copilot", version="1", docs_url=None, redoc_url=None)
    app.state.context = Context(settings, repository, Newest(repository), metrics)
    for part in (cycle, history, assessments, knowledge, actions, process):
        app.include_router(part.router)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    answer_problems(app)
    app.add_middleware(EveryAnswer, metrics=metrics)
    return app
