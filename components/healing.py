"""What an interrupted `up` left behind, removed before the same thing is made again.

Names are fixed, so what the engine made but Pulumi did not get to remember would be in the way of
every further `up`.
"""

from dataclasses import dataclass

import pulumi

from components import docker_engine


@dataclass(frozen=True)
class Healing:
    """Hooks to give to resources; one set a program run."""

    of_containers: pulumi.ResourceHookBinding
    of_networks: pulumi.ResourceHookBinding

    @classmethod
    def of_stack(cls, stack: str) -> "Healing":
        """Register the hooks for the stack's own containers and network."""

        def container(arguments: pulumi.ResourceHookArgs) -> None:
            docker_engine.remove_left_behind(_name(arguments), stack)

        def network(arguments: pulumi.ResourceHookArgs) -> None:
            docker_engine.remove_left_behind_network(_name(arguments), stack)

        return cls(
            of_containers=pulumi.ResourceHookBinding(
                before_create=[pulumi.ResourceHook("remove-left-behind-container", container)]
            ),
            of_networks=pulumi.ResourceHookBinding(
                before_create=[pulumi.ResourceHook("remove-left-behind-network", network)]
            ),
        )


def _name(arguments: pulumi.ResourceHookArgs) -> str:
    return str((arguments.new_inputs or {})["name"])
