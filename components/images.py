"""A stack's images: public ones are pulled, ours are built."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_docker as docker

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Build:
    """How one of our images is built."""

    name: str
    context: Path
    """Folder that is sent to the engine, without what its .dockerignore lists."""
    dockerfile: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    """As Docker names it; None for the architecture of this machine."""


class Images(pulumi.ComponentResource):
    """Every image of a stack. `ids` are by key; new content has a new id.

    A new value in `generations` builds an image again, even where its content is the same.
    """

    ids: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        stack: str,
        *,
        public: Mapping[str, str],
        built: Mapping[str, Build],
        generations: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("copilot:docker:Images", stack, None, opts)
        pulled = {
            key: docker.RemoteImage(
                key,
                name=name,
                keep_locally=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, name in sorted(public.items())
        }
        built_images = {
            key: self._build(key, build, generations[key]) for key, build in sorted(built.items())
        }
        # New content changes the id and the digest of an image, and not its name.
        self.ids = {
            **{key: image.image_id for key, image in pulled.items()},
            **{key: image.repo_digest for key, image in built_images.items()},
        }
        self.register_outputs({})

    def _build(self, key: str, build: Build, generation: str) -> docker.Image:
        return docker.Image(
            f"{key}-image",
            image_name=build.name,
            skip_push=True,
            build=docker.DockerBuildArgs(
                context=str(build.context),
                dockerfile=str(build.dockerfile),
                args=dict(sorted(build.arguments.items())),
                # Without it, the provider advises in each run to set it.
                platform=f"linux/{build.architecture or machine_architecture()}",
            ),
            opts=pulumi.ResourceOptions(
                # The provider does not check that a built image still exists.
                parent=self,
                replacement_trigger=generation,
            ),
        )


def machine_architecture() -> str:
    """The architecture of this machine, as Docker names it."""
    name = platform.machine().lower()
    return _ARCHITECTURES.get(name, name)
