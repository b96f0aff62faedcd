"""The FastAPI application: the API and its page, on one store."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from copilot.api.clusters import DescribedClusters
from copilot.api.dependencies import Context
from copilot.api.latest_cycle import LatestCycleCache
from copilot.api.metrics import Metrics
from copilot.api.middleware import HeadersAndMetrics
from copilot.api.problems import add_problem_handlers
from copilot.api.routes import (
    actions,
    assessments,
    gates,
    issues,
    knowledge,
    process,
    queues,
    role_statuses,
    spend,
    status,
    summary,
    timeline,
)
from copilot.api.routes import (
    clusters as list_of_clusters,
)
from copilot.clusters.configured import configured_clusters
from copilot.settings import Settings
from copilot.store.repository import Repository

PAGE = Path(__file__).parent / "page"
ROUTES = (
    list_of_clusters,
    status,
    summary,
    gates,
    role_statuses,
    queues,
    issues,
    timeline,
    assessments,
    spend,
    knowledge,
    actions,
    process,
)


def create_app(settings: Settings, repository: Repository) -> FastAPI:
    """The application. The caller closes `repository`, after the last request."""
    metrics = Metrics()
    # FastAPI's interactive documents would load scripts from another origin.
    app = FastAPI(title="Temporal SRE Copilot", version="1", docs_url=None, redoc_url=None)
    clusters = DescribedClusters(configured_clusters(settings))
    app.state.context = Context(
        settings, repository, LatestCycleCache(repository), metrics, clusters
    )
    for route in ROUTES:
        app.include_router(route.router)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    add_problem_handlers(app)
    app.add_middleware(HeadersAndMetrics, metrics=metrics)
    return app
