"""Why containers are not well: what to read when a stack does not start."""

from collections.abc import Iterator
from typing import Any

from docker.errors import APIError
from docker.models.containers import Container

import docker

_LOG_LINES = 20
_PROBES = 2


def container_report(client: docker.DockerClient) -> str:
    """State, last health-check outputs and last log lines of each container that is not well."""
    containers = client.containers.list(all=True)
    unwell = [one for one in containers if not _is_well(one.attrs["State"])]
    return "\n".join(line for one in unwell for line in _lines(one)) or "every container is well"


def _is_well(state: dict[str, Any]) -> bool:
    if "Health" in state:
        return bool(state["Health"]["Status"] == "healthy")
    return bool(state["Status"] == "running" or state["ExitCode"] == 0)


def _lines(container: Container) -> Iterator[str]:
    state = container.attrs["State"]
    health = state.get("Health", {})
    yield (
        f"== {container.name}: {state['Status']}, exit code {state['ExitCode']},"
        f" health {health.get('Status', 'not checked')} {state['Error']}"
    )
    for probe in health.get("Log", [])[-_PROBES:]:
        yield f"-- health check ended with {probe['ExitCode']}: {probe['Output'].strip()}"
    try:
        log = container.logs(tail=_LOG_LINES).decode(errors="replace").strip()
    except APIError as error:
        log = f"cannot be read: {error.explanation}"  # of a container that was never started
    yield f"-- log:\n{log}"
