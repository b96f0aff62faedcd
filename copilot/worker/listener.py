"""The worker's HTTP server: liveness, readiness and metrics."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from copilot.worker.health import WorkerHealth


def application(
    health: WorkerHealth,
    registry: CollectorRegistry,
    is_polling: Callable[[], bool],
    wrong_files: Callable[[], Sequence[str]] = tuple,
) -> Starlette:
    """`is_polling` returns whether the Temporal worker runs, `wrong_files` a line for each cluster
    file that cannot be used.
    """

    async def healthz(_: Request) -> Response:
        alive = is_polling()
        return JSONResponse(
            {"alive": alive, "problem": "" if alive else "the Temporal worker does not run"},
            200 if alive else 503,
        )

    async def readyz(_: Request) -> Response:
        problem = health.problem
        return JSONResponse(
            {
                "ready": not problem,
                "problem": problem,
                "temporal": health.temporal_problem or "ok",
                "store": health.store_problem or "ok",
                "wrong_files": wrong_files(),
            },
            503 if problem else 200,
        )

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


class _Server(uvicorn.Server):
    """Leaves signals to the worker, which has more to stop than this server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve `app` on a bound socket while the block runs."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=5,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
