"""What a stand-in knows of one type of resource."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tests.engine.values import Properties


@dataclass(frozen=True)
class Made:
    """A resource that stands: what was asked for, and what the provider says of it."""

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
    """The provider cannot do it; the text is what the user reads."""


class HalfMadeError(RefusedError):
    """The resource was made and then failed: it stays in the state and is replaced next time."""

    def __init__(self, message: str, made: Made) -> None:
        super().__init__(message)
        self.made = made


class ResourceType(ABC):
    """One type; its methods are called from several threads."""

    computed: frozenset[str] = frozenset()
    """Outputs that a preview cannot know."""

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        """The inputs with what the provider adds; an automatic name stays the one of before."""
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
        """Raises RefusedError, or HalfMadeError when something was left standing."""

    @abstractmethod
    def read(self, old: Made) -> Made | None:
        """How it stands now; None when it is gone."""

    def update(self, old: Made, inputs: Properties) -> Made:
        """Change it in place."""
        del inputs
        raise RefusedError(f"{type(self).__name__} cannot change {old.identifier} in place")

    @abstractmethod
    def delete(self, old: Made) -> None:
        """Raises RefusedError."""
