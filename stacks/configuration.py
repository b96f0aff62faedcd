"""Pulumi's configuration of the current stack: its settings and its secrets."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import ValidationError

from stacks.catalogue.by_stack import fullest_catalogue
from stacks.settings import ContainerSettings, OverridableNames, StackSettings, problems
from stacks.watch_settings import ACCESS_SECRETS
from stacks.workspace import state_files

S = TypeVar("S", bound=StackSettings)


def load(model: type[S]) -> S:
    """The settings. Raises pulumi.RunError with every problem."""
    project = pulumi.get_project()
    values, found = _values(project, model)
    try:
        settings = model.model_validate(values, context=_overridable_names(model))
    except ValidationError as error:
        settings = None
        found += [f"{project}:{problem}" for problem in problems(error, model)]
    if settings is None or found:
        raise pulumi.RunError("wrong settings:\n  " + "\n  ".join(sorted(found)))
    return settings


def database_password() -> pulumi.Output[str]:
    """PostgreSQL's password: the secret `database_password`, or a random one beside the state.

    A destroy drops the volume that it opens together with the state.
    """
    configured = pulumi.Config().get_secret("database_password")
    if configured is not None:
        return configured
    return pulumi.Output.secret(state_files.secret("database-password"))


def grafana_password() -> pulumi.Output[str]:
    """Grafana's password: the secret `grafana_password`, or admin, as it serves 127.0.0.1 only."""
    configured = pulumi.Config().get_secret("grafana_password")
    return configured or pulumi.Output.secret("admin")


def access_secrets() -> dict[str, pulumi.Output[str]]:
    """The secrets of access to a watched cluster that are set, by their key."""
    found = {key: pulumi.Config().get_secret(key) for key in ACCESS_SECRETS}
    return {key: value for key, value in found.items() if value is not None}


def parsed(text: str) -> object:
    """The list or object in a setting's text; any other text unchanged, for the model to check."""
    if text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value


def _overridable_names(model: type[StackSettings]) -> OverridableNames | None:
    if not issubclass(model, ContainerSettings):
        return None
    return fullest_catalogue(model).overridable


def _values(project: str, model: type[StackSettings]) -> tuple[dict[str, Any], list[str]]:
    """The values of settings, and the secrets that are in clear text."""
    values: dict[str, Any] = {}
    problems = []
    for key, text in _all_values(project).items():
        if key not in model.secrets:
            values[key] = parsed(text)
        elif not raw_config.is_config_secret(f"{project}:{key}"):
            problems.append(
                f"{project}:{key}: must not be in clear text, set it again with"
                f" `pulumi config set -s {pulumi.get_stack()} --secret {key}`"
            )
    return values, problems


def _all_values(project: str) -> Mapping[str, str]:
    every = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    prefix = f"{project}:"
    return {key.removeprefix(prefix): every[key] for key in every if key.startswith(prefix)}
