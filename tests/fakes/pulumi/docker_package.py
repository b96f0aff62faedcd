"""The package docker (5.2) for Pulumi, on any Docker engine: networks, volumes, pulled images.

As the real provider, it uses a volume that exists, pulls no image that is present, and finds out by
a refresh what was removed by hand. Containers and built images have modules of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

import docker
from tests.fakes.pulumi.docker_container import Container
from tests.fakes.pulumi.docker_image import Builder, Image
from tests.fakes.pulumi.provider import Configured, Package
from tests.fakes.pulumi.resource_types import Made, RefusedError, ResourceType
from tests.fakes.pulumi.values import Properties

API_VERSION = "1.41"
"""Of engine 20.10, the oldest that the project supports."""
# A job is waited for in one request.
_REQUEST_SECONDS = 300


@contextmanager
def connected(host: str) -> Iterator[docker.APIClient]:
    """The engine at `host`, which need not answer yet."""
    client = docker.APIClient(base_url=host, version=API_VERSION, timeout=_REQUEST_SECONDS)
    try:
        yield client
    finally:
        client.close()


def docker_package(
    engine: docker.APIClient, builder: Builder, project: Path, poll_seconds: float
) -> Configured:
    """The package by a provider's configuration.

    `project` is the folder of relative build contexts. `poll_seconds` are between two queries of a
    container's health (1 in the real provider).
    """

    def configured(config: Properties) -> Package:
        if "host" in config:
            raise RefusedError("the fake serves the engine of DOCKER_HOST only")
        return Package(
            {
                "docker:index/network:Network": Network(engine),
                "docker:index/volume:Volume": Volume(engine),
                "docker:index/remoteImage:RemoteImage": RemoteImage(engine),
                "docker:index/image:Image": Image(engine, builder, project),
                "docker:index/container:Container": Container(engine, poll_seconds),
            }
        )

    return configured


class Network(ResourceType):
    """Bridge networks."""

    computed = frozenset({"driver", "internal", "ipamConfigs", "options", "scope"})

    def __init__(self, engine: docker.APIClient) -> None:
        self._engine = engine

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        return {"name": old_inputs.get("name", f"{name}-0a1b2c3"), **inputs}

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        try:
            answer = self._engine.create_network(
                inputs["name"],
                driver=inputs.get("driver", "bridge"),
                options=inputs.get("options"),
                internal=inputs.get("internal", False),
                labels=_labels(inputs),
                check_duplicate=inputs.get("checkDuplicate"),
            )
        except APIError as error:
            raise RefusedError(f"Unable to create network: {error.explanation}") from error
        made = self.read(Made(answer["Id"], inputs, inputs))
        if made is None:
            raise RefusedError(f"network {inputs['name']} is gone right after its creation")
        return made

    def read(self, old: Made) -> Made | None:
        try:
            found = self._engine.inspect_network(old.identifier)
        except NotFound:
            return None
        read = {"name": found["Name"], "driver": found["Driver"], "internal": found["Internal"]}
        return Made(old.identifier, old.inputs, {**old.outputs, **read})

    def delete(self, old: Made) -> None:
        try:
            self._engine.remove_network(old.identifier)
        except APIError as error:
            raise RefusedError(f"unable to remove the network: {error.explanation}") from error


class Volume(ResourceType):
    """Named volumes."""

    computed = frozenset({"driver", "mountpoint"})

    def __init__(self, engine: docker.APIClient) -> None:
        self._engine = engine

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        return {"name": old_inputs.get("name", f"{name}-0a1b2c3"), **inputs}

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        try:
            self._engine.create_volume(
                inputs["name"],
                driver=inputs.get("driver"),
                driver_opts=inputs.get("driverOpts"),
                labels=_labels(inputs),
            )
        except APIError as error:
            raise RefusedError(f"Unable to create volume: {error.explanation}") from error
        made = self.read(Made(inputs["name"], inputs, inputs))
        if made is None:
            raise RefusedError(f"volume {inputs['name']} is gone right after its creation")
        return made

    def read(self, old: Made) -> Made | None:
        try:
            found = self._engine.inspect_volume(old.identifier)
        except NotFound:
            return None
        read = {"name": found["Name"], "driver": found["Driver"], "mountpoint": found["Mountpoint"]}
        return Made(old.identifier, old.inputs, {**old.outputs, **read})

    def delete(self, old: Made) -> None:
        try:
            self._engine.remove_volume(old.identifier)
        except APIError as error:
            raise RefusedError(f"unable to remove the volume: {error.explanation}") from error


class RemoteImage(ResourceType):
    """Images from a registry; one that is here already is not pulled again."""

    computed = frozenset({"imageId", "repoDigest"})

    def __init__(self, engine: docker.APIClient) -> None:
        self._engine = engine
        # Two of its methods have no types.
        self._untyped: Any = engine

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        image = inputs["name"]
        if self._found(image) is None:
            try:
                self._untyped.pull(image, platform=inputs.get("platform"))
            except APIError as error:
                raise RefusedError(
                    f"Unable to read Docker image into resource: unable to pull image {image}:"
                    f" {error.explanation}"
                ) from error
        made = self.read(Made(image, inputs, inputs))
        if made is None:
            raise RefusedError(f"unable to find or pull image {image}")
        return made

    def read(self, old: Made) -> Made | None:
        found = self._found(old.inputs["name"])
        if found is None:
            return None
        digests = found.get("RepoDigests") or [""]
        read = {"imageId": found["Id"], "repoDigest": digests[0]}
        return Made(old.identifier, old.inputs, {**old.outputs, **read})

    def delete(self, old: Made) -> None:
        if old.inputs.get("keepLocally"):
            return
        try:
            self._untyped.remove_image(old.inputs["name"], force=old.inputs.get("forceRemove"))
        except ImageNotFound:
            return
        except APIError as error:
            raise RefusedError(f"Unable to remove Docker image: {error.explanation}") from error

    def _found(self, image: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._untyped.inspect_image(image)
        except ImageNotFound:
            return None
        return found


def _labels(inputs: Properties) -> dict[str, str]:
    return {entry["label"]: entry["value"] for entry in inputs.get("labels", [])}
