"""A workload of the catalogue as the arguments of a Docker container.

Every list is sorted and every value written as the engine reads it back, so that a refresh and a
second `up` see no difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.docker_engine import CLUSTER_LABEL, SERVICE_LABEL, STACK_LABEL
from components.healing import Healing
from components.service import Mount, Probe, Service, Text, Workload

_LOG_OPTIONS = {"max-file": "3", "max-size": "10m"}


@dataclass(frozen=True)
class Surroundings:
    """What all containers of one stack share."""

    stack: str
    network: Text
    volumes: Mapping[str, Text]
    images: Mapping[str, Text]
    """Id of each image, by key."""
    healing: Healing

    def container_name(self, workload: str) -> str:
        """Name of the container, which differs from stack to stack."""
        return f"{self.stack}-{workload}"


def make_container(
    workload: Workload,
    around: Surroundings,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Input[pulumi.Resource]],
    labels: Mapping[str, Text] | None = None,
) -> docker.Container:
    """The container of a service, which is waited for, or of a job, which runs to its end."""
    service = workload if isinstance(workload, Service) else None
    every_label = {
        SERVICE_LABEL: workload.name,
        STACK_LABEL: around.stack,
        **({CLUSTER_LABEL: service.cluster} if service and service.cluster else {}),
        **(labels or {}),
    }
    return docker.Container(
        workload.name,
        name=around.container_name(workload.name),
        hostname=workload.name,
        image=around.images[workload.image],
        entrypoints=list(workload.entrypoint) or None,
        command=list(workload.command) or None,
        envs=[_assignment(key, value) for key, value in sorted(workload.environment.items())]
        or None,
        user=workload.user,
        labels=[
            docker.ContainerLabelArgs(label=key, value=value)
            for key, value in sorted(every_label.items())
        ],
        uploads=[
            docker.ContainerUploadArgs(file=file.path, content=file.content)
            for file in sorted(workload.files, key=lambda file: file.path)
        ]
        or None,
        volumes=[
            _volume(mount, around) for mount in sorted(workload.mounts, key=lambda one: one.target)
        ]
        or None,
        # Without it the engine's default mode is read back, as a difference that replaces.
        network_mode="bridge",
        networks_advanced=[
            docker.ContainerNetworksAdvancedArgs(name=around.network, aliases=[workload.name])
        ],
        memory=workload.memory_mb,
        # Unset, it is read back as twice the memory; equal means no swap.
        memory_swap=workload.memory_mb,
        log_driver="json-file",
        log_opts=_LOG_OPTIONS,
        restart="unless-stopped" if service else "no",
        must_run=service is not None,
        **(_service_arguments(service) if service else {"attach": True, "logs": True}),
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=depends_on,
            # The name and the ports are fixed: two cannot be there at once.
            delete_before_replace=True,
            # The provider reports it as updated, but the running container keeps the old one.
            replace_on_changes=["healthcheck"],
            hooks=around.healing.of_containers,
        ),
    )


def _service_arguments(service: Service) -> dict[str, object]:
    arguments: dict[str, object] = {}
    if service.stop_seconds:
        arguments["destroy_grace_seconds"] = service.stop_seconds
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
    if service.reaches_host:
        arguments["hosts"] = [
            docker.ContainerHostArgs(host="host.docker.internal", ip="host-gateway")
        ]
    if service.ulimits:
        arguments["ulimits"] = [
            docker.ContainerUlimitArgs(name=name, soft=limit, hard=limit)
            for name, limit in sorted(service.ulimits.items())
        ]
    if isinstance(service.health, Probe):
        arguments["healthcheck"] = _health_check(service.health)
        arguments["wait"] = True
        arguments["wait_timeout"] = service.health.time_limit
    return arguments


def _health_check(probe: Probe) -> docker.ContainerHealthcheckArgs:
    shell = probe.command[0] == "CMD-SHELL"
    return docker.ContainerHealthcheckArgs(
        tests=list(probe.command) if shell else ["CMD", *probe.command],
        interval=go_duration(probe.interval),
        timeout=go_duration(probe.timeout),
        retries=probe.retries,
        start_period=go_duration(probe.start_period),
    )


def go_duration(seconds: int) -> str:
    """Whole seconds as the engine writes them: 90 is 1m30s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _assignment(key: str, value: Text) -> Text:
    return f"{key}={value}" if isinstance(value, str) else pulumi.Output.concat(key, "=", value)


def _volume(mount: Mount, around: Surroundings) -> docker.ContainerVolumeArgs:
    if mount.volume:
        return docker.ContainerVolumeArgs(
            container_path=mount.target, volume_name=around.volumes[mount.volume]
        )
    return docker.ContainerVolumeArgs(
        container_path=mount.target,
        host_path=mount.folder,
        # Unset, as the engine reads back what can be written.
        read_only=None if mount.writable else True,
    )
