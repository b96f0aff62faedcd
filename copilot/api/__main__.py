"""`python -m copilot.api`: serve the API and the page until SIGTERM or SIGINT."""

import signal
import sys
from types import FrameType

import uvicorn

from copilot.api.app import create_app
from copilot.process import listening_socket, run
from copilot.settings import Settings
from copilot.store.location import locate_store
from copilot.store.repository import Repository

# Requests take milliseconds; a page that keeps its connection must not delay the end.
GRACE_SECONDS = 2


async def serve(settings: Settings) -> None:
    """Serve until a signal. Raises PortError for a taken port, StoreError for an invalid URL."""
    listener = listening_socket(settings.api_host, settings.api_port)
    async with Repository.open(locate_store(settings)) as repository:
        app = create_app(settings, repository)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                lifespan="off",
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        # uvicorn raises the signal again after it stopped; exit with 0 then.
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, _stop)
        await server.serve(sockets=[listener])


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(run(serve))
