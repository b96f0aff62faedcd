"""`docker.Image` of Pulumi's docker provider, without a registry.

As measured on the real provider (5.2.0), a refresh does not look for the image, an unchanged
context is not built again, and `destroy` leaves the image.
"""

import hashlib
import platform
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from docker.utils.build import PatternMatcher

import docker
from tests.fakes.pulumi.resource_types import Difference, Made, RefusedError, ResourceType
from tests.fakes.pulumi.values import Properties, is_known

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class Builder(ABC):
    """Makes an image of a build context."""

    @abstractmethod
    def build(self, image: str, context: Path, dockerfile: Path, options: Properties) -> None:
        """Build and tag; `options` are Pulumi's `build`. Raises RefusedError with the reason."""


class Image(ResourceType):
    """An image that is built here; only `skip_push` is supported."""

    computed = frozenset({"baseImageName", "registryServer", "repoDigest", "context", "dockerfile"})

    def __init__(self, engine: docker.APIClient, builder: Builder, project: Path) -> None:
        # The method used has no types.
        self._engine: Any = engine
        self._builder = builder
        self._project = project

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        del name, old_inputs
        if not is_known(inputs):
            return inputs
        if not inputs.get("skipPush"):
            raise RefusedError("the fake has no registry to push to: set skip_push")
        options = inputs.get("build", {})
        host = f"linux/{_MACHINES.get(platform.machine(), platform.machine())}"
        digest = {"contextDigest": context_digest(*build_paths(options, self._project))}
        return {**inputs, "build": {"platform": host, **options, **digest}}

    def difference(self, old: Made, inputs: Properties) -> Difference:
        found = super().difference(old, inputs)
        return Difference(found.changed, [])

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        return self._built(inputs)

    def read(self, old: Made) -> Made | None:
        return old

    def update(self, old: Made, inputs: Properties) -> Made:
        del old
        return self._built(inputs)

    def delete(self, old: Made) -> None:
        pass

    def _built(self, inputs: Properties) -> Made:
        image, options = inputs["imageName"], inputs["build"]
        self._builder.build(image, *build_paths(options, self._project), options)
        try:
            digest = self._engine.inspect_image(image)["Id"]
        except (APIError, ImageNotFound) as error:
            raise RefusedError(f"the build left no image {image}: {error}") from error
        built = {
            "baseImageName": image,
            "registryServer": "",
            "repoDigest": digest,
            "context": options["context"],
            "dockerfile": options.get("dockerfile", "Dockerfile"),
        }
        return Made(image, inputs, {**inputs, **built})


def build_paths(options: Properties, project: Path) -> tuple[Path, Path]:
    """The context and the Dockerfile of a build; a plugin runs in the project's folder."""
    context = project / options.get("context", ".")
    dockerfile = project / options.get("dockerfile", context / "Dockerfile")
    if not dockerfile.is_file():
        raise RefusedError(f"could not open dockerfile at relative path {dockerfile}")
    return context, dockerfile


def context_digest(context: Path, dockerfile: Path) -> str:
    """What tells whether a build context changed: names, modes and contents of its files."""
    digest = hashlib.sha256(dockerfile.read_bytes())
    for path in context_files(context):
        digest.update(f"{path.relative_to(context)} {path.lstat().st_mode}".encode())
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def context_files(context: Path) -> list[Path]:
    """The files that a build gets, without those that .dockerignore leaves out."""
    ignore = context / ".dockerignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    kept = PatternMatcher(patterns).walk(str(context))
    paths = (context / relative for relative in kept)
    return sorted(path for path in paths if path.is_symlink() or path.is_file())
