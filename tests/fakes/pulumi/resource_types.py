"""The interface of one resource type in a fake provider."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tests.fakes.pulumi.values import Properties


@dataclass(frozen=True)
class Made:
    """An existing resource with its inputs and outputs."""

    identifier: str
    inputs: Properties
    outputs: Properties


@dataclass(frozen=True)
class Difference:
    """Which properties differ, and which of these need a new resource."""

    changed: list[str]
    replacing: list[str]
    delete_first: bool = False


class RefusedError(Exception):
    """The provider refuses; the text is the message for the user."""


class HalfMadeError(RefusedError):
    """The resource was created and then failed: it stays in the state, and is replaced later."""

    def __init__(self, message: str, made: Made) -> None:
        super().__init__(message)
        self.made = made


class ResourceType(ABC):
    """One type; its methods are called from several threads."""

    computed: frozenset[str] = frozenset()
    """Outputs that a preview cannot know."""

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        """The inputs with what the provider adds; an automatic name does not change."""
        del name, old_inputs
        return inputs

    def difference(self, old: Made, inputs: Properties) -> Difference:
        """What an update would change; by default each changed input needs a new resource."""
        changed = sorted(
            key for key in {*old.inputs, *inputs} if old.inputs.get(key) != inputs.get(key)
        )
        return Difference(changed, changed)

    @abstractmethod
    def create(self, name: str, inputs: Properties) -> Made:
        """Raises RefusedError, or HalfMadeError when the resource exists all the same."""

    @abstractmethod
    def read(self, old: Made) -> Made | None:
        """Its current state; None when it is gone."""

    def update(self, old: Made, inputs: Properties) -> Made:
        """Change it in place."""
        del inputs
        raise RefusedError(f"{type(self).__name__} cannot change {old.identifier} in place")

    @abstractmethod
    def delete(self, old: Made) -> None:
        """Raises RefusedError."""
