"""Images: the public ones are pulled, ours are built in the stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_docker as docker


@dataclass(frozen=True)
class Build:
    """How one of our images is built."""

    name: str
    context: Path
    """Folder that is sent to the engine; its .dockerignore says what not."""
    dockerfile: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    """As Docker names it, or None for this machine's own."""


class Images(pulumi.ComponentResource):
    """Every image of a stack. `ids` are by key; a new content is a new id.

    Another value in `generations` builds an image again, though nothing in it changed.
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
        made = {
            key: self._build(key, build, generations[key]) for key, build in sorted(built.items())
        }
        # An image's name stays the same when its content changes; its id and digest do not.
        self.ids = {
            **{key: image.image_id for key, image in pulled.items()},
            **{key: image.repo_digest for key, image in made.items()},
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
                platform=f"linux/{build.architecture}" if build.architecture else None,
            ),
            opts=pulumi.ResourceOptions(
                # The provider never looks whether a built image is still there.
                parent=self,
                replacement_trigger=generation,
            ),
        )
