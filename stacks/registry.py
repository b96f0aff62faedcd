"""The stacks of this project, listed once.

Importing this loads neither Pulumi nor the SDK of AWS, so that commands can list stacks at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from stacks.settings import (
    ContainerSettings,
    CopilotSettings,
    DevSettings,
    LocalSettings,
    StackSettings,
)
from stacks.watch_settings import WatchSettings


@dataclass(frozen=True)
class StackDefinition:
    """One stack: its settings, what it contains, and the program that declares it."""

    settings: type[StackSettings]
    contents: str
    """One line for documentation."""

    @property
    def name(self) -> str:
        """As `pulumi -s` takes it."""
        return self.settings.stack

    @property
    def program(self) -> ModuleType:
        """The module whose `declare(settings)` declares the stack; loads the SDKs it needs."""
        return import_module(f"stacks.{self.name}")


STACKS: Mapping[str, StackDefinition] = {
    one.name: one
    for one in (
        StackDefinition(
            DevSettings, "the shared Aurora DSQL cluster, which outlives every copilot stack"
        ),
        StackDefinition(
            CopilotSettings, "every container on this machine, with stores and knowledge in AWS"
        ),
        StackDefinition(LocalSettings, "the same containers without an AWS account"),
        StackDefinition(
            WatchSettings, "the Copilot alone, beside a cluster and a metrics store that exist"
        ),
    )
}
CONTAINER_STACKS: Mapping[str, type[ContainerSettings]] = {
    name: one.settings
    for name, one in STACKS.items()
    if issubclass(one.settings, ContainerSettings)
}
"""Settings of the stacks that run containers, by name."""
