"""The images that containers run: pinned public ones, and those that the stack builds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components import docker_engine
from components.images import Build
from stacks import kept
from stacks.templates import DOCKER, ROOT

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
"""The public images that each built one is made from; overridden like the others."""


def image_name(key: str, overrides: Mapping[str, str]) -> str:
    """Name of the image with this key."""
    return BUILT[key] if key in BUILT else overrides.get(key, PUBLIC[key])


def copilot_build(overrides: Mapping[str, str]) -> Build:
    """The Copilot's image, from this repository."""
    return _build("copilot", ROOT, DOCKER / "copilot" / "Dockerfile", overrides)


def temporal_build(source: Path, overrides: Mapping[str, str], architecture: str | None) -> Build:
    """The Temporal server on Aurora DSQL with its schema tool, from a checkout of the fork."""
    build = _build("temporal_dsql", source, DOCKER / "temporal" / "Dockerfile", overrides)
    return replace(build, architecture=architecture)


def _build(key: str, context: Path, dockerfile: Path, overrides: Mapping[str, str]) -> Build:
    return Build(
        name=BUILT[key],
        context=context,
        dockerfile=dockerfile,
        arguments={f"{base.upper()}_IMAGE": image_name(base, overrides) for base in BASES[key]},
    )


def generation(key: str, *, ask: bool) -> str:
    """A value that changes when the built image with this key was removed by hand.

    Its provider would never look; we `ask` the engine. Raises DockerEngineError.
    """
    is_lost = ask and docker_engine.missing_image(BUILT[key], from_registry=False) is not None
    return kept.generation(f"{key}-image", is_lost=is_lost)
