"""Waits for services: the provider waits only for containers that it creates, and gives no reason.

The engine runs the health checks; this reads their results.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import docker
from components.docker_engine import docker_client

_POLL_SECONDS = 0.3
_LAST_LINES = 20
_CHECK_CHARACTERS = 200
# Not the loop's own threads, each of which waits for a resource that the engine creates.
_THREADS = ThreadPoolExecutor(4, thread_name_prefix="readiness")
T = TypeVar("T")


async def until_ready(identifier: str, seconds: float) -> str | None:
    """Wait until a container runs and its health check, if it has one, succeeds.

    Returns why it is not ready after `seconds`, with its last log lines; None when it is ready.
    Raises DockerEngineError.
    """
    end = time.monotonic() + seconds
    with docker_client() as client:
        while True:
            state = await _in_thread(partial(_state, client, identifier))
            if is_serving(state):
                return None
            if _health(state) == "unhealthy" or time.monotonic() >= end:
                return _reason(state, await _in_thread(partial(_log, client, identifier)))
            await asyncio.sleep(_POLL_SECONDS)


async def is_started(identifier: str) -> bool:
    """Whether a container is not stopped. Raises DockerEngineError."""
    with docker_client() as client:
        state = await _in_thread(partial(_state, client, identifier))
    return bool(state["Status"] != "exited")


def is_serving(state: Mapping[str, Any]) -> bool:
    """Whether a container with this state runs and passes its health check, if it has one."""
    stands_still = state.get("Paused") or state.get("Restarting")
    return bool(state["Running"] and not stands_still) and _health(state) in {"", "none", "healthy"}


def is_unhealthy(state: Mapping[str, Any]) -> bool:
    """Whether the health check of a running container has failed too often."""
    return bool(state["Running"]) and _health(state) == "unhealthy"


async def _in_thread(request: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, request)


def _health(state: Mapping[str, Any]) -> str:
    return str((state.get("Health") or {}).get("Status", ""))


def _state(client: docker.DockerClient, identifier: str) -> Mapping[str, Any]:
    state: Mapping[str, Any] = client.api.inspect_container(identifier)["State"]
    return state


def _log(client: docker.DockerClient, identifier: str) -> str:
    return client.api.logs(identifier, tail=_LAST_LINES).decode(errors="replace")


def _reason(state: Mapping[str, Any], log: str) -> str:
    status = f"it is {_health(state) or state['Status']}"
    if not state["Running"] or state.get("Restarting"):
        status = f"it ended with exit code {state['ExitCode']}"
    checks = (state.get("Health") or {}).get("Log") or ()
    output = checks[-1]["Output"].strip().replace("\n", "; ")[:_CHECK_CHARACTERS] if checks else ""
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    last = "\n  ".join(["its last lines:", *lines]) if lines else "its log is empty"
    return f"{status}{f' (health check: {output})' if output else ''}; {last}"
