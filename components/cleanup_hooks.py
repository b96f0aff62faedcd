"""Hooks that remove what an interrupted `up` left, before the same thing is created again.

Names are fixed, so that a container or network that the engine created and Pulumi did not record
would make every further `up` fail.
"""

from dataclasses import dataclass

import pulumi

from components import docker_engine


@dataclass(frozen=True)
class CleanupHooks:
    """Hooks for the options of resources; one set for each run of the program."""

    containers: pulumi.ResourceHookBinding
    networks: pulumi.ResourceHookBinding

    @classmethod
    def for_stack(cls, stack: str) -> "CleanupHooks":
        """Register the hooks, which touch containers and networks of this stack only."""

        def container(arguments: pulumi.ResourceHookArgs) -> None:
            docker_engine.remove_leftover_container(_name(arguments), stack)

        def network(arguments: pulumi.ResourceHookArgs) -> None:
            docker_engine.remove_leftover_network(_name(arguments), stack)

        return cls(
            containers=pulumi.ResourceHookBinding(
                before_create=[pulumi.ResourceHook("remove-left-behind-container", container)]
            ),
            networks=pulumi.ResourceHookBinding(
                before_create=[pulumi.ResourceHook("remove-left-behind-network", network)]
            ),
        )


def _name(arguments: pulumi.ResourceHookArgs) -> str:
    return str((arguments.new_inputs or {})["name"])
