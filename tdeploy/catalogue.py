"""What a stack's program says of itself, without asking Pulumi, Docker or AWS."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from pydantic import ValidationError

from stacks.services import Catalogue
from stacks.settings import (
    ContainerSettings,
    CopilotSettings,
    DevSettings,
    LocalSettings,
    StackSettings,
)
from tdeploy.errors import TdeployError

_MODELS: Mapping[str, type[StackSettings]] = {
    "copilot": CopilotSettings,
    "dev": DevSettings,
    "local": LocalSettings,
}


def plain_settings(profile: str) -> ContainerSettings:
    """The stack's settings where nothing is set."""
    return CopilotSettings() if profile == "copilot" else LocalSettings()


def require_valid(stack: str, values: Mapping[str, str]) -> None:
    """Raise TdeployError where the stack would not take one of these settings."""
    try:
        _MODELS[stack].model_validate(values)
    except ValidationError as error:
        raise TdeployError(f"wrong settings: {'; '.join(problems_of(error))}") from error


def problems_of(error: ValidationError) -> Iterator[str]:
    """Each wrong setting, with its name."""
    for item in error.errors(include_url=False):
        name = ".".join(map(str, item["loc"]))
        what = item["msg"].removeprefix("Value error, ")
        yield f"{name}: {what}" if name else what


def planned(profile: str, settings: ContainerSettings) -> Catalogue:
    """Everything that the stack runs with these settings."""
    # Only this stack's module, because that of the other loads the SDK of AWS.
    catalogue: Catalogue = import_module(f"stacks.{profile}").planned(settings)
    return catalogue
