"""Containers of a stack that do not serve and whose fault the provider does not read back.

The provider never reads networks, takes a paused or unhealthy service for a running one, and
finds no fault in a job that failed. A label with the id of the faulty container replaces it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from components.docker_engine import SERVICE_LABEL, STACK_LABEL, docker_client, is_job
from components.readiness import is_serving, is_unhealthy

REPLACES_LABEL = "io.copilot.replaces"
_ID_LENGTH = 12


@dataclass(frozen=True)
class Drift:
    """The faults of a stack's containers before a run."""

    replaces: Mapping[str, str] = field(default_factory=dict)
    """By workload, the id of the faulty container that its container replaces.

    The faulty container is the current one, or an earlier one that the current one has replaced.
    """
    serving: frozenset[str] = frozenset()
    """Ids of the services without a fault that run and pass their health checks."""
    faulty: frozenset[str] = frozenset()
    """Ids of the containers that are replaced, unless the run has other targets."""
    stopped: frozenset[str] = frozenset()
    """Ids of the other services that do not run; the provider starts or replaces them."""


def find_drift(stack: str, network: str, awaited: Mapping[str, str] | None = None) -> Drift:
    """The faults of the stack's containers, which should be on this network.

    `awaited` names the service that a job awaits, by job: the job has to run again when the service
    does not run, or was started after the job's end. Raises DockerEngineError.
    """
    with docker_client() as client:
        label = {"label": f"{STACK_LABEL}={stack}"}
        listed = client.api.containers(all=True, filters=label)
        found = [client.api.inspect_container(one["Id"]) for one in listed]
        networks = client.api.networks(names=[network])
    network_id = next((str(one["Id"]) for one in networks if one["Name"] == network), "")
    containers = {one["Config"]["Labels"].get(SERVICE_LABEL, ""): one for one in found}
    faulty = {
        *_failed_jobs(containers),
        *_faulty_services(containers, network, network_id),
        *_outdated_waits(containers, awaited or {}),
    }
    return Drift(
        replaces={
            name: replaced
            for name, one in containers.items()
            if (replaced := _id(one) if name in faulty else _label(one))
        },
        serving=_ids(
            one
            for name, one in containers.items()
            if not is_job(one) and name not in faulty and is_serving(one["State"])
        ),
        faulty=_ids(containers[name] for name in faulty),
        stopped=_ids(
            one
            for name, one in containers.items()
            if not is_job(one) and name not in faulty and not one["State"]["Running"]
        ),
    )


def _ids(containers: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(one["Id"]) for one in containers)


def _failed_jobs(containers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, one in containers.items():
        if is_job(one) and not one["State"]["Running"] and one["State"]["ExitCode"] != 0:
            yield name


def _faulty_services(
    containers: Mapping[str, Mapping[str, Any]], network: str, network_id: str
) -> Iterator[str]:
    for name, one in containers.items():
        if is_job(one):
            continue
        state = one["State"]
        endpoint = (one["NetworkSettings"]["Networks"] or {}).get(network) or {}
        is_attached = (
            # A network of the same name that was created later is another one.
            endpoint.get("NetworkID") == network_id and name in (endpoint.get("Aliases") or ())
        )
        stands_still = state.get("Paused") or state.get("Restarting") or state.get("Dead")
        if not is_attached or stands_still or is_unhealthy(state):
            yield name


def _outdated_waits(
    containers: Mapping[str, Mapping[str, Any]], awaited: Mapping[str, str]
) -> Iterator[str]:
    for job, service in awaited.items():
        if job in containers and service in containers:
            state = containers[service]["State"]
            ended = datetime.fromisoformat(containers[job]["State"]["FinishedAt"])
            if not state["Running"] or datetime.fromisoformat(state["StartedAt"]) > ended:
                yield job


def _id(container: Mapping[str, Any]) -> str:
    return str(container["Id"])[:_ID_LENGTH]


def _label(container: Mapping[str, Any]) -> str:
    return str(container["Config"]["Labels"].get(REPLACES_LABEL, ""))
