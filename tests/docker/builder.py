"""Builds images on a real engine, for the fake docker provider."""

from pathlib import Path

from docker.errors import APIError, BuildError

import docker
from tests.docker.images import COPILOT_PACKAGES
from tests.fakes.pulumi.docker_image import Builder
from tests.fakes.pulumi.resource_types import RefusedError
from tests.fakes.pulumi.values import Properties


class EngineBuilder(Builder):
    """The engine's classic builder, which needs no plug-in of the command line."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def build(self, image: str, context: Path, dockerfile: Path, options: Properties) -> None:
        try:
            self._client.images.build(
                path=str(context),
                dockerfile=str(dockerfile),
                tag=image,
                buildargs=options.get("args", {}),
                target=options.get("target"),
                # Images that were loaded are no cache otherwise.
                cache_from=[COPILOT_PACKAGES, image],
                rm=True,
            )
        except BuildError as error:
            log = "".join(str(entry.get("stream", "")) for entry in error.build_log)
            raise RefusedError(f"{error}: {log[-2000:]}") from error
        except APIError as error:
            raise RefusedError(f"cannot build {image}: {error.explanation}") from error
