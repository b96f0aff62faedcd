"""A service's running container."""

from collections.abc import Sequence

import pulumi
import pulumi_docker as docker

from components.container import SharedResources, advice_on_data, create_container
from components.docker_engine import DockerEngineError
from components.readiness import is_started, until_ready
from components.workload import Probe, Service

_START_SECONDS = 30


class ContainerService(pulumi.ComponentResource):
    """A container that is created after `depends_on`.

    `ready` is its container, for `depends_on`; it resolves when the service runs and its probe
    succeeds, whether this run created, started or found it. After the probe's time limit it raises
    pulumi.RunError and logs the service's last lines.
    """

    ready: pulumi.Output[pulumi.Resource]

    def __init__(
        self,
        service: Service,
        shared: SharedResources,
        *,
        depends_on: Sequence[pulumi.Input[pulumi.Resource]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:ContainerService", service.name, None, opts)
        container = create_container(service, shared, parent=self, depends_on=depends_on)
        self.container_id = container.id
        self.ready = container.id.apply(
            lambda identifier: _ready(service, shared, container, identifier)
        )
        self.register_outputs({"container_id": container.id})


async def _ready(
    service: Service, shared: SharedResources, container: docker.Container, identifier: str
) -> pulumi.Resource:
    drift = shared.drift
    if drift is None or pulumi.runtime.is_dry_run():
        return container
    # A faulty container is still here when the run has other targets.
    if identifier in drift.serving or identifier in drift.faulty:
        return container
    seconds = service.health.time_limit if isinstance(service.health, Probe) else _START_SECONDS
    try:
        if identifier in drift.stopped and not await is_started(identifier):
            return container  # for the same reason
        reason = await until_ready(identifier, seconds)
    except DockerEngineError as error:
        raise pulumi.RunError(f"cannot see whether {service.name} is ready: {error}") from error
    if reason is None:
        return container
    # Logged at once: the engine may stop this program before it reports the exception.
    pulumi.log.error(
        f"the service {service.name} is not ready: fix the cause, then run `pulumi up` again"
        f"{advice_on_data([service], shared)}; {reason}"
    )
    raise pulumi.RunError(f"the service {service.name} is not ready; its log is above")
