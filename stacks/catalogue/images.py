"""The images of containers: pinned public ones, and those that the stack builds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components import docker_engine
from components.images import Build
from stacks.catalogue.files import DOCKER, ROOT
from stacks.catalogue.outside import build_arguments
from stacks.settings import ContainerSettings, CopilotSettings
from stacks.workspace import state_files

PUBLIC: Mapping[str, str] = {
    "admin_tools": "temporalio/admin-tools:1.31.0",
    "alloy": "grafana/alloy:v1.15.0",
    "alpine": "alpine:3.22",
    "elasticsearch": "elasticsearch:8.11.0",
    "golang": "golang:1.25-alpine",
    "grafana": "grafana/grafana:12.4.2",
    "loki": "grafana/loki:3.6.7",
    "mimir": "grafana/mimir:3.0.5",
    "postgres": "postgres:17",
    "python": "python:3.13-slim",
    "temporal_server": "temporalio/server:1.31.0",
    "temporal_ui": "temporalio/ui:2.49.1",
}
BUILT: Mapping[str, str] = {
    "copilot": "temporal-sre-copilot:dev",
    "temporal_dsql": "temporal-dsql-runtime:test",
}
BASES: Mapping[str, tuple[str, ...]] = {
    "copilot": ("python",),
    "temporal_dsql": ("alpine", "golang"),
}
"""The public images that a built one starts from; settings can override them too."""


def image_name(key: str, overrides: Mapping[str, str]) -> str:
    """Name of the image with this key."""
    return BUILT[key] if key in BUILT else overrides.get(key, PUBLIC[key])


def builds_for(settings: ContainerSettings) -> dict[str, Build]:
    """The images that a stack with these settings builds, by key.

    The Copilot's image is built from this repository, that of a Temporal server on Aurora DSQL from
    a checkout of the fork, where the settings name one.
    """
    builds = {"copilot": _build("copilot", ROOT, DOCKER / "copilot" / "Dockerfile", settings)}
    if isinstance(settings, CopilotSettings) and settings.temporal_source:
        dockerfile = DOCKER / "temporal" / "Dockerfile"
        build = _build("temporal_dsql", settings.temporal_source, dockerfile, settings)
        builds["temporal_dsql"] = replace(build, architecture=settings.temporal_arch)
    return builds


def _build(key: str, context: Path, dockerfile: Path, settings: ContainerSettings) -> Build:
    return Build(
        name=BUILT[key],
        context=context,
        dockerfile=dockerfile,
        arguments={
            **{f"{base.upper()}_IMAGE": image_name(base, settings.images) for base in BASES[key]},
            **build_arguments(settings),
        },
    )


def generation(key: str, *, ask: bool) -> str:
    """A value that changes when the built image with this key was removed by hand.

    The provider does not check that. Without `ask` the engine is not queried, and the value stays.
    Raises DockerEngineError.
    """
    is_lost = ask and docker_engine.image_problem(BUILT[key], from_registry=False) is not None
    return state_files.generation(f"{key}-image", is_lost=is_lost)
