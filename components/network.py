"""The network and the volumes of a stack."""

from collections.abc import Iterable, Mapping

import pulumi
import pulumi_docker as docker

from components.docker_engine import STACK_LABEL
from components.healing import Healing


class Network(pulumi.ComponentResource):
    """One bridge network, and the volumes of the services on it.

    With `keep_volumes` the volumes stay when the stack goes, and the next one finds them again.
    """

    name: pulumi.Output[str]
    volumes: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        stack: str,
        volumes: Iterable[str],
        *,
        keep_volumes: bool,
        healing: Healing,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:Network", stack, None, opts)
        label = {"label": STACK_LABEL, "value": stack}
        network = docker.Network(
            "network",
            name=f"copilot-{stack}",
            driver="bridge",
            labels=[docker.NetworkLabelArgs(**label)],
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, hooks=healing.of_networks
            ),
        )
        self.name = network.name
        self.volumes = {
            name: docker.Volume(
                name,
                name=f"copilot-{stack}-{name}",
                labels=[docker.VolumeLabelArgs(**label)],
                opts=pulumi.ResourceOptions(
                    parent=self, delete_before_replace=True, retain_on_delete=keep_volumes
                ),
            ).name
            for name in sorted(volumes)
        }
        self.register_outputs({"name": self.name})
