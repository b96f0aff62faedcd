"""Builds images on a real engine, for the docker provider's stand-in."""

from pathlib import Path

from docker.errors import APIError, BuildError

import docker
from tests.engine.docker_image import Builder
from tests.engine.resource_types import RefusedError
from tests.engine.values import Properties


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
                rm=True,
            )
        except BuildError as error:
            said = "".join(str(entry.get("stream", "")) for entry in error.build_log)
            raise RefusedError(f"{error}: {said[-2000:]}") from error
        except APIError as error:
            raise RefusedError(f"cannot build {image}: {error.explanation}") from error
