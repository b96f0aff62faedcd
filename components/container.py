"""A service or a job as a Docker container.

Lists are sorted and values have the form in which the engine returns them, so that a refresh and a
second `up` find no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.cleanup_hooks import CleanupHooks
from components.docker_engine import CLUSTER_LABEL, SERVICE_LABEL, STACK_LABEL
from components.drift import REPLACES_LABEL, Drift
from components.health_check import health_check
from components.inputs import StringInput, to_deploy
from components.network import volume_name
from components.workload import Mount, Probe, Service, Workload

HOST_NAME = "host.docker.internal"
"""This machine, for containers that reach it."""
_LOG_OPTIONS = {"max-file": "3", "max-size": "10m"}


@dataclass(frozen=True)
class SharedResources:
    """The resources that all containers of one stack use."""

    stack: str
    network: pulumi.Input[str]
    volumes: Mapping[str, pulumi.Input[str]]
    images: Mapping[str, pulumi.Input[str]]
    """Id of each image, by key."""
    cleanup_hooks: CleanupHooks
    drift: Drift | None
    """Faults to repair; None in a run that leaves the containers alone."""

    def container_name(self, workload: str) -> str:
        """Name of a workload's container, which is unique on the machine."""
        return f"{self.stack}-{workload}"


def advice_on_data(services: Iterable[Service], shared: SharedResources) -> str:
    """What to do about data that services created half, "" for services without volumes."""
    stores = [(one, [mount.volume for mount in one.mounts if mount.volume]) for one in services]
    return "".join(
        f"; if {store.name} was stopped while it created its data for the first time, delete them:"
        f" `docker rm -f {shared.container_name(store.name)}`, then `docker volume rm"
        f" {' '.join(volume_name(shared.stack, one) for one in volumes)}`"
        for store, volumes in stores
        if volumes
    )


def create_container(
    workload: Workload,
    shared: SharedResources,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Input[pulumi.Resource]],
    labels: Mapping[str, pulumi.Input[str]] | None = None,
) -> docker.Container:
    """The container of a service, or of a job, which Pulumi runs to its end."""
    service = workload if isinstance(workload, Service) else None
    every_label: dict[str, pulumi.Input[str]] = {
        SERVICE_LABEL: workload.name,
        STACK_LABEL: shared.stack,
        **({CLUSTER_LABEL: service.cluster} if service and service.cluster else {}),
        **(labels or {}),
    }
    if shared.drift and workload.name in shared.drift.replaces:
        # A new value of a label replaces the container.
        every_label[REPLACES_LABEL] = shared.drift.replaces[workload.name]
    return docker.Container(
        workload.name,
        name=shared.container_name(workload.name),
        hostname=workload.name,
        image=shared.images[workload.image],
        entrypoints=list(workload.entrypoint) or None,
        command=[to_deploy(word) for word in workload.command] or None,
        envs=[_assignment(key, value) for key, value in sorted(workload.environment.items())]
        or None,
        user=workload.user,
        labels=[
            docker.ContainerLabelArgs(label=key, value=value)
            for key, value in sorted(every_label.items())
        ],
        uploads=[
            docker.ContainerUploadArgs(file=file.path, content=to_deploy(file.content))
            for file in sorted(workload.files, key=lambda file: file.path)
        ]
        or None,
        volumes=[
            _volume(mount, shared) for mount in sorted(workload.mounts, key=lambda one: one.target)
        ]
        or None,
        hosts=[docker.ContainerHostArgs(host=HOST_NAME, ip="host-gateway")]
        if workload.reaches_host
        else None,
        # Unset, a refresh finds the engine's default, a difference that replaces the container.
        network_mode="bridge",
        networks_advanced=[
            docker.ContainerNetworksAdvancedArgs(name=shared.network, aliases=[workload.name])
        ],
        memory=workload.memory_mb,
        # Unset, a refresh finds twice the memory. Equal to the memory means no swap.
        memory_swap=workload.memory_mb,
        log_driver="json-file",
        log_opts=_LOG_OPTIONS,
        restart="unless-stopped" if service else "no",
        must_run=service is not None,
        **(_service_arguments(service) if service else {"attach": True, "logs": True}),
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=depends_on,
            # Two containers cannot have the same name and ports.
            delete_before_replace=True,
            # The provider reports an update, but the running container keeps the old check.
            replace_on_changes=["healthcheck"],
            hooks=shared.cleanup_hooks.containers,
        ),
    )


def _service_arguments(service: Service) -> dict[str, object]:
    arguments: dict[str, object] = {
        # The provider's own time, and that of the engine, for everybody else who stops it.
        "destroy_grace_seconds": service.stop_seconds,
        "stop_timeout": service.stop_seconds,
    }
    if service.ports:
        arguments["ports"] = [
            docker.ContainerPortArgs(
                internal=port.container, external=port.host, ip="127.0.0.1", protocol="tcp"
            )
            for port in sorted(service.ports, key=lambda one: one.container)
        ]
    if service.capabilities:
        arguments["capabilities"] = docker.ContainerCapabilitiesArgs(
            adds=sorted(service.capabilities)
        )
    if service.ulimits:
        arguments["ulimits"] = [
            docker.ContainerUlimitArgs(name=name, soft=limit, hard=limit)
            for name, limit in sorted(service.ulimits.items())
        ]
    if isinstance(service.health, Probe):
        arguments["healthcheck"] = health_check(service.health)
    return arguments


def _assignment(key: str, value: StringInput) -> pulumi.Input[str]:
    known = to_deploy(value)
    return f"{key}={known}" if isinstance(known, str) else pulumi.Output.concat(key, "=", known)


def _volume(mount: Mount, shared: SharedResources) -> docker.ContainerVolumeArgs:
    if mount.volume:
        return docker.ContainerVolumeArgs(
            container_path=mount.target, volume_name=shared.volumes[mount.volume]
        )
    return docker.ContainerVolumeArgs(
        container_path=mount.target,
        host_path=mount.folder,
        # Unset for a writable folder, which is how the engine returns it.
        read_only=None if mount.writable else True,
    )
