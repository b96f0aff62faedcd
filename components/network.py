"""The network and the volumes of a stack."""

from collections.abc import Iterable, Mapping

import pulumi
import pulumi_docker as docker

from components.cleanup_hooks import CleanupHooks
from components.docker_engine import STACK_LABEL


class Network(pulumi.ComponentResource):
    """One bridge network, and the volumes of the services on it.

    With `keep_volumes` a destroy leaves the volumes, and the next `up` uses them again.
    """

    name: pulumi.Output[str]
    volumes: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        stack: str,
        volumes: Iterable[str],
        *,
        keep_volumes: bool,
        cleanup_hooks: CleanupHooks,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:Network", stack, None, opts)
        label = {"label": STACK_LABEL, "value": stack}
        network = docker.Network(
            "network",
            name=network_name(stack),
            driver="bridge",
            labels=[docker.NetworkLabelArgs(**label)],
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, hooks=cleanup_hooks.networks
            ),
        )
        self.name = network.name
        self.volumes = {
            name: docker.Volume(
                name,
                name=volume_name(stack, name),
                labels=[docker.VolumeLabelArgs(**label)],
                opts=pulumi.ResourceOptions(
                    parent=self, delete_before_replace=True, retain_on_delete=keep_volumes
                ),
            ).name
            for name in sorted(volumes)
        }
        self.register_outputs({"name": self.name})


def network_name(stack: str) -> str:
    """Name of a stack's network on the engine."""
    return f"copilot-{stack}"


def volume_name(stack: str, name: str) -> str:
    """Name on the engine of a stack's volume."""
    return f"copilot-{stack}-{name}"
