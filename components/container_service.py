"""A service of the catalogue, running."""

from collections.abc import Sequence

import pulumi
import pulumi_docker as docker

from components.container import Surroundings, make_container
from components.service import Service


class ContainerService(pulumi.ComponentResource):
    """A container that runs; made only when what it needs is there.

    A service with a probe counts as made when the probe succeeds, or fails after its time limit.
    """

    container: docker.Container

    def __init__(
        self,
        service: Service,
        around: Surroundings,
        *,
        depends_on: Sequence[pulumi.Input[pulumi.Resource]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:ContainerService", service.name, None, opts)
        self.container = make_container(service, around, parent=self, depends_on=depends_on)
        self.register_outputs({"container_id": self.container.id})
